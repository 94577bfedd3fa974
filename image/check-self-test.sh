#!/usr/bin/env bash
# Proves that image/check.sh can say no: copies of an image are spoilt, and each must be noticed by the
# promise that it breaks.
#
#   image/check-self-test.sh FILE.img      (or image/check.sh --self-test FILE.img)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
PATH=$PATH:/usr/sbin:/sbin

image=${1:-}
[ -f "$image" ] || { echo "image/check-self-test.sh: which image? Give its file" >&2; exit 2; }
image=$(readlink -f "$image")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$work/credenza-copy.img
missed=0

at() { sfdisk -d "$image" | sed -n "s/^.*$1 : start= *\([0-9]*\),.*/\1/p"; } # sectors
selector=$(($(at 'img1') * 512)) slot_a=$(($(at 'img2') * 512)) slot_b=$(($(at 'img3') * 512)) data=$(($(at 'img4') * 512))
slot_bytes=$((slot_b - slot_a))

anew() { cp --sparse=always "$image" "$copy"; }
junk() { # junk OFFSET BYTES : spoils the copy there
    head -c "$2" /dev/urandom | dd of="$copy" bs=1 seek="$1" conv=notrunc status=none
}

noticed() { # noticed SIN PROMISE.. : the check of the copy breaks these promises
    local sin=$1 said promise
    shift
    said=$("$here/check.sh" "$copy" 2>&1) && said=''
    for promise; do
        if grep -q "^BROKEN  .*$promise\|^image/check.sh: .*$promise" <<<"$said"; then
            echo "noticed  $sin: $promise"
        else
            echo "MISSED   $sin: $promise"
            missed=$((missed + 1))
        fi
    done
}

anew; junk $((slot_a + 5000000)) 1
noticed 'a byte of the slot' 'holds what its header says'

anew; dd if=/dev/zero of="$copy" bs=64K seek=$(((slot_b - 65536) / 65536)) count=1 conv=notrunc status=none
noticed 'no header' 'ends in a signed header'

anew; printf '9' | dd of="$copy" bs=1 seek=$((slot_b - 65536 + 60)) conv=notrunc status=none
noticed 'another manifest' 'signed by a key'

anew; junk $((slot_b + slot_bytes - 65536)) 100
noticed 'a slot B that seems to hold something' 'slot B is empty'

anew; mdel -i "$copy@@$slot_a" ::kernel8.img
noticed 'no kernel' 'holds kernel8.img' 'holds what its header says'

anew; printf '[all]\nboot_partition=2\n' >"$work/autoboot.txt"; mcopy -o -i "$copy@@$selector" "$work/autoboot.txt" ::
noticed 'a short autoboot.txt' 'fills one sector'

anew; echo 'ssh-ed25519 AAAA me' >"$work/debug-key.pub"; mcopy -i "$copy@@$selector" "$work/debug-key.pub" ::
noticed 'a key on the selector' "nothing of a person's"

anew; junk $((data + 1024)) 512
noticed 'a damaged data partition' 'sound ext4'

anew; mtype -i "$copy@@$slot_a" ::cmdline.txt | sed 's/credenza.disk=....../credenza.disk=000000/' >"$work/cmdline.txt"
mcopy -o -i "$copy@@$slot_a" "$work/cmdline.txt" ::
noticed "another disk's slot" 'looks for the disk that it lies on'

anew; mtype -i "$copy@@$slot_a" ::cmdline.txt | sed 's/transparent_hugepage=madvise//' >"$work/cmdline.txt"
mcopy -o -i "$copy@@$slot_a" "$work/cmdline.txt" ::
noticed 'huge pages for all' 'huge pages are for who asks'

anew; echo 0123456789abcdef0123456789abcdef >"$work/slot.id"; mcopy -o -i "$copy@@$slot_a" "$work/slot.id" ::
noticed "another slot's initramfs" 'knows its slot'

