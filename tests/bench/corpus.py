"""Torrents that nobody ever made: names put together by the grammars in which people name releases,
with sizes, seeders and files. The same seed gives the same torrents on every machine."""
import dataclasses
import hashlib
import random
import zlib

GIB = 1 << 30

# How many are of the episode that is asked for; an index by id gives what it asks for, and packs.
ASKED = 0.5
# What a torrent is; how many of a hundred are.
SHARES = {"fansub episode": 30, "fansub batch": 14, "episode": 26, "season pack": 16, "film": 8, "stray": 6}

SUBBERS = ["TinKettle", "Moth-Raws", "GreyHeron", "PaperCrane", "Nightferry", "OkaySubs", "Quill", "BlueTarp", "Rookery",
           "HalfMoon", "Sunday-Fansubs", "Tanuki", "Umber", "Velvet", "SlowTrain", "KitchenSubs", "Lowtide", "Emberfox"]
GROUPS = ["KETTLE", "NORTHLiGHT", "DRiFT", "HERONS", "mAPLE", "OSTLER", "QUARTZ", "RiVET", "SATCHEL", "TALLOW", "UMBRA", "VENN", "WHARF",
          "XYLEM", "YARROW", "ZEPHYR", "BRiNE", "COBALT", "DUSK", "ELMTREE", "FLiNT", "GANTRY", "HUSK", "iNLET", "JETTY", "KELP"]
SITES = ["1337x", "TorrentGalaxy", "ThePirateBay", "EZTV", "NyaaSi", "TokyoTosho", "Rutor", "Rutracker", "YTS", "AniDex", "KickassTorrents"]
WORDS = ["Ash", "Harbour", "Winter", "Glass", "Ninth", "Lantern", "Salt", "Ember", "Hollow", "Signal", "Tide", "Copper", "Garden", "Silent", "Meadow",
         "Northern", "Comet", "Thread", "Marble", "Fallow", "Quiet", "Ferry", "Orchard", "Second", "Velvet", "Station", "Atlas", "River", "Kite", "Morrow"]
NETWORKS = ["AMZN", "NF", "CR", "HMAX", "DSNP", "HULU", "ATVP", "iP", "BILI", "HIDIVE"]
LANGUAGES = ["MULTi", "iTA.ENG", "GERMAN.DL", "FRENCH", "SPANISH", "Dual.Audio", "RUS", "VOSTFR", "Hindi.English", "NORDiC", "PL", "KOR"]
TRACKERS = ["udp://tracker.opentrackr.org:1337/announce", "udp://open.stealth.si:80/announce", "udp://tracker.torrent.eu.org:451/announce",
            "udp://exodus.desync.com:6969/announce", "http://nyaa.tracker.wf:7777/announce", "udp://explodie.org:6969/announce"]

RESOLUTIONS = {"2160p": 22, "1080p": 48, "720p": 20, "480p": 7, "": 3}
# GiB of an episode.
WEIGHTS = {"2160p": 4.6, "1080p": 1.6, "720p": 0.7, "480p": 0.3, "": 0.6}


@dataclasses.dataclass(frozen=True)
class Show:
    """What is searched for. Releases are named by `name`, or by what it is called elsewhere."""

    name: str
    also: str
    year: int
    imdb: str
    kitsu: int
    anidb: int
    # Of the grammar: more than three would have no ordinal.
    seasons: int = 3
    episodes: int = 24


@dataclasses.dataclass
class Torrent:
    kind: str
    name: str
    info_hash: str
    size: int
    seeders: int
    resolution: str
    group: str
    site: str
    languages: str
    season: int
    # Of a pack none.
    episode: int | None
    files: list = dataclasses.field(default_factory=list)

    @property
    def picked(self):
        """The file that an add-on would show."""
        return self.files[min(1, len(self.files) - 1)] if self.episode is None else self.files[0]

    @property
    def is_fansub(self):
        return self.kind.startswith("fansub")


def torrents(show, count, seed):
    """As many as asked for, no two of one name."""
    dice = random.Random(f"{seed} {show.name}")
    made, names = [], set()
    kinds, shares = list(SHARES), list(SHARES.values())
    while len(made) < count:
        kind = dice.choices(kinds, shares)[0]
        torrent = one(show, kind, dice)
        if torrent.name not in names:
            names.add(torrent.name)
            made.append(torrent)
    return made


def digest(made):
    """By which two runs can be told to have had the same."""
    return hashlib.sha256("\n".join(one.info_hash + one.name for one in made).encode()).hexdigest()[:12]


