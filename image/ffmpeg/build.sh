#!/usr/bin/env bash
# Builds a small ffmpeg and ffprobe for arm64 from Debian's source package.
#
#   image/ffmpeg/build.sh             prints the folder with ffmpeg, ffprobe (a link to it: both.c)
#                                     and copyright
#   image/ffmpeg/build.sh --resolve   takes trixie's newest source and rewrites the lock first
#
# Debian's own ffmpeg package brings two hundred libraries, 200 MB. This one has what image/ffmpeg/parts
# names, needs libc and libm of trixie and nothing else, and is LGPL. It has no network: what it reads
# comes to it by file, pipe or descriptor.
# Kept outside the checkout under the hash of everything that it is made from. A mirror keeps only the
# newest source: where the lock's has gone this says so and takes the newest (LOCKED=1: ends instead).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
cd "$here/../.."
# shellcheck source=image/toolchain/apt.sh
. image/toolchain/apt.sh

lock=image/ffmpeg/lock
cache=${XDG_CACHE_HOME:-$HOME/.cache}/credenza/ffmpeg

fail() {
    echo "image/ffmpeg/build.sh: $*" >&2
    exit 1
}

made_from() { # with the compiler, and the script for its options
    cat "$lock" image/ffmpeg/parts image/ffmpeg/both.c image/ffmpeg/build.sh image/toolchain/lock | sha256sum | cut -c1-16
}

source_of_lock() { # what the lock names, in $cache/source
    local version
    version=$(sed -n 's/^# version //p' "$lock")
    mkdir -p "$cache/source"
    sources_right || {
        suites trixie
        (cd "$cache/source" && apt-get -qq source --download-only "ffmpeg=$version") >&2 || return 1
        sources_right
    }
}

sources_right() {
    [ -f "$lock" ] && (cd "$cache/source" && sha256sum --check --quiet -) <"$lock" >/dev/null 2>&1
}

