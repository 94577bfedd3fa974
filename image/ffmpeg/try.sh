#!/usr/bin/env bash
# Tries what build.sh made, under qemu-user, in a root that holds nothing but it, libc and libm.
#
#   image/ffmpeg/try.sh
#
# What is asked of it is what the box asks: say what a film is, remux it for a television, make sound
# that the television takes, make HLS, turn subtitles into WebVTT.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
cd "$here/../.."

fail() {
    echo "image/ffmpeg/try.sh: $*" >&2
    exit 1
}

qemu=$(command -v qemu-aarch64-static) || fail "no qemu-aarch64-static: apt-get install qemu-user-static"
built=$(image/ffmpeg/build.sh)
cross=$(image/toolchain/root.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lib" "$work/dev" "$work/tmp"
# Loader and libc of one package: another's libc beside it hangs every program that has threads.
cp "$cross"/usr/aarch64-linux-gnu/lib/{ld-linux-aarch64.so.1,libc.so.6,libm.so.6} "$work/lib/"
cp -a "$built/ffmpeg" "$built/ffprobe" "$work/"
cp "$qemu" "$work/qemu"
cp src/demo/media/{film.mkv,film.mp4,film.srt} "$work/"

run() { # run ffmpeg|ffprobe ARGUMENT..
    local program=$1
    shift
    timeout --kill-after=5 240 image/toolchain/inside.sh "$work" -- \
        /qemu -0 "/$program" "/$program" -nostdin -hide_banner -loglevel warning "$@" 2>"$work/said" ||
        fail "$program $*: $(tail -n 3 "$work/said")"
}

probe() { # probe FILE ENTRY.. : stream entries, a line a stream
    local file=$1
    shift
    timeout --kill-after=5 240 image/toolchain/inside.sh "$work" -- \
        /qemu -0 /ffprobe /ffprobe -v error -of csv=p=0 -show_entries "stream=$*" "/$file" ||
        fail "ffprobe of $file failed"
}

expect() { # expect WHAT GOT WANTED
    [ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"
    echo "$1: $(echo "$2" | paste -sd'|')"
}

expect 'what film.mkv is' "$(probe film.mkv codec_name,width,height,channels)" $'h264,640,360\naac,1'
expect 'what film.mp4 is' "$(probe film.mp4 codec_name,width,height,channels)" $'h264,640,360\naac,1'

run ffmpeg -i /film.mkv -map 0 -c copy -f mpegts /film.ts
expect 'remuxed to MPEG-TS' "$(probe film.ts codec_name | sed -n 1,2p)" $'h264\naac'
run ffmpeg -t 10 -i /film.mkv -map 0:v -map 0:a -c:v copy -c:a ac3 -b:a 192k -f mpegts /ac3.ts
expect 'its sound as AC-3' "$(probe ac3.ts codec_name | sed -n 1,2p)" $'h264\nac3'
run ffmpeg -i /ac3.ts -map 0:v -map 0:a -c:v copy -c:a aac -ac 2 -movflags +frag_keyframe+empty_moov /aac.mp4
expect 'AC-3 as AAC in MP4' "$(probe aac.mp4 codec_name)" $'h264\naac'
run ffmpeg -t 10 -i /film.mp4 -map 0:a -c:a flac /film.flac
expect 'its sound as FLAC' "$(probe film.flac codec_name)" flac
run ffmpeg -i /film.mkv -i /film.srt -map 0 -map 1 -c copy -c:s srt /with.mkv
run ffmpeg -i /with.mkv -map 0:s:0 /film.vtt
expect 'its subtitles as WebVTT' "$(head -n 1 "$work/film.vtt")" WEBVTT
run ffmpeg -i /film.mkv -map 0 -c copy -f hls -hls_time 6 -hls_list_size 0 /film.m3u8
expect 'as HLS' "$(tail -n 1 "$work/film.m3u8")" '#EXT-X-ENDLIST'
run ffmpeg -t 5 -i /film.mkv -f null -
[ ! -s "$work/said" ] || fail "decoding said: $(head -n 3 "$work/said")"
echo "decoded without a word"
du -bc "$built/ffmpeg" | sed -n 's/\(.*\)\ttotal/both programs: \1 bytes/p'