def one(show, kind, dice):
    resolution = dice.choices(list(RESOLUTIONS), list(RESOLUTIONS.values()))[0]
    season, episode = dice.randint(1, show.seasons), dice.randint(1, show.episodes)
    if dice.random() < ASKED:
        season, episode = 1, 2
    group = dice.choice(SUBBERS if kind.startswith("fansub") else GROUPS)
    facts = dict(show=show, dice=dice, resolution=resolution, season=season, episode=episode, group=group)
    name, last = {"fansub episode": fansub_episode, "fansub batch": fansub_batch, "episode": scene_episode,
                  "season pack": season_pack, "film": film, "stray": stray}[kind](**facts)
    is_pack = kind in ("fansub batch", "season pack")
    number = None if is_pack else episode
    each = int(WEIGHTS[resolution] * GIB * dice.uniform(0.4, 1.9))
    count = last if is_pack else 1
    torrent = Torrent(kind, name, dice.randbytes(20).hex(), each * count, int(dice.paretovariate(0.7)) - 1, resolution,
                      group, dice.choice(SITES), dice.choice(LANGUAGES), season, number)
    base = name.removesuffix(".mkv")
    if is_pack:
        folder = f"{base}/"
        torrent.files = [(f"{folder}{file_name(show, kind, season, at, resolution, group)}", each, at) for at in range(1, count + 1)]
    else:
        torrent.files = [(f"{base}.mkv", each, number)]
    return torrent


def file_name(show, kind, season, episode, resolution, group):
    if kind == "fansub batch":
        return f"[{group}] {show.name} - {episode:02} ({resolution or 'BD'}).mkv"
    return f"{dotted(show.name)}.S{season:02}E{episode:02}.{resolution or 'DVDRip'}-{group}.mkv"


def dotted(text):
    return text.replace(" ", ".")


def filled(*parts):
    """The parts that are there, in one line of dots."""
    return ".".join(dotted(part) for part in parts if part)


def maybe(dice, chance, text):
    return text if dice.random() < chance else ""


def crc(text):
    return f"{zlib.crc32(text.encode()):08X}"


def fansub_episode(show, dice, resolution, season, episode, group):
    title = dice.choice([show.name, show.name, show.also])
    counted = dice.choice([f"- {episode:02}", f"- {episode:02}", f"- {episode:02}v2", f"S{season}E{episode:02}", f"S{season:02}E{episode:02}",
                           f"- {(season - 1) * show.episodes + episode:03}", f"Episode {episode}", f"S{season} - {episode:02}"])
    codec = dice.choice(["", "HEVC", "x265 10bit", "AVC", "AV1", "Hi10P", "H.264", "HEVC-10bit"])
    sound = dice.choice(["", "AAC", "FLAC", "E-AC-3", "Opus", "Dual Audio", "AAC 2.0"])
    source = dice.choice(["", "WEB", "WEB-DL", "BD", "WEBRip", "CR WEB-DL", "TV"])
    ending = dice.choice(["", ".mkv", ".mkv", ".mp4"])
    start = f"[{group}] {title} {counted}"
    if dice.random() < 0.5:
        inside = " ".join(part for part in (source, resolution, codec, sound) if part)
        text = f"{start} ({inside})" if inside else start
    else:
        text = start + " " + "".join(f"[{part}]" for part in (source, resolution, codec, sound) if part)
    text += maybe(dice, 0.25, dice.choice([" [Multi-Subs]", " (Multi-Audio)", " [ENG SUB]", " [VOSTFR]", " [Multiple Subtitle]"]))
    return text + maybe(dice, 0.6, f" [{crc(f'{text}{dice.random()}')}]") + ending, 1


def fansub_batch(show, dice, resolution, season, episode, group):
    title = dice.choice([show.name, show.name, show.also, f"{show.name} ({show.also})"])
    last = dice.choice([12, 13, show.episodes])
    what = dice.choice([f"(Season {season})", f"- 01-{last:02}", f"S{season:02}", f"S{season:02} + OVA", f"- 01~{last:02}", f"Season {season} Complete",
                        f"(01-{last:02})", f"{('1st', '2nd', '3rd')[season - 1]} Season", f"S01-S{show.seasons:02}", "Batch", f"[01-{last:02}]"])
    size = {"2160p": "3840x2160", "1080p": "1920x1080", "720p": "1280x720"}.get(resolution, resolution)
    tags = [dice.choice(["BD", "BDRip", "WEB", "BluRay", "DVD"]), dice.choice([resolution, resolution, size]),
            dice.choice(["HEVC x265 10bit", "x264", "AV1", "x265", "Hi10P"]), dice.choice(["", "FLAC", "Opus", "AAC", "DTS-HD MA", "TrueHD"])]
    tags = [tag for tag in tags if tag]
    text = f"[{group}] {title} {what} " + dice.choice([f"({' '.join(tags)})", "".join(f"[{tag}]" for tag in tags)])
    text += dice.choice(["", " [Dual-Audio]", "[Multi-Subs]", " (Batch)", " [Batch]", " | Complete", " [Uncensored]"])
    return text + maybe(dice, 0.2, f" [{crc(f'{text}{dice.random()}')}]"), last


