#!/usr/bin/env bash
# Proves what Debian's kernels do with the one-shot flag, on QEMU's Raspberry Pi 3. Fails where what
# the image is built upon is no longer so.
#
#   image/tryboot/prove.sh [SUITE..]    trixie and trixie-backports if none is named
#
# QEMU's firmware knows no reboot flags, but prints every tag that reaches it:
#   0x00038064  SET_REBOOT_FLAGS   the one-shot flag
#   0x00030048  NOTIFY_REBOOT      sent by mainline's driver at each reboot: where it is there, a tag
#                                  sent at the reboot would have been seen
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
cd "$here/../.."
# shellcheck source=image/toolchain/apt.sh
. image/toolchain/apt.sh

fail() {
    echo "image/tryboot/prove.sh: $*" >&2
    exit 1
}

for tool in qemu-system-aarch64 cpio xz dpkg-deb; do
    command -v "$tool" >/dev/null ||
        fail "no $tool here: apt-get install qemu-system-arm cpio xz-utils"
done
[ $# -gt 0 ] || set -- trixie trixie-backports
debs=${XDG_CACHE_HOME:-$HOME/.cache}/credenza/tryboot
work=$(mktemp -d)
trap 'rm -rf "$work" "${apt_root:-}"' EXIT

fetch() { # fetch SUITE FOLDER : the newest kernel with what modules are built with; prints its name
    local kernel version packages
    kernel=$(apt-cache show "linux-image-arm64:arm64=$(newest "$1")" |
        sed -n 's/^Depends:.* linux-image-\([^ ]*-arm64\) .*/\1/p; s/^Depends: linux-image-\([^ ]*\) .*/\1/p' | sed -n 1p)
    [ -n "$kernel" ] || fail "$1 has no linux-image-arm64"
    version=${kernel%-*}
    packages=("linux-headers-$kernel:arm64" "linux-headers-$version-common" "linux-kbuild-$version")
    # From 7.2 on the image's package is an empty one that asks for these.
    if apt-cache show "linux-binary-$kernel:arm64" >/dev/null 2>&1; then
        packages+=("linux-binary-$kernel:arm64" "linux-modules-$kernel:arm64" "linux-base-$kernel:arm64")
    else
        packages+=("linux-image-$kernel:arm64")
    fi
    mkdir -p "$2/$kernel"
    (cd "$2/$kernel" && apt-get -qq download "${packages[@]}") >&2
    echo "$kernel"
}

newest() { # newest SUITE : linux-image-arm64's version there, its security updates included
    apt-cache madison linux-image-arm64:arm64 |
        awk -F' *[|] *' -v suite="$1" '$3 ~ " " suite "(-security)?/" { print $2; exit }'
}

boot() { # boot MACHINE NAME WORD.. : runs it until it resets; NAME.serial and NAME.log
    local machine=$1 name=$2
    shift 2
    # Not a boot that takes this long: one that hangs.
    timeout --kill-after=5 300 qemu-system-aarch64 -M "$machine" -display none -monitor none -nic none \
        -no-reboot -kernel "$work/Image" -initrd "$work/initramfs" \
        -serial "file:$work/$name.serial" \
        -d unimp,guest_errors,trace:bcm2835_mbox_property -D "$work/$name.log" "$@" ||
        fail "QEMU's $machine did not come to its reset: $(tail -n 3 "$work/$name.serial")"
}

tags() { # tags NAME : the tags about reboots that arrived, in order, without repetition
    grep -aoE 'tag:0x000(38064|30048)' "$work/$1.log" | cut -d: -f2 | uniq | paste -sd' '
}

said() { grep -a -q "prove: $2" "$work/$1.serial"; }

prove() { # prove KERNEL
    local kernel=$1 words ko
    rm -rf "$work/tree" "$work/ramfs"
    for deb in "$debs/$kernel"/linux-{image,binary,modules,base}-*_arm64.deb; do
        [ ! -f "$deb" ] || dpkg-deb -x "$deb" "$work/tree"
    done
    find "$work/tree" -name 'vmlinuz*' -type f -exec cp {} "$work/Image" \;
    find "$work/tree" -name bcm2837-rpi-3-b.dtb -exec cp {} "$work/dtb" \;
    mkdir "$work/ramfs"
    find "$work/tree" -name bcm2835_wdt.ko.xz -exec xz -dc {} \; >"$work/ramfs/bcm2835_wdt.ko"
    ko=$(image/tryboot/build.sh "$kernel" "$debs/$kernel" "$work/ramfs" | tail -n 1)
    cp "$work/init" "$work/ramfs/init"
    (cd "$work/ramfs" && find . | cpio -o -H newc --quiet) >"$work/initramfs"

    echo "$kernel"
    if words=$(grep -a -c tryboot "$work/Image"); then
        fail "$kernel has the word 'tryboot' ($words): look whether it sets the flag by itself now"
    fi
    echo "  the kernel has no word 'tryboot'"

    local board=(-dtb "$work/dtb" -append) words
    words='earlycon=pl011,mmio32,0x3f201000 keep_bootcon printk.devkmsg=on panic=-1 rdinit=/init'
    boot raspi3b string "${board[@]}" "$words prove=string"
    grep -a -q "Restarting system with command '0 tryboot'" "$work/string.serial" ||
        fail "the kernel was not rebooted with the word: $(tail -n 3 "$work/string.serial")"
    echo "  reboot(RESTART2, \"0 tryboot\"): the firmware was told $(tags string)"
    [ "$(tags string)" = 0x00030048 ] ||
        fail "expected 0x00030048 (a reboot comes) alone; what sets the flag may have changed"

    boot raspi3b module "${board[@]}" "$words prove=module"
    said module 'loading /tryboot.ko: done' || fail "$ko did not load: $(grep -a prove: "$work/module.serial")"
    said module 'writing 2: Invalid argument' || fail "the module took a 2"
    said module 'writing 1: done' || fail "the module did not take a 1"
    said module 'reading: 1' || fail "the module does not say what was written"
    echo "  echo 1 >once, then a reboot: the firmware was told $(tags module)"
    [ "$(tags module)" = '0x00038064 0x00030048' ] ||
        fail "expected 0x00038064 (the flag), then 0x00030048 (a reboot comes)"

    boot virt elsewhere -cpu cortex-a57 -m 512 -append \
        'earlycon=pl011,0x9000000 keep_bootcon printk.devkmsg=on panic=-1 rdinit=/init prove=module'
    said elsewhere 'loading /tryboot.ko: No such device' ||
        fail "without firmware: $(grep -a prove: "$work/elsewhere.serial")"
    echo "  without the firmware the module does not load: No such device"
}

root=$(image/toolchain/root.sh)
cp "$here/prove.c" "$work/"
image/toolchain/inside.sh "$root" "$work:/build" -- \
    aarch64-linux-gnu-gcc-14 -Os -static -s -Wall -o /build/init /build/prove.c
suites "$@"
for suite; do
    prove "$(fetch "$suite" "$debs")"
done
echo "proven on the emulator; no Raspberry Pi was asked"
