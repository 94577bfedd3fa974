#!/usr/bin/env bash
# Runs a command in the folder of the cross compiler (root.sh).
#
#   image/toolchain/inside.sh ROOT [FOLDER:PLACE].. -- COMMAND..
#
# Each FOLDER is seen at PLACE of ROOT (made where it is missing). The mounts are of the command alone: they
# end with it. Root is not needed where the machine lets anybody have a user namespace.
set -euo pipefail

root=$1
shift
places=()
while [ "$1" != -- ]; do
    places+=("$1")
    shift
done
shift
namespace=(--mount)
[ "$(id -u)" -eq 0 ] || namespace+=(--user --map-root-user)
# shellcheck disable=SC2016 # $1 and $2 are the inner shell's
exec unshare "${namespace[@]}" -- bash -euc '
    root=$1 count=$2
    shift 2
    mount --bind "$root" "$root"
    mount --rbind /dev "$root/dev"
    while [ "$count" -gt 0 ]; do
        mkdir -p "$root${1#*:}"
        mount --bind "${1%%:*}" "$root${1#*:}"
        shift
        count=$((count - 1))
    done
    exec env -i PATH=/usr/bin:/usr/sbin HOME=/build LC_ALL=C TZ=UTC \
        chroot "$root" "$@"
' inside "$root" "${#places[@]}" "${places[@]}" "$@"
