#!/usr/bin/env bash
# Builds the image of a board: what is written to a card, and the bundle that updates one.
#
#   image/build.sh BOARD           a folder of board/
#   BINARY=path                    the program for the board; else image/cross.sh builds it
#   OUT=folder                     where all goes; ${XDG_CACHE_HOME:-~/.cache}/credenza/image
#   KEYS=folder                    current.key (minisign, without a password), current.pub, next.pub;
#                                  else keys of this machine are made in OUT/keys
#   VERSION=0.1.1 COUNTER=2        instead of Cargo.toml's and image/counter's
#   ONLY=bundle                    the slot and its bundle, without the card; ONLY=img: without
#                                  compressing the card
#   LOCKED=1                       a package that is gone from the mirror is an error
#   SOURCE_DATE_EPOCH=seconds      the date of all files; that of the last commit where unset
#   FFMPEG=folder TRYBOOT=file     parts that were built before; FFMPEG=none leaves it out
#
# Makes OUT/credenza-BOARD-VERSION.{img,img.xz,img.xz.sha256,spdx.json,os_list.json,bundle}, and in
# OUT/BOARD the slot (slot.img), its signed header (head) and the unpacked root. Needs no root but to
# install what image/packages.txt names and the machine lacks. The last line is the bundle's or the
# card's path.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
# depmod, mkfs.vfat, mke2fs and sfdisk lie where Debian's PATH of a user does not lead.
PATH=$PATH:/usr/sbin:/sbin

fail() {
    echo "image/build.sh: $*" >&2
    exit 1
}

say() { echo "[$((SECONDS / 60)):$(printf %02d $((SECONDS % 60)))] $*"; }

words_of() { sed 's/#.*//' "$1" | xargs -n 1; } # the words of a list, without its comments

for stage in image/stage/*.sh; do
    # shellcheck source=/dev/null
    . "$stage"
done

read_facts "${1:-}"
install_tools
choose_folders
fix_the_date
find_binary
fetch_packages
make_keys

unpack_kernel    # once for each kernel: its modules, with their dependencies
build_parts      # ffmpeg, and the module for the one-shot flag
make_root        # Debian's files, ours over them
make_modules
make_squashfs
make_initramfs
make_slot        # the one file that an update writes
make_bundle
if [ "${ONLY:-}" = bundle ]; then
    say "done"
    echo "$product.bundle"
    exit
fi
make_card
if [ "${ONLY:-}" = img ]; then
    say "done"
    echo "$product.img"
    exit
fi
compress_card
make_papers      # what is in it, and its entry in Raspberry Pi Imager's list
say "done: $(du -h "$product.img.xz" | cut -f 1) compressed, of which the slot $((slot_bytes >> 20)) MiB unpacked"
echo "$product.img.xz"
