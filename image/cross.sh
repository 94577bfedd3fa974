#!/usr/bin/env bash
# Builds the binary for a board, and runs it under qemu-user.
#
#   image/cross.sh BOARD           a folder of board/: rpi3, rpi4, rpi5
#   PROFILE=image image/cross.sh   smallest and slowest to build; `release` where unset
#   ROUTE=cross|rustup|debian      instead of the first of these that the machine offers:
#     cross    a container engine answers (`docker info`, `podman info`); installs cross if need be
#     rustup   this toolchain has the target's standard library (`rustup target add TARGET`)
#     debian   /usr/bin/rustc with the library of Debian's multiarch; installed if need be
#
# The last line is the binary's path.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

fail() {
    echo "image/cross.sh: $*" >&2
    exit 1
}

board=${1:-}
[ -n "$board" ] && [ -f "board/$board/meta" ] ||
    fail "no board '$board'; there are: $(cd board && echo *)"
unset NAME TARGET GCC DEBIAN_ARCH QEMU_USER STATUS
# shellcheck source=/dev/null
. "board/$board/meta"
for fact in NAME TARGET GCC DEBIAN_ARCH QEMU_USER STATUS; do
    [ -n "${!fact:-}" ] || fail "board/$board/meta does not say $fact"
done

profile=${PROFILE:-release}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/credenza
# Its own folder: another compiler's output in the usual one would be built over and over.
export CARGO_TARGET_DIR=${CROSS_TARGET_DIR:-$cache/target-cross}
binary=$CARGO_TARGET_DIR/$TARGET/$profile/credenza
debian_rustc=/usr/bin/rustc

# --- what the machine offers ----------------------------------------------------------------------

has_engine() { timeout 20 docker info >/dev/null 2>&1 || timeout 20 podman info >/dev/null 2>&1; }

has_std() { # has_std RUSTC : whether it can compile for the target
    command -v "$1" >/dev/null && ls "$("$1" --print sysroot)/lib/rustlib/$TARGET/lib/"libstd-* >/dev/null 2>&1
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install() { # install PACKAGE.. : those of Debian's packages that are missing
    command -v apt-get >/dev/null || fail "needs these by other means than apt-get: $*"
    local missing=() package sudo=''
    for package; do is_installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "installing: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
    dpkg --print-foreign-architectures | grep -qx "$DEBIAN_ARCH" ||
        $sudo dpkg --add-architecture "$DEBIAN_ARCH"
    $sudo apt-get -q -o DPkg::Lock::Timeout=300 update
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "${missing[@]}"
}

choose() {
    if [ -n "${ROUTE:-}" ]; then
        echo "$ROUTE"
    elif has_engine; then
        echo cross
    elif has_std rustc; then
        echo rustup
    else
        echo debian
    fi
}

# --- building -------------------------------------------------------------------------------------

build() { # build CARGO-LIKE-COMMAND..
    "$@" build --locked --profile "$profile" --target "$TARGET" --bin credenza
}

by_cross() {
    command -v cross >/dev/null || cargo install cross --locked --root "$cache/cross"
    PATH=$PATH:$cache/cross/bin build cross
}

by_cargo() {
    install "gcc-$GCC" "libc6-dev-$DEBIAN_ARCH-cross"
    local linker=CARGO_TARGET_${TARGET^^}_LINKER
    build env "${linker//-/_}=$GCC-gcc" cargo
}

by_debian() {
    # rustc-web is the newer compiler that Debian keeps for its browsers. cargo stays the
    # household's own, so that nothing of rustup changes.
    has_std "$debian_rustc" || install rustc-web "libstd-rust-web-dev:$DEBIAN_ARCH"
    has_std "$debian_rustc" || fail "$debian_rustc has no standard library for $TARGET"
    RUSTC=$debian_rustc by_cargo
}

route=$(choose)
echo "$NAME ($STATUS): $TARGET by $route, profile $profile"
case $route in
    cross) by_cross ;;
    rustup) by_cargo ;;
    debian) by_debian ;;
    *) fail "unknown ROUTE '$route'; it is cross, rustup or debian" ;;
esac
echo "built in $SECONDS s: $(stat -c %s "$binary") bytes"

# --- trying ---------------------------------------------------------------------------------------

# The target's own libc, from Debian's multiarch. Never -L with the cross compiler's libc: its
# loader beside another libc hangs every program that has threads. So the limit, too.
install qemu-user-static "libc6:$DEBIAN_ARCH" "libgcc-s1:$DEBIAN_ARCH"
emulated() { timeout --kill-after=5 60 "$QEMU_USER" "$binary" "$@"; }

version=$(emulated --version) || fail "--version failed under $QEMU_USER"
case $version in
    "credenza "*) echo "$version" ;;
    *) fail "--version under $QEMU_USER said: '$version'" ;;
esac
parsed=$(echo 'Some.Film.2019.1080p.WEB-DL.DD5.1.H.264-GROUP' | emulated parse) ||
    fail "parse failed under $QEMU_USER"
echo "$parsed"
case $parsed in
    *'"resolution":"1080p"'*) ;;
    *) fail "parse under $QEMU_USER did not find 1080p" ;;
esac
echo "$binary"
