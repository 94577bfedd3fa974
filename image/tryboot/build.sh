#!/usr/bin/env bash
# Builds tryboot.ko for one of Debian's arm64 kernels.
#
#   image/tryboot/build.sh KERNEL FOLDER [OUT]
#
#   KERNEL  as `uname -r` says it there: 6.12.117+deb13-arm64
#   FOLDER  holds that kernel's three packages (fetched and checked by who calls):
#             linux-headers-KERNEL_*.deb                the configuration and, where the kernel checks
#                                                       them, the symbols' checksums (arm64)
#             linux-headers-VERSION-common_*.deb        the headers (any)
#             linux-kbuild-VERSION_*_amd64.deb          Kbuild's programs, which run here
#   OUT     where tryboot.ko goes; the current folder if not given
#
# The last line is the module's path. The same packages give the same bytes, whatever the folder, the
# day and the machine: the compiler is the one in image/toolchain/lock, which is the compiler that
# built the kernel (Kbuild's programs are trixie's too, and need its libc).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

fail() {
    echo "image/tryboot/build.sh: $*" >&2
    exit 1
}

[ $# -ge 2 ] || fail "wants KERNEL FOLDER [OUT], such as 6.12.117+deb13-arm64 debs"
kernel=$1 folder=$2 out=$(readlink -f "${3:-.}")
version=${kernel%-*}
[ "$kernel" != "$version" ] || fail "'$kernel' is no kernel's name; it ends in -arm64"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in "linux-headers-$kernel" "linux-headers-$version-common" "linux-kbuild-$version"; do
    found=''
    for deb in "$folder/${package}"_*.deb; do
        case $deb in
            "$folder/linux-kbuild-"*_amd64.deb) found=$deb ;;
            "$folder/linux-kbuild-"*) ;;
            *.deb) [ -f "$deb" ] && found=$deb ;;
        esac
    done
    [ -n "$found" ] || fail "no ${package}_*.deb in $folder: apt-get download $package there"
    dpkg-deb -x "$found" "$work/headers"
done
mkdir "$work/module"
cp "$here/tryboot.c" "$here/Kbuild" "$work/module/"

root=$("$here/../toolchain/root.sh")
# BTF is for tracing, and would need pahole beside the compiler. Kbuild writes the time and the builder nowhere into a module; these are for the day it does.
"$here/../toolchain/inside.sh" "$root" \
    "$work/headers/usr/src:/usr/src" \
    "$work/headers/usr/lib/linux-kbuild-$version:/usr/lib/linux-kbuild-$version" \
    "$work/module:/build" -- \
    make -C "/usr/src/linux-headers-$kernel" M=/build \
    ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc-14 \
    KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=credenza KBUILD_BUILD_HOST=credenza \
    KCFLAGS=-fmacro-prefix-map=/build/= CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    fail "the module was not built for $kernel"
}
ko=$work/module/tryboot.ko
"$here/../toolchain/inside.sh" "$root" "$work/module:/build" -- \
    aarch64-linux-gnu-strip --strip-debug /build/tryboot.ko
magic=$(tr '\0' '\n' <"$ko" | sed -n 's/^vermagic=//p')
[ "${magic%% *}" = "$kernel" ] ||
    fail "the module says it is for '${magic%% *}', not for $kernel: are these its packages?"
# A kernel that checks checksums refuses a module that has none.
if grep -qx CONFIG_MODVERSIONS=y "$work/headers/usr/src/linux-headers-$kernel/.config"; then
    grep -q __versions "$ko" || fail "$kernel wants symbol checksums, and the module has none"
fi
install -D -m 644 "$ko" "$out/tryboot.ko"
echo "$magic"
echo "$out/tryboot.ko"
