"""Finds media servers as VLC does, by UPnP, and plays a film of one.

watch.py SERVER_NAME FILM_TITLE FOLDER[/FOLDER…]: prints a JSON object with the servers, the titles of all
that lies below that folder, and what was decoded of the film, if it is there.
"""
import json
import os
import sys
import time

import vlc


def until(limit, probe):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.1)
    return None


def items(media_list):
    media_list.lock()
    try:
        return [media_list.item_at_index(at) for at in range(media_list.count())]
    finally:
        media_list.unlock()


def inside(media, limit=20):
    """What a folder holds, once VLC has read it."""
    media.parse_with_options(vlc.MediaParseFlag.network, int(limit * 1000))
    until(limit, lambda: media.get_parsed_status() == vlc.MediaParsedStatus.done)
    return items(media.subitems())


def title(media):
    return media.get_meta(vlc.Meta.Title)


def films(folder, depth=4):
    """Everything below a folder that is none itself."""
    for one in inside(folder):
        if one.get_type() == vlc.MediaType.directory and depth:
            yield from films(one, depth - 1)
        else:
            yield one


name, wanted, way = sys.argv[1:]
instance = vlc.Instance("--no-video-title-show", "--vout=dummy", "--aout=dummy", "--verbose=-1")
discoverer = instance.media_discoverer_new("upnp")
discoverer.start()
servers = discoverer.media_list()
server = until(30, lambda: next((one for one in items(servers) if title(one) == name), None))
told = {"servers": [title(one) for one in items(servers)], "titles": [], "decoded": 0}
film = None
folders = inside(server) if server else []
told["folders"] = [title(one) for one in folders]
rows, way = folders, way.split("/")
for step in way:
    folder = next((one for one in rows if title(one) == step), None)
    last = step == way[-1]
    rows = [] if folder is None else list(films(folder)) if last else inside(folder)
for one in rows:
    told["titles"].append(title(one))
    if title(one) == wanted:
        film = one
if film:
    told["mrl"] = film.get_mrl()
    player = instance.media_player_new()
    player.set_media(film)
    player.play()

    def played():
        stats = vlc.MediaStats()
        film.get_stats(stats)
        told["decoded"] = stats.decoded_video
        return stats.decoded_video >= 25 and player.get_time() >= 500

    until(60, played)
    told["time"] = player.get_time()
    player.set_position(0.6)
    length = player.get_length()
    until(30, lambda: player.get_time() >= length * 0.6 + 200)
    told["sought"] = player.get_time() / length if length > 0 else 0
print(json.dumps(told), flush=True)
# VLC 3 now and then crashes while its discoverer of UPnP is taken down; what counts has been said.
os._exit(0)
