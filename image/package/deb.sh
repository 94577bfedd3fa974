#!/usr/bin/env bash
# Makes credenza_VERSION_ARCH.deb, for a server that runs Debian or a child of it.
#
#   image/package/deb.sh amd64|arm64
#   BINARY=path    the program; else it is built (cargo here, image/cross.sh for another architecture)
#   OUT=folder     where the package goes; ${XDG_CACHE_HOME:-~/.cache}/credenza/image
#   SOURCE_DATE_EPOCH=seconds   the date of all files; that of the last commit where unset
#
# The last line is the package's path. Same program, same commit: same bytes. dpkg-deb makes it and not
# debhelper, whose packages hold what the builder's own Debian adds to them.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

fail() {
    echo "image/package/deb.sh: $*" >&2
    exit 1
}

arch=${1:-}
case $arch in
    amd64) target=x86_64-unknown-linux-gnu tools='' ;;
    arm64) target=aarch64-unknown-linux-gnu tools=aarch64-linux-gnu- ;;
    *) fail "wants an architecture, amd64 or arm64, not '$arch'" ;;
esac
cache=${XDG_CACHE_HOME:-$HOME/.cache}/credenza
out=${OUT:-$cache/image}
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH

find_binary() {
    if [ -n "${BINARY:-}" ]; then
        [ -f "$BINARY" ] || fail "BINARY=$BINARY is not there"
        echo "$BINARY"
    elif [ "$arch" = "$(dpkg --print-architecture)" ]; then
        CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target} cargo build --locked --release --bin credenza >&2
        echo "${CARGO_TARGET_DIR:-$cache/target}/release/credenza"
    else
        local board
        board=$(grep -lx "DEBIAN_ARCH=$arch" board/*/meta | sed -n 1p)
        [ -n "$board" ] || fail "no board of board/ is $arch, and image/cross.sh builds for boards"
        image/cross.sh "$(basename "$(dirname "$board")")" | tee /dev/stderr | tail -n 1
    fi
}

needs_of() { # needs_of PROGRAM : the packages that hold what it is linked with
    local program=$1 libc library
    # The newest version of libc's names that it asks for is the oldest libc it runs with.
    libc=$("${tools}objdump" -T "$program" | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -n 1)
    [ -n "$libc" ] || fail "$program names no libc: is it static? Then needs_of is to be changed"
    printf 'libc6 (>= %s)' "${libc#GLIBC_}"
    for library in $("${tools}readelf" -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        case $library in
            libc.so.6 | libm.so.6 | ld-linux-*) ;;
            libgcc_s.so.1) printf ', libgcc-s1 (>= 4.2)' ;;
            *) fail "$program needs $library: say here which package has it" ;;
        esac
    done
}

binary=$(find_binary)
"${tools}readelf" -h "$binary" >/dev/null 2>&1 || fail "$binary is no program, or binutils for $arch are missing"
machine=$(LC_ALL=C "${tools}readelf" -h "$binary" | sed -n 's/ *Machine: *//p')
case $arch:$machine in
    amd64:*X86-64 | arm64:AArch64) ;;
    *) fail "$binary is for '$machine', not for $arch" ;;
esac
version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | sed -n 1p)}

umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
doc=$root/usr/share/doc/credenza
install -D -m 755 "$binary" "$root/usr/bin/credenza"
"${tools}strip" --strip-all --remove-section=.comment "$root/usr/bin/credenza"
install -D -m 644 image/package/debian/credenza.toml "$root/etc/credenza/credenza.toml"
install -D -m 644 image/package/debian/sysusers.conf "$root/usr/lib/sysusers.d/credenza.conf"
mkdir -p "$root/usr/lib/systemd/system" "$doc" "$root/DEBIAN"
python3 image/package/unit.py image/rootfs/usr/lib/systemd/system/credenza.service \
    >"$root/usr/lib/systemd/system/credenza.service"
install -m 644 image/package/debian/copyright docs/configuration.md docs/api.md "$doc/"
python3 image/package/licences.py "$target" | gzip -9n >"$doc/licences.gz"
{
    echo "credenza ($version) unstable; urgency=medium"
    echo
    echo "  * Built from commit $(git rev-parse --short=12 HEAD)."
    echo
    echo " -- The Credenza authors <credenza@packages.invalid>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.gz"

for script in postinst prerm postrm; do
    install -m 755 "image/package/debian/$script" "$root/DEBIAN/$script"
done
echo /etc/credenza/credenza.toml >"$root/DEBIAN/conffiles"
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
cat >"$root/DEBIAN/control" <<CONTROL
Package: credenza
Version: $version
Architecture: $arch
Maintainer: The Credenza authors <credenza@packages.invalid>
Installed-Size: $(du -k --apparent-size -s --exclude=DEBIAN "$root" | cut -f1)
Depends: $(needs_of "$root/usr/bin/credenza"), ca-certificates, systemd | systemd-standalone-sysusers | systemd-sysusers
Section: video
Priority: optional
Description: media server for the living room
 Credenza finds films and episodes, keeps what is watched, and serves it to
 the televisions, phones and browsers of a home, over HTTP.
 .
 After the installation it answers on port 8080, and asks for the six digits
 that it writes into its log at every start until somebody has claimed it.
CONTROL
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -print0 | xargs -0r touch --no-dereference --date="@$SOURCE_DATE_EPOCH"
mkdir -p "$out"
package=$out/credenza_${version}_$arch.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$package" >&2
echo "$package"
