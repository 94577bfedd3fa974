#!/usr/bin/env python3
"""Makes the table of anime ids that is built into the program (table.bin).

    python3 make.py table.bin --made 2026-05-15 FILE...

Each FILE is JSON in one of three shapes, told apart by what is in it:

  * bangumi-data (dist/data.json of the npm package of that name): AniDB, MyAnimeList, TMDB;
  * an anime list as title.anime_map_url serves it: anidb_id, kitsu_id, mal_id, imdb_id,
    themoviedb_id, season, episode_offset;
  * a Kitsu to IMDb mapping: kitsu_id, imdb_id, fromSeason, fromEpisode, nonImdbEpisodes.

Only identifiers and the places of first episodes are taken: no title, no text. The same input makes
the same bytes. The layout is described in table.rs, whose test writes this file again and compares.
"""

import argparse
import datetime
import json
import re
import struct

MAGIC = b"CZAM\x01\0\0\0"
MOST_ROWS = 65_535
FILM, TMDB_FILM, ALSO = 1, 2, 4
NOWHERE = (255, 0)


def number(value, most=0xFFFFFF):
    """A whole number from 1, as number or text."""
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most else 0


def imdb_ids(value):
    texts = value if isinstance(value, list) else str(value or "").split(",")
    found = [re.fullmatch(r"tt(\d{7,10})", str(text).strip()) for text in texts]
    return [int(one[1]) for one in found if one and 0 < int(one[1]) <= 0xFFFFFFFF]


def tmdb_ids(value, film):
    """[(is a film, id)] of `12`, "12", {"tv": 12}, {"movie": [12]}."""
    if isinstance(value, dict):
        pairs = [(kind == "movie", ids) for kind, ids in sorted(value.items())]
    else:
        pairs = [(film, value)]
    found = []
    for is_film, ids in pairs:
        found += [(is_film, number(one)) for one in (ids if isinstance(ids, list) else [ids])]
    return [pair for pair in found if pair[1]]


def place(season, episode):
    """(season, first episode), or nowhere."""
    sound = isinstance(season, int) and 0 <= season < 255 and isinstance(episode, int) and 0 < episode < 65_536
    return (season, episode) if sound else NOWHERE


def of_list(item):
    film = str(item.get("type", "")).upper() == "MOVIE"
    season, offset = item.get("season") or {}, item.get("episode_offset") or {}
    first = lambda base: place(season.get(base), (offset.get(base) or 0) + 1)
    return rows(
        [number(item.get(key)) for key in ("anidb_id", "kitsu_id", "mal_id")],
        imdb_ids(item.get("imdb_id")),
        tmdb_ids(item.get("themoviedb_id"), film),
        film,
        first("tvdb"),
        first("tmdb"),
    )


def of_bangumi(item):
    sites = {site["site"]: site.get("id") for site in item["sites"]}
    told = re.fullmatch(r"(tv|movie)/(\d+)(?:-[^/]*)?(?:/season/(\d+))?(?:/episode/(\d+))?", sites.get("tmdb") or "")
    tmdb, first = [], NOWHERE
    if told:
        tmdb = [(told[1] == "movie", number(told[2]))]
        if told[1] == "tv":
            first = place(int(told[3] or 1), int(told[4] or 1))
    film = bool(told) and told[1] == "movie"
    return rows([number(sites.get("anidb")), 0, number(sites.get("mal"))], [], tmdb, film, NOWHERE, first)


def rows(ids, imdb, tmdb, film, imdb_first, tmdb_first):
    """One row, and one more for each further id of the same kind."""
    made = []
    for at in range(max(1, len(imdb), len(tmdb))):
        is_film, tmdb_id = tmdb[at] if at < len(tmdb) else (False, 0)
        imdb_id = imdb[at] if at < len(imdb) else 0
        row = {
            "ids": ids,
            "imdb": imdb_id,
            "tmdb": tmdb_id,
            "flags": FILM * film | TMDB_FILM * (is_film and tmdb_id > 0) | ALSO * (at > 0),
            "imdb_first": imdb_first if imdb_id and not film else NOWHERE,
            "tmdb_first": tmdb_first if tmdb_id and not is_film else NOWHERE,
        }
        made.append(row)
    return made


