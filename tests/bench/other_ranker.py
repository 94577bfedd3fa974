"""The names of the corpus through PyPI's rank-torrent-name: each read and ranked as its README shows,
then all sorted. Reads [[name, info hash], ..] on standard input, says milliseconds; loading the
package and a first hundred names are not counted."""
import json
import sys
import time

from RTN import RTN, DefaultRanking, SettingsModel, sort_torrents


def main():
    torrents = json.load(sys.stdin)
    ranker = RTN(SettingsModel(), DefaultRanking())
    for name, info_hash in torrents[:100]:
        ranker.rank(name, info_hash)
    began = time.perf_counter()
    ranked = {ranker.rank(name, info_hash) for name, info_hash in torrents}
    ranked = sort_torrents(ranked)
    took = time.perf_counter() - began
    print(json.dumps({"ms": 1e3 * took, "ranked": len(ranked)}))


if __name__ == "__main__":
    main()
