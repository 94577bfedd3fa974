"""Reads a torrent with libtorrent as an application of its own would: a read head, and a deadline for
every piece before it. Started by others.py.

    deadlines.py FOLDER      says "listening PORT", and ends with standard input

A connection sends one line of JSON: {"magnet": ...} is answered by a line once the description is
here; {"from": byte} by the bytes of the first file from there on, until one of the two hangs up."""
import json
import os
import select
import socket
import sys
import threading

import libtorrent as lt

# What is asked for ahead of the read head, in bytes, and how much later each next piece is due. With
# a window of 32 MiB, or without the order of the file besides, libtorrent was two to ten times slower
# to the first byte or to 10 MiB.
WINDOW, STEP_MS = 8 << 20, 50
# How long one waits for news before one looks whether the listener has left.
NEWS_MS = 20


class Reader:
    """One session; a torrent after the other, one read at a time."""

    def __init__(self, folder):
        self.folder, self.handle = folder, None
        categories = lt.alert.category_t
        self.session = lt.session({
            "listen_interfaces": "127.0.0.1:0",
            "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
            "enable_incoming_utp": False, "enable_outgoing_utp": False,
            "allow_multiple_connections_per_ip": True,
            "in_enc_policy": int(lt.enc_policy.disabled), "out_enc_policy": int(lt.enc_policy.disabled),
            "alert_mask": categories.status_notification | categories.piece_progress_notification | categories.storage_notification,
        })

    def open(self, magnet):
        params = lt.parse_magnet_uri(magnet)
        params.save_path = self.folder
        params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        params.flags |= lt.torrent_flags.sequential_download
        params.flags |= lt.torrent_flags.disable_dht | lt.torrent_flags.disable_lsd | lt.torrent_flags.disable_pex
        self.handle = self.session.add_torrent(params)
        while not self.handle.status().has_metadata:
            self.news()
        checking = (lt.torrent_status.checking_files, lt.torrent_status.checking_resume_data)
        while self.handle.status().state in checking:
            self.news()

    def news(self):
        self.session.wait_for_alert(NEWS_MS)
        return self.session.pop_alerts()

    def bytes(self, start, has_left):
        """The bytes from `start` on, piece by piece, for as long as somebody listens."""
        described = self.handle.torrent_file()
        length, size, count = described.piece_length(), described.total_size(), described.num_pieces()
        asked = set()
        self.handle.clear_piece_deadlines()
        for piece in range(start // length, count):
            window = range(piece, min(count, piece + WINDOW // length + 1))
            for behind, number in enumerate(window):
                if number not in asked and not self.handle.have_piece(number):
                    self.handle.set_piece_deadline(number, STEP_MS * behind)
                asked.add(number)
            content = self.content(piece, has_left)
            if content is None:
                break
            yield content[max(0, start - piece * length):size - piece * length]
        self.handle.clear_piece_deadlines()

    def content(self, piece, has_left):
        while not self.handle.have_piece(piece):
            if has_left():
                return None
            self.news()
        self.handle.read_piece(piece)
        while not has_left():
            for one in self.news():
                if isinstance(one, lt.read_piece_alert) and one.piece == piece:
                    return one.buffer
        return None


def left(connection):
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable) and not connection.recv(1, socket.MSG_PEEK)


def main(folder):
    reader = Reader(folder)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        print(f"listening {listener.getsockname()[1]}", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                asked = json.loads(connection.makefile().readline())
                if "magnet" in asked:
                    reader.open(asked["magnet"])
                    connection.sendall(b"{}\n")
                    continue
                try:
                    for content in reader.bytes(asked["from"], lambda: left(connection)):
                        connection.sendall(content)
                except OSError:
                    # The listener has left in the middle of a piece.
                    reader.handle.clear_piece_deadlines()


def with_standard_input():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=with_standard_input, daemon=True).start()
    main(sys.argv[1])