def picture(dice, resolution):
    source = dice.choice(["WEB-DL", "WEB-DL", "WEBRip", "BluRay", "HDTV", "AMZN.WEB-DL", "WEB", "BDRip"])
    if source in ("WEB-DL", "WEBRip"):
        source = maybe(dice, 0.6, f"{dice.choice(NETWORKS)}.") + source
    sound = dice.choice(["DDP5.1", "AAC2.0", "DDP5.1.Atmos", "AC3", "DTS", "DD+5.1", "AAC5.1", "EAC3.5.1", "TrueHD.7.1", "FLAC.2.0"])
    codec = dice.choice(["H.264", "x264", "x265", "HEVC", "H.265", "10bit.x265", "AV1", "h264"])
    light = dice.choice(["DV.HDR", "HDR", "HDR10", "HDR10+", "DV", ""]) if resolution == "2160p" else maybe(dice, 0.1, "10bit")
    return source, sound, light, codec


def scene_episode(show, dice, resolution, season, episode, group):
    year = maybe(dice, 0.15, str(show.year))
    counted = dice.choice([f"S{season:02}E{episode:02}"] * 6 + [f"{season}x{episode:02}", f"s{season:02}e{episode:02}", f"S{season:02}.E{episode:02}"])
    called = maybe(dice, 0.35, " ".join(dice.sample(WORDS, dice.randint(1, 3))))
    source, sound, light, codec = picture(dice, resolution)
    repack = maybe(dice, 0.08, dice.choice(["REPACK", "PROPER", "iNTERNAL"]))
    language = maybe(dice, 0.3, dice.choice(LANGUAGES))
    text = filled(show.name, year, counted, called, language, repack, resolution, source, sound, light, codec) + f"-{group}"
    text = maybe(dice, 0.04, "www.TorrentPlace.example - ") + (text if dice.random() < 0.85 else text.replace(".", " "))
    return text + maybe(dice, 0.15, dice.choice(["[eztv]", "[rartv]", "[TGx]"])) + maybe(dice, 0.25, ".mkv"), 1


def season_pack(show, dice, resolution, season, episode, group):
    last = dice.choice([10, 12, 13, show.episodes])
    what = dice.choice([f"S{season:02}"] * 4 + [f"S{season:02}.COMPLETE", f"Season.{season}", f"S01-S{show.seasons:02}", f"S{season:02}E01-E{last:02}",
                                                f"Season.{season}.Complete", f"S{season:02}E01-{last:02}", f"Seasons.1-{show.seasons}.COMPLETE"])
    year = maybe(dice, 0.35, dice.choice([str(show.year), f"({show.year})", f"({show.year}-{show.year + 3})"]))
    source, sound, light, codec = picture(dice, resolution)
    language = maybe(dice, 0.35, dice.choice(LANGUAGES))
    text = filled(show.name, year, what, language, resolution, source, sound, light, codec)
    if dice.random() < 0.3:
        return f"{text.replace('.', ' ')} [{group}]", last
    return f"{text}-{group}", last


def film(show, dice, resolution, season, episode, group):
    title = f"{show.name} {dice.choice(['The Movie', 'the Movie ' + dice.choice(WORDS), dice.choice(WORDS) + ' of ' + dice.choice(WORDS)])}"
    source = dice.choice(["BluRay", "UHD.BluRay.REMUX", "WEB-DL", "BDRip", "BluRay.REMUX", "HDCAM", "HDRip"])
    _, sound, light, codec = picture(dice, resolution)
    edition = maybe(dice, 0.2, dice.choice(["EXTENDED", "Directors.Cut", "REMASTERED", "UNRATED"]))
    language = maybe(dice, 0.3, dice.choice(LANGUAGES))
    return filled(title, str(show.year + dice.randint(1, 4)), edition, language, resolution, source, sound, light, codec) + f"-{group}", 1


def stray(show, dice, resolution, season, episode, group):
    """Of something else, as an index that searches by words gives it."""
    other = dataclasses.replace(show, name=" ".join(dice.sample(WORDS, dice.randint(2, 4))), year=show.year - dice.randint(2, 20))
    return dice.choice([scene_episode, film])(other, dice, resolution, season, episode, group)