resolve() {
    local version
    suites trixie
    version=$(apt-cache showsrc --only-source ffmpeg | sed -n 's/^Version: //p' | sort -V | tail -n 1)
    [ -n "$version" ] || fail "trixie has no source package ffmpeg: are deb-src lines on the mirror?"
    echo "resolved: ffmpeg $version" >&2
    rm -rf "$cache/source.new"
    mkdir -p "$cache/source.new" "$cache/source"
    (cd "$cache/source.new" && apt-get -qq source --download-only "ffmpeg=$version") >&2
    {
        echo "# version $version"
        (cd "$cache/source.new" && sha256sum -- *.orig.tar.* *.debian.tar.*)
    } | grep -v '\.asc$' >"$lock"
    mv "$cache/source.new"/* "$cache/source/"
}

trap 'rm -rf "${work:-}" "${apt_root:-}"' EXIT
mkdir -p "$cache"
exec 9>"$cache/busy"
flock 9
if [ "${1:-}" = --resolve ]; then resolve; fi
[ -f "$lock" ] || fail "no $lock: image/ffmpeg/build.sh --resolve writes it"
out=$cache/$(made_from)
if [ ! -d "$out" ]; then
    source_of_lock || {
        [ -z "${LOCKED:-}" ] || fail "the mirror no longer has the source of $lock, and LOCKED is set"
        resolve
        out=$cache/$(made_from)
    }
fi
if [ -d "$out" ]; then
    echo "$out"
    exit
fi

root=$(image/toolchain/root.sh)
work=$(mktemp -d)
tree=$work/ffmpeg
mkdir "$tree"
tar -xf "$cache/source/"$(sed -n 's/.*  \(.*\.orig\.tar\..*\)/\1/p' "$lock") -C "$tree" --strip-components=1
tar -xf "$cache/source/"$(sed -n 's/.*  \(.*\.debian\.tar\..*\)/\1/p' "$lock") -C "$tree"
# Debian's mends, where this version has any.
if [ -f "$tree/debian/patches/series" ]; then
    sed 's/#.*//' "$tree/debian/patches/series" | while read -r mend _; do
        [ -z "$mend" ] || patch -d "$tree" -p1 -s <"$tree/debian/patches/$mend"
    done
fi

options=(
    --prefix=/usr --target-os=linux --arch=aarch64 --enable-cross-compile
    --cross-prefix=aarch64-linux-gnu- --cc=aarch64-linux-gnu-gcc-14
    # It wants a compiler for programs that run here, and builds none.
    --host-cc=aarch64-linux-gnu-gcc-14 --pkg-config=false
    --disable-everything --disable-autodetect --disable-network --disable-doc --disable-debug
    --disable-avdevice --disable-swscale --disable-postproc --disable-ffplay
    --disable-iamf --disable-hwaccels
    # Matroska's compressed tracks; the library goes in, as the box's root has no use for it otherwise.
    --enable-zlib
    --optflags=-O2
    "--extra-cflags=-ffile-prefix-map=/build/ffmpeg=. -ffunction-sections -fdata-sections"
    "--extra-ldflags=-Wl,--gc-sections,--as-needed,-z,relro,-z,now"
    --enable-pic "--extra-ldexeflags=-pie"
)
while read -r kind names; do
    for name in $names; do options+=("--enable-$kind=$name"); done
done < <(sed 's/#.*//; /^ *$/d' image/ffmpeg/parts)

inside() { image/toolchain/inside.sh "$root" "$work:/build" -- "$@"; }
cp image/ffmpeg/both.c "$tree/"
cat >"$tree/link.sh" <<'LINK'
set -eu
cd /build/ffmpeg
one() { # one NAME OBJECT.. : a program's objects as one, its main renamed, the rest of it hidden
    name=$1
    shift
    aarch64-linux-gnu-ld -r -o "$name.all.o" "$@"
    aarch64-linux-gnu-objcopy --redefine-sym "main=${name}_main" "$name.all.o"
    aarch64-linux-gnu-objcopy --keep-global-symbol="${name}_main" "$name.all.o"
}
shared='fftools/cmdutils.o fftools/opt_common.o'
one ffprobe fftools/ffprobe.o $shared
one ffmpeg fftools/ffmpeg.o fftools/ffmpeg_*.o fftools/objpool.o fftools/sync_queue.o \
    fftools/thread_queue.o $shared
aarch64-linux-gnu-gcc-14 -O2 -fPIE -pie -s -Wl,--gc-sections,--as-needed,-z,relro,-z,now,-z,noexecstack \
    -o both both.c ffmpeg.all.o ffprobe.all.o \
    libavfilter/libavfilter.a libavformat/libavformat.a libavcodec/libavcodec.a \
    libswresample/libswresample.a libavutil/libavutil.a -l:libz.a -lm -pthread
LINK
echo "building ffmpeg; some minutes" >&2
# A name that this version does not know is a warning to configure, and a film that does not play to us.
{
    inside bash -c 'cd /build/ffmpeg && ./configure "$@"' configure "${options[@]}" &&
        ! grep '^WARNING: .*did not match anything' "$work/log" >&2 &&
        inside make -C /build/ffmpeg -s -j"$(nproc)" ffmpeg ffprobe &&
        inside sh /build/ffmpeg/link.sh
} >"$work/log" 2>&1 || {
    tail -n 30 "$work/log" >&2
    [ ! -f "$tree/ffbuild/config.log" ] || tail -n 10 "$tree/ffbuild/config.log" >&2
    fail "ffmpeg was not built"
}
grep -q '^#define CONFIG_GPL 0' "$tree/config.h" || fail "the build is no longer LGPL"
needed=$(inside aarch64-linux-gnu-readelf -d /build/ffmpeg/both |
    sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux' | sort | paste -sd' ')
[ "$needed" = 'libc.so.6 libm.so.6' ] || fail "it needs other than libc and libm: $needed"
rm -rf "$out.new"
mkdir -p "$out.new"
install -m 755 "$tree/both" "$out.new/ffmpeg"
ln -s ffmpeg "$out.new/ffprobe"
{
    sed -n 's/^# version \(.*\)/ffmpeg \1, from the Debian source package of that version, as/p' "$lock"
    echo "configured by image/ffmpeg in Credenza's sources (parts, build.sh). LGPL-2.1-or-later."
    echo "With zlib of Debian $(sed -n 's/.*zlib1g-dev_\(.*\)_arm64.deb/\1/p' image/toolchain/lock | sed 's/%3a/:/')."
    echo
    cat "$tree/COPYING.LGPLv2.1"
    echo
    sed -n '/^License: Zlib/,/^$/p' "$root/usr/share/doc/zlib1g/copyright"
} >"$out.new/copyright"
mv "$out.new" "$out"
echo "$out"
