#!/usr/bin/env bash
# Builds an image twice and compares: in two folders, from two checkouts, at two dates, by two users'
# habits (language, time zone, mask of new files). From one lock, one pair of keys and the same parts
# every byte must be the same. The parts that both take, as they lie in the build's cache: the binary,
# Debian's packages, ffmpeg, the unpacked kernel, and the compiler of tryboot.ko, which is built twice.
#
#   image/twice.sh BOARD
#
# BINARY, KEYS, FFMPEG and SOURCE_DATE_EPOCH as for image/build.sh. A line for each file; the exit code
# is 1 where one differs. Whether those parts themselves come out the same is their compilers' matter,
# and not looked at here.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

fail() {
    echo "image/twice.sh: $*" >&2
    exit 1
}

board=${1:-}
[ -n "$board" ] && [ -f "board/$board/meta" ] || fail "no board '$board'; there are: $(cd board && echo *)"
command -v faketime >/dev/null || fail "needs faketime for the second date: apt-get install faketime"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
if [ -z "${BINARY:-}" ]; then
    BINARY=$(image/cross.sh "$board" | tee >(cat >&2) | tail -n 1)
fi
export BINARY LOCKED=1

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Another place, other dates of the files; what git does not know is not copied.
mkdir -p "$folder/another place/checkout" "$folder/one" "$folder/another place/two"
git ls-files -z --cached --others --exclude-standard |
    tar --null --files-from=- --create | tar --extract --touch --directory "$folder/another place/checkout"

# rustc stands still under faketime; what cargo says of licences has no date.
mkdir "$folder/bin"
printf '#!/bin/sh\nexec env -u LD_PRELOAD "%s" "$@"\n' "$(command -v cargo)" >"$folder/bin/cargo"
chmod +x "$folder/bin/cargo"

echo "first: $(date)"
OUT=$folder/one image/build.sh "$board" >"$folder/one.log" 2>&1 ||
    { tail -n 20 "$folder/one.log" >&2; fail "the first build failed"; }
(
    umask 077
    export PATH=$folder/bin:$PATH OUT="$folder/another place/two" TZ=Pacific/Auckland LANG=C.UTF-8
    # A file that carried the time of its build would be found out.
    # The clock is another one; what a file's date was set to is left alone.
    export NO_FAKE_STAT=1
    faketime -f '+500d' date '+second: %c'
    faketime -f '+500d' "$folder/another place/checkout/image/build.sh" "$board"
) >"$folder/two.log" 2>&1 || { tail -n 20 "$folder/two.log" >&2; fail "the second build failed"; }
grep '^second: ' "$folder/two.log"

different=0
for file in "$folder/one/credenza-"* "$folder/one/$board/"{initramfs,rootfs.sqfs,slot.img,selector.img,data.img,head}; do
    other="$folder/another place/two${file#"$folder/one"}"
    # The entry for Imager names the folder that it was built into.
    case $file in *.os_list.json) sed -i 's|"url": .*|"url": "",|' "$file" "$other" ;; esac
    if cmp "$file" "$other"; then
        echo "same: $(sha256sum <"$file" | cut -c 1-16) ${file#"$folder/one/"}"
    else
        different=1
    fi
done
[ $different = 0 ] || fail "the two builds are not the same"
echo "bit-identical, in $SECONDS s"
