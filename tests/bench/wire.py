"""The nine indexes as they write: a list of torrents in, the body of an answer out. Each function
is called with what it lists, and gives (media type, text)."""
import base64
import html
import json
import random

from corpus import TRACKERS

JSON = "application/json"
PERSON, DISK, GEAR, PAGE, DATE = "\U0001F464", "\U0001F4BE", "\u2699\uFE0F", "\U0001F4C4", "\U0001F4C5"
GLASS, GLOBE, CAMERA, SPEAKER, STAR, LABEL = "\U0001F50E", "\U0001F310", "\U0001F4F9", "\U0001F50A", "\u2B50", "\U0001F3F7\uFE0F"


def compact(answer):
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def said(size):
    """As the add-ons of Stremio write a size: by 1024, two digits."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:.2f}".rstrip("0").rstrip(".") + f" {unit}"
        size /= 1024


def sources(one, *more):
    # How many trackers a torrent has differs, but not from run to run.
    count = random.Random(one.info_hash).randint(1, len(TRACKERS))
    return [f"tracker:{url}" for url in TRACKERS[:count]] + [f"{word}:{one.info_hash}" for word in more]


def marks(one):
    return f"{PERSON} {one.seeders} {DISK} {said(one.picked[1])}"


def base_name(path):
    return path.rsplit("/", 1)[-1]


def stremthru(show, torrents, **_):
    items = []
    for place, one in enumerate(torrents):
        # The crowd has looked into every other torrent.
        files = one.files if place % 2 else []
        items.append({
            "hash": one.info_hash, "name": one.name, "size": one.size if place % 17 else -1, "indexer": one.site if place % 3 else "",
            "src": "dht" if place % 3 else "rd", "category": "series", "seeders": one.seeders, "leechers": one.seeders // 9,
            "private": False, "files": [
                {"p": f"/{path}", "i": at, "s": size, "n": base_name(path), "sid": f"{show.imdb}:{one.season}:{number}", "src": "rd"}
                for at, (path, size, number) in enumerate(files)]})
    return JSON, compact({"data": {"items": items, "total_items": len(items)}})


def torrentio(show, torrents, **_):
    streams = []
    for one in torrents:
        lines = [one.name.replace(",", " "), f"{marks(one)} {GEAR} {one.site}"]
        if one.episode is None:
            lines.insert(1, one.picked[0])
        binge = one.info_hash if one.episode is None else f"{one.resolution}|WEB-DL|{one.group}"
        streams.append({
            "name": f"Torrentio\n{one.resolution or 'Other'}", "title": "\n".join(lines), "infoHash": one.info_hash,
            "fileIdx": one.files.index(one.picked),
            "behaviorHints": {"bingeGroup": f"torrentio|{binge}", "filename": base_name(one.picked[0])},
            "sources": sources(one, "dht")})
    return JSON, compact({"streams": streams, "cacheMaxAge": 3600, "staleRevalidate": 14400, "staleError": 604800})


def comet(show, torrents, **_):
    streams = []
    for one in torrents:
        text = [f"{PAGE} {one.name}", f"{CAMERA} hevc \u2022 10bit | {SPEAKER} AAC \u2022 2.0", f"{STAR} WEB-DL | {LABEL} {one.group}",
                f"{PERSON} {one.seeders} {DISK} {said(one.size)} {GLASS} Comet|{one.site}"]
        streams.append({
            "name": f"[TORRENT\U0001F9F2] Comet {one.resolution or 'Unknown'}", "description": "\n".join(text), "infoHash": one.info_hash,
            "behaviorHints": {"bingeGroup": f"comet|torrent|{one.info_hash}", "filename": one.name, "videoSize": one.size},
            "fileIdx": one.files.index(one.picked), "sources": sources(one)})
    return JSON, compact({"streams": streams})


def zilean(show, torrents, **_):
    records = []
    for one in torrents:
        title = show.name.lower()
        records.append({
            "raw_title": one.name, "parsed_title": show.name, "normalized_title": title, "cleaned_parsed_title": title, "trash": False, "year": 0,
            "resolution": one.resolution, "seasons": [one.season], "episodes": [] if one.episode is None else [one.episode],
            "complete": one.episode is None, "volumes": [], "languages": ["en"], "quality": "WEB-DL", "hdr": [], "codec": "avc", "audio": ["AAC"],
            "channels": [], "dubbed": False, "subbed": False, "date": None, "group": one.group, "edition": None, "bit_depth": None,
            "bitrate": None, "network": None, "extended": False, "converted": False, "hardcoded": False, "region": None, "ppv": False, "_3d": False,
            "site": None, "size": str(one.size), "proper": False, "repack": False, "retail": False, "upscaled": False, "remastered": False,
            "unrated": False, "documentary": False, "episode_code": None, "country": None, "container": None, "extension": None, "torrent": False,
            "category": "tvSeries", "imdb_id": show.imdb,
            "imdb": {"imdbId": show.imdb, "category": "tvSeries", "title": show.name, "adult": False, "year": show.year},
            "info_hash": one.info_hash, "adult": False, "ingested_at": "2025-04-01T10:00:00Z"})
    return JSON, compact(records)


def animetosho(show, torrents, target="", **_):
    releases = []
    for place, one in enumerate(torrents):
        btih = base64.b32encode(bytes.fromhex(one.info_hash)).decode()
        releases.append({
            "id": 700000 + place, "title": one.name, "magnet": f"magnet:?xt=urn:btih:{btih}&tr=http%3A%2F%2Fnyaa.tracker.wf%3A7777%2Fannounce",
            "torrent_url": f"https://animetosho.xyz/download/{700000 + place}/torrent", "info_hash": one.info_hash, "seeders": one.seeders,
            "leechers": one.seeders // 9, "size_bytes": one.size, "file_count": len(one.files), "release_group": one.group,
            "resolution": one.resolution, "is_batch": one.episode is None, "date_added": "2026-11-20T12:30:00Z",
            "series": {"title": show.name, "key": show.name.lower().replace(" ", "-"), "episode_number": one.episode, "tvdb_season": one.season,
                       "anidb_aid": show.anidb},
            "urls": {"view": f"https://animetosho.xyz/view/{700000 + place}"}})
    data = releases
    if "/series/anidb/" in target:
        data = {"title": show.name, "year": show.year, "episode_count": show.episodes, "picurl": None, "releases": releases}
    return JSON, compact({"ok": True, "data": data})


def torrentsdb(show, torrents, **_):
    streams = []
    for one in torrents:
        number = f"{DATE} S{one.season:02}E{one.episode:02} " if one.episode else ""
        lines = [one.name, f"{number}{marks(one)} {GEAR} {one.site}"]
        if one.episode is None:
            lines.insert(1, base_name(one.picked[0]))
        streams.append({"name": f"TorrentsDB\n{one.resolution}", "title": "\n".join(lines), "infoHash": one.info_hash,
                        "fileIdx": one.files.index(one.picked), "sources": sources(one)})
    return JSON, compact({"streams": streams})


def peerflix(show, torrents, **_):
    streams = []
    for one in torrents:
        lines = [f"{show.name} ({show.year}) [{one.resolution}]", base_name(one.picked[0]), f"{marks(one)} {GLOBE} {one.site}"]
        if one.episode is not None:
            lines[:2] = [one.name]
        streams.append({"name": f"Peerflix \U0001F1EC\U0001F1E7 {one.resolution}", "description": "\n".join(lines), "infoHash": one.info_hash,
                        "fileIdx": one.files.index(one.picked), "sources": sources(one, "dht"), "sizebytes": one.picked[1], "seed": one.seeders,
                        "language": "en"})
    return JSON, compact({"streams": streams})


def mediafusion(show, torrents, target="", **_):
    if "/kodi/" in target:
        streams = [{"stream": {"name": "MediaFusion", "infoHash": one.info_hash},
                    "metadata": {"info_hash": one.info_hash, "name": one.name, "source": one.site, "quality": "WEB-DL",
                                 "resolution": one.resolution, "codec": "hevc", "size": one.size, "seeders": one.seeders, "cached": False}}
                   for one in torrents]
        return JSON, compact({"streams": streams, "page": 1, "page_size": 100, "total": len(streams), "has_more": False})
    # As the template asks for it that credenza sends with the question.
    streams = []
    for one in torrents:
        lines = [f"name={one.name}", f"filename={base_name(one.picked[0])}", f"size={one.picked[1]}", f"folderSize={one.size}",
                 f"seeders={one.seeders}", f"source={one.site}"]
        streams.append({"name": "MediaFusion", "description": "\n".join(lines), "infoHash": one.info_hash, "fileIdx": one.files.index(one.picked),
                        "sources": sources(one, "dht"), "behaviorHints": {"bingeGroup": "MediaFusion", "videoSize": one.picked[1], "notWebReady": True,
                                                                         "filename": base_name(one.picked[0])}})
    return JSON, compact({"streams": streams})


def nyaa(show, torrents, **_):
    items = []
    for place, one in enumerate(torrents):
        size, name, number = said(one.size).replace("GB", "GiB").replace("MB", "MiB"), html.escape(one.name), 2000000 + place
        items.append(f"""
		<item>
			<title>{name}</title>
				<link>https://nyaa.si/download/{number}.torrent</link>
				<guid isPermaLink="true">https://nyaa.si/view/{number}</guid>
				<pubDate>Fri, 20 Nov 2026 12:30:00 -0000</pubDate>
				<nyaa:seeders>{one.seeders}</nyaa:seeders>
				<nyaa:leechers>{one.seeders // 9}</nyaa:leechers>
				<nyaa:downloads>{one.seeders * 31}</nyaa:downloads>
				<nyaa:infoHash>{one.info_hash}</nyaa:infoHash>
			<nyaa:categoryId>1_2</nyaa:categoryId>
			<nyaa:category>Anime - English-translated</nyaa:category>
			<nyaa:size>{size}</nyaa:size>
			<nyaa:comments>2</nyaa:comments>
			<nyaa:trusted>Yes</nyaa:trusted>
			<nyaa:remake>No</nyaa:remake>
			<description><![CDATA[<a href="https://nyaa.si/view/{number}">#{number} | {name}</a> | {size} | Anime - English-translated | {one.info_hash}]]></description>
		</item>""")
    return "application/rss+xml", f"""<rss xmlns:atom="http://www.w3.org/2005/Atom" xmlns:nyaa="https://nyaa.si/xmlns/nyaa" version="2.0">
	<channel>
		<title>Nyaa - {show.name} - Torrent File RSS</title>
		<description>RSS Feed for {show.name}</description>
		<link>https://nyaa.si/</link>
		<atom:link href="https://nyaa.si/?page=rss" rel="self" type="application/rss+xml" />{''.join(items)}
	</channel>
</rss>
"""


# How each writes, and at most how many torrents it lists: what its service is known to give, and
# StremThru, which knows no limit, the rest.
INDEXES = {"stremthru": (stremthru, None), "torrentio": (torrentio, 500), "comet": (comet, 1100), "zilean": (zilean, 200),
           "animetosho": (animetosho, 100), "torrentsdb": (torrentsdb, 400), "peerflix": (peerflix, 150), "mediafusion": (mediafusion, 100),
           "nyaa": (nyaa, 75)}


def spread(torrents, seed):
    """Which index lists which: every torrent is somewhere, many are in several places."""
    dice = random.Random(f"{seed} spread")
    lists, covered = {}, set()
    for index, (_, most) in INDEXES.items():
        if most is None:
            continue
        fits = [one for one in torrents if one.is_fansub] if index in ("animetosho", "nyaa") else torrents
        lists[index] = dice.sample(fits, min(most, len(fits)))
        covered.update(one.info_hash for one in lists[index])
    lists["nyaa"].sort(key=lambda one: -one.seeders)
    lists["stremthru"] = [one for one in torrents if one.info_hash not in covered or dice.random() < 0.35]
    return lists
