#!/usr/bin/env bash
# Debian trixie's cross compiler for arm64 in a folder of its own, for what must be built by the
# compiler of the image's own Debian: kernel modules (the compiler that built the kernel; and the
# kernel's build tools are programs of trixie) and ffmpeg (the image's libc).
#
#   image/toolchain/root.sh            builds it if need be; prints its folder
#   image/toolchain/root.sh --resolve  takes the newest packages and rewrites the lock
#
# Nothing is installed on the machine, and no root is needed: packages are only unpacked. Kept under
# the hash of the lock. A mirror keeps only a suite's newest packages: where one of the lock has gone,
# this says so and takes the newest of all (LOCKED=1: ends instead); the lock is then to be committed.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
# shellcheck source=image/toolchain/apt.sh
. image/toolchain/apt.sh

lock=image/toolchain/lock
cache=${XDG_CACHE_HOME:-$HOME/.cache}/credenza/toolchain
wanted=(
    gcc-14-aarch64-linux-gnu libc6-dev-arm64-cross make
    base-files dash bash coreutils sed grep mawk findutils diffutils tar gzip xz-utils bzip2 patch
    perl-base hostname bc
    kmod libelf1t64 libssl3t64 zlib1g # what the kernel's build tools link with
)
# Without what they depend on: their headers and static libraries are all that is wanted.
alone=(zlib1g-dev:arm64)

fail() {
    echo "image/toolchain/root.sh: $*" >&2
    exit 1
}

resolve() {
    local files=$cache/debs
    echo "resolving the newest packages of trixie" >&2
    mkdir -p "$files"
    local names
    names=$(apt-get install -s --no-install-recommends "${wanted[@]}" |
        sed -n 's/^Inst \([^ ]*\) ([^ ]* .*\[\(.*\)\]).*/\1:\2/p' | sed 's/:all$//' | sort)
    [ -n "$names" ] || fail "apt-get finds no way to unpack: ${wanted[*]}"
    # In an empty folder: the lock is what lies there afterwards.
    rm -rf "$files.new"
    mkdir "$files.new"
    # shellcheck disable=SC2086
    (cd "$files.new" && apt-get -qq download $names "${alone[@]}") >&2
    {
        echo '# image/toolchain/root.sh --resolve'
        (cd "$files.new" && sha256sum -- *.deb)
    } >"$lock.new"
    mv "$files.new"/*.deb "$files/"
    rmdir "$files.new"
    diff "$lock" "$lock.new" >&2 || true
    mv "$lock.new" "$lock"
}

root_of_lock() {
    # The script too: what it does with the packages is part of what the folder holds.
    echo "$cache/root-$(cat "$lock" image/toolchain/root.sh | sha256sum | cut -c1-16)"
}

mkdir -p "$cache/debs"
# Two builds at a time make it once.
exec 9>"$cache/busy"
flock 9
if [ "${1:-}" = --resolve ]; then
    suites trixie
    trap 'rm -rf "$apt_root"' EXIT
    resolve
fi
root=$(root_of_lock)
if [ ! -d "$root" ]; then
    [ -n "${apt_root:-}" ] || {
        suites trixie
        trap 'rm -rf "$apt_root"' EXIT
    }
    download "$lock" "$cache/debs" || {
        [ -z "${LOCKED:-}" ] || fail "the mirror no longer has what $lock names, and LOCKED is set"
        resolve
        root=$(root_of_lock)
    }
    rm -rf "$root.new"
    mkdir -p "$root.new"
    # First the links of /bin and /lib into /usr: what comes before them would make folders there.
    for deb in $(sed -n 's/^[0-9a-f]*  \(base-files_\)/\1/p' "$lock") \
        $(sed -n '/  base-files_/d; s/^[0-9a-f]*  //p' "$lock"); do
        dpkg-deb -x "$cache/debs/$deb" "$root.new"
    done
    # Made by maintainer scripts, which do not run.
    ln -s mawk "$root.new/usr/bin/awk"
    mkdir -p "$root.new/build"
    mv "$root.new" "$root"
fi
echo "$root"