# The header says a board whose other slot is asked for through a module; this image has none.
anew
head_at=$((slot_b - 65536))
dd if="$copy" of="$work/head" bs=64K skip=$((head_at / 65536)) count=1 status=none
own=$(grep -ao '"board":"[^"]*"' "$work/head" | cut -d '"' -f 4)
other=$(cd "$here/../board" && grep -L '^ONE_SHOT_MODULE=none' */meta | cut -d / -f 1 | sed -n "/^$(echo "$own" | tr '[:graph:]' .)\$/{p;q}")
[ -n "$other" ] && [ "$other" != "$own" ] || { echo "image/check-self-test.sh: take the image of a board without a module" >&2; exit 2; }
name_at=$(grep -abo '"board":"' "$work/head" | cut -d : -f 1)
printf '%s' "$other" | dd of="$copy" bs=1 seek=$((head_at + name_at + 9)) conv=notrunc status=none
noticed 'no module for the other slot' "the initramfs has tryboot.ko" "the system has tryboot.ko"

# The same copy holds nothing that such a board starts with; nor is an empty file enough.
: >"$work/config.txt"; mcopy -o -i "$copy@@$slot_a" "$work/config.txt" ::
starts=()
for word in $(. "$here/../board/$other/meta"; echo "$DEVICE_TREES $SLOT_FIRMWARE $SELECTOR_FIRMWARE"); do
    [ "$word" = none ] || starts+=("holds $word, which $other starts with")
done
noticed 'nothing that the board starts with' "${starts[@]}" 'slot A holds config.txt, which tells the firmware'

anew; sfdisk -q --no-reread --no-tell-kernel --part-type "$copy" 3 83 2>/dev/null
noticed 'another type' 'partition 3 has the type'

anew; sfdisk -q --delete "$copy" 4 2>/dev/null
noticed 'a missing partition' 'four partitions'

anew; echo packed >"$copy.xz"
noticed 'no list of what is in it' 'the list of what is in it lies beside it' 'the sum beside it is right'
echo '{"packages": [{"name": "none-such", "externalRefs": [{"referenceLocator": "pkg:deb/debian/none-such"}]}]}' >"${copy%.img}.spdx.json"
noticed 'a package without its licence' 'every Debian package that is listed brought its licence: none-such'
rm "$copy.xz" "${copy%.img}.spdx.json"

# What may be wrong in the system: all at once, since packing it takes its time.
anew
mcopy -n -i "$copy@@$slot_a" ::rootfs.sqfs "$work/rootfs.sqfs"
unsquashfs -q -n -no-xattrs -d "$work/root" "$work/rootfs.sqfs" >/dev/null 2>&1 || true
root=$work/root
chmod u+w "$root"/usr/lib/systemd/{system,network} "$root/etc" "$root/usr/bin" "$root/usr/share/credenza/update-keys"
echo open >"$root/etc/notes"; chmod 666 "$root/etc/notes"
echo tool >"$root/usr/bin/tool"; chmod 4755 "$root/usr/bin/tool"
printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\n' >"$root/etc/secret.pem"
sed -i 's/^root:[*!]/root:$6$x$y/' "$root/etc/shadow"
rm -f "$root"/usr/share/credenza/update-keys/next.pub "$root"/usr/share/doc/credenza/{copyright,libraries}
cp "$root/etc/notes" "$root/usr/bin/sshd"
rm -f "$root/etc/systemd/system/getty@.service" "$root"/usr/lib/aarch64-linux-gnu/libgmp.so.*
sed -i 's/^NoNewPrivileges=yes/#/; s/--listen \[::\]:80$/--listen [::]:81/' "$root/usr/lib/systemd/system/credenza.service"
sed -i '/^KeepConfiguration=/d' "$root/usr/lib/systemd/network/20-wifi.network"
printf '[Service]\nExecStart=/usr/bin/busybox nc -l -p 99\n' >"$root/usr/lib/systemd/system/credenza-door.service"
mksquashfs "$root" "$work/spoilt.sqfs" -comp gzip -Xcompression-level 1 -all-root -no-xattrs -quiet -no-progress >/dev/null
mdel -i "$copy@@$slot_a" ::rootfs.sqfs
mcopy -i "$copy@@$slot_a" "$work/spoilt.sqfs" ::rootfs.sqfs
noticed 'a spoilt system' 'writable by everybody' 'setuid' 'no private keys' 'no password' 'two keys' \
    'own licence' 'terms of the map' 'no sshd' 'getty@.service is masked' 'NoNewPrivileges=yes' \
    'finds the libraries' 'leaves the addresses' 'listens on a port that image/ports.txt lists (81)' 'no other unit of ours listens'

if [ "$missed" != 0 ]; then
    echo "image/check-self-test.sh: $missed faults were not noticed" >&2
    exit 1
fi
echo "every fault was noticed"
