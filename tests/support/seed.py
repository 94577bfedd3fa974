"""Seeds one torrent with libtorrent on one address, until standard input ends.

    seed.py TORRENT FOLDER IP:PORT BYTES_PER_SECOND
"""
import sys
import time

import libtorrent as lt

torrent, folder, address, rate = sys.argv[1:5]
session = lt.session({
    "listen_interfaces": address,
    "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "enable_incoming_utp": False, "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
})
params = lt.add_torrent_params()
params.ti = lt.torrent_info(torrent)
params.save_path = folder
# The test wrote the bytes itself; nothing to hash.
params.flags |= lt.torrent_flags.seed_mode
# Started at once: until its manager starts a torrent, the session hangs up on every peer.
params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
handle = session.add_torrent(params)
# The torrent's limit: libtorrent exempts loopback from the session's.
if int(rate) > 0:
    handle.set_upload_limit(int(rate))
# Of a torrent without content (a hostile one) only the description is given away.
checking = (lt.torrent_status.checking_files, lt.torrent_status.checking_resume_data)
while handle.status().state in checking or not session.is_listening():
    time.sleep(0.02)
print("seeding", flush=True)
sys.stdin.read()
