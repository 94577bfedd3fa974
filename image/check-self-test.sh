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

anew; sfdisk -q --no-reread --no-tell-kernel --part-type "$copy" 3 83 2>/dev/null
noticed 'another type' 'partition 3 has the type'

anew; sfdisk -q --delete "$copy" 4 2>/dev/null
noticed 'a missing partition' 'four partitions'

# What may be wrong in the system: all at once, since packing it takes its time.
anew
mcopy -n -i "$copy@@$slot_a" ::rootfs.sqfs "$work/rootfs.sqfs"
unsquashfs -q -n -no-xattrs -d "$work/root" "$work/rootfs.sqfs" >/dev/null 2>&1 || true
root=$work/root
chmod u+w "$root/etc" "$root/usr/bin" "$root/usr/share/credenza/update-keys"
echo open >"$root/etc/notes"; chmod 666 "$root/etc/notes"
echo tool >"$root/usr/bin/tool"; chmod 4755 "$root/usr/bin/tool"
printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\n' >"$root/etc/secret.pem"
sed -i 's/^root:[*!]/root:$6$x$y/' "$root/etc/shadow"
rm -f "$root"/usr/share/credenza/update-keys/next.pub "$root/usr/share/doc/credenza/copyright"
cp "$root/etc/notes" "$root/usr/bin/sshd"
rm -f "$root/etc/systemd/system/getty@.service" "$root"/usr/lib/aarch64-linux-gnu/libgmp.so.*
sed -i 's/^NoNewPrivileges=yes/#/' "$root/usr/lib/systemd/system/credenza.service"
mksquashfs "$root" "$work/spoilt.sqfs" -comp gzip -Xcompression-level 1 -all-root -no-xattrs -quiet -no-progress >/dev/null
mdel -i "$copy@@$slot_a" ::rootfs.sqfs
mcopy -i "$copy@@$slot_a" "$work/spoilt.sqfs" ::rootfs.sqfs
noticed 'a spoilt system' 'writable by everybody' 'setuid' 'no private keys' 'no password' 'two keys' \
    'own licence' 'no sshd' 'getty@.service is masked' 'NoNewPrivileges=yes' \
    'finds the libraries'

if [ "$missed" != 0 ]; then
    echo "image/check-self-test.sh: $missed faults were not noticed" >&2
    exit 1
fi
echo "every fault was noticed"
