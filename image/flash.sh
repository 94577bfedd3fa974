#!/usr/bin/env bash
# Writes a finished image to a card, after showing what the card holds and asking for its name.
#
#   image/flash.sh BOARD DEVICE     image/flash.sh rpi4 /dev/sdb
#
# The image is the one that image/build.sh made last. To be run by whoever built it: for the card
# itself it asks sudo. Linux only; elsewhere docs/flash.md names Raspberry Pi Imager and Etcher.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
PATH=$PATH:/usr/sbin:/sbin

fail() {
    echo "image/flash.sh: $*" >&2
    exit 1
}

board=${1:-} device=${2:-}
[ -n "$board" ] && [ -f "board/$board/meta" ] ||
    fail "no board '$board'; there are: $(cd board && echo *)"
[ -n "$device" ] || fail "which card? Give its device, such as /dev/sdb; there are: $(lsblk -dno PATH,SIZE,MODEL | tr '\n' ';')"
device=$(readlink -m "$device")
[ -b "$device" ] || fail "$device is no block device; 'lsblk' lists them"
case $(lsblk -dno TYPE "$device") in
    disk | loop) ;;
    *) fail "$device is a part of a disk; give the whole card" ;;
esac

# The disk that this machine runs from, and whatever is in use, is not a card.
mounted=$(lsblk -no MOUNTPOINTS "$device" | grep -v '^$' || true)
[ -z "$mounted" ] || fail "$device is in use (mounted at: $(echo "$mounted" | tr '\n' ' ')); unmount it, if it is the card"
folder=${OUT:-${XDG_CACHE_HOME:-$HOME/.cache}/credenza/image}
image=$(ls -t "$folder/credenza-$board-"*.img.xz 2>/dev/null | head -n 1 || true)
[ -n "$image" ] || fail "no image of $board in $folder; build it first: just image $board" \
    "${SUDO_USER:+(without sudo: the folder is that of whoever builds, and sudo is asked where it must be)}"

# The card is root's; the image is not.
sudo=''
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "only root may write to $device, and there is no sudo: run it as root, with OUT=$folder"
    sudo=sudo
fi
bytes=$(lsblk -bdno SIZE "$device")
needed=$(xz --robot --list "$image" | awk '/^totals/ { print $5 }')
[ "$bytes" -ge "$needed" ] || fail "$device has $bytes bytes and the image needs $needed; take a larger card"

(cd "$folder" && sha256sum --quiet -c "$(basename "$image").sha256") ||
    fail "$image is damaged; build it again"

lsblk -o NAME,SIZE,MODEL,LABEL,FSTYPE "$device"
echo "All of it will be lost. To write $(basename "$image") there, type its name: $device"
read -r answer || answer=''
[ "$answer" = "$device" ] || fail "not confirmed; nothing was written"
xzcat "$image" | $sudo dd of="$device" bs=4M iflag=fullblock conv=fsync status=progress ||
    fail "$device could not be written; it holds no image now"
# Read back, and not from memory (direct): a card that lies about what it wrote is found now, not at
# the first start.
written=$($sudo dd if="$device" bs=4M count="$needed" iflag=direct,count_bytes status=none | sha256sum)
[ "$written" = "$(xzcat "$image" | sha256sum)" ] || fail "$device gives back other bytes than were written; take another card"
echo "done: $device holds $(basename "$image")"