def read(paths):
    """All rows, and what the Kitsu mapping says: {kitsu: (imdb, first, skipped)}."""
    found, places = [], {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        if isinstance(data, dict):
            for item in data["items"]:
                found += of_bangumi(item)
            continue
        for item in data:
            if "anidb_id" in item or "mal_id" in item or "themoviedb_id" in item:
                found += of_list(item)
            elif number(item.get("kitsu_id")) and imdb_ids(item.get("imdb_id")):
                first = place(item.get("fromSeason", 1), item.get("fromEpisode", 1))
                skipped = [number(one, 65_535) for one in item.get("nonImdbEpisodes", [])]
                told = (imdb_ids(item["imdb_id"])[0], first, [one for one in skipped if one])
                places.setdefault(number(item["kitsu_id"]), told)
    return found, places


def joined(found, places):
    """Puts the mapping's places into the rows; rows of less than two ids say nothing."""
    missing = dict(places)
    for row in found:
        kitsu = row["ids"][1]
        if kitsu in places and not row["flags"] & ALSO:
            missing.pop(kitsu, None)
            row["imdb"], row["imdb_first"], _ = places[kitsu]
            if row["flags"] & FILM:
                row["imdb_first"] = NOWHERE
    for kitsu, (imdb, first, _) in missing.items():
        found.append({"ids": [0, kitsu, 0], "imdb": imdb, "tmdb": 0, "flags": 0, "imdb_first": first, "tmdb_first": NOWHERE})
    return [row for row in found if sum(1 for one in [*row["ids"], row["imdb"], row["tmdb"]] if one) >= 2]


def key_of(row):
    last = [one or 0xFFFFFFFF for one in row["ids"]]
    return (*last, row["flags"] & ALSO, row["imdb"], row["tmdb"], row["flags"], row["tmdb_first"], row["imdb_first"])


def u24(value):
    return struct.pack("<I", value)[:3]


def packed(row):
    ids = b"".join(u24(one) for one in row["ids"])
    firsts = b"".join(struct.pack("<BH", *row[name]) for name in ("imdb_first", "tmdb_first"))
    return ids + struct.pack("<I", row["imdb"]) + u24(row["tmdb"]) + bytes([row["flags"]]) + firsts


def checksum(data):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def table(found, places, made):
    unique = {packed(row): row for row in found}
    ordered = sorted(unique.values(), key=key_of)
    if len(ordered) > MOST_ROWS:
        raise SystemExit(f"{len(ordered)} rows are more than the table's 16-bit positions reach")
    keys = [lambda row, at=at: row["ids"][at] for at in range(3)]
    keys += [lambda row: row["imdb"], lambda row: row["tmdb"] and (row["flags"] & TMDB_FILM, row["tmdb"])]
    indexes = []
    for key in keys:
        here = [at for at, row in enumerate(ordered) if key(row)]
        indexes.append(sorted(here, key=lambda at: (key(ordered[at]), at)))
    skips = sorted({(kitsu, one) for kitsu, (_, _, skipped) in places.items() for one in skipped})
    body = b"".join(packed(row) for row in ordered)
    body += b"".join(struct.pack(f"<{len(index)}H", *index) for index in indexes)
    body += b"".join(u24(kitsu) + struct.pack("<H", one) for kitsu, one in skips)
    counts = struct.pack("<7I", len(ordered), *[len(index) for index in indexes], len(skips))
    days = (made - datetime.date(1970, 1, 1)).days
    return MAGIC + struct.pack("<I", days) + counts + struct.pack("<Q", checksum(body)) + body


def main():
    arguments = argparse.ArgumentParser(description="Makes the table of anime ids.")
    arguments.add_argument("out")
    arguments.add_argument("--made", type=datetime.date.fromisoformat, required=True, help="the date of the data")
    arguments.add_argument("files", nargs="+")
    asked = arguments.parse_args()
    found, places = read(asked.files)
    data = table(joined(found, places), places, asked.made)
    with open(asked.out, "wb") as file:
        file.write(data)
    count = struct.unpack_from("<I", data, 12)[0]
    print(f"{asked.out}: {count} rows, {len(data)} bytes")


if __name__ == "__main__":
    main()
