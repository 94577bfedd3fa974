"""Downloads one torrent with libtorrent from one peer, and ends when it is whole.

    leech.py TORRENT FOLDER IP:PORT
"""
import sys
import time

import libtorrent as lt

torrent, folder, peer = sys.argv[1:4]
session = lt.session({
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "enable_incoming_utp": False, "enable_outgoing_utp": False,
    "out_enc_policy": lt.enc_policy.pe_disabled,
})
params = lt.add_torrent_params()
params.ti = lt.torrent_info(torrent)
params.save_path = folder
params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
handle = session.add_torrent(params)
host, port = peer.rsplit(":", 1)
handle.connect_peer((host, int(port)))
end = time.monotonic() + 60
while not handle.status().is_seeding and time.monotonic() < end:
    time.sleep(0.02)
print("whole" if handle.status().is_seeding else handle.status().progress)
