#!/usr/bin/env bash
# Builds the container image `credenza` with the engine that is here: podman, buildah or docker.
#
#   image/package/container.sh amd64|arm64 [ENGINE OPTION..]     BINARY= and OUT= as for deb.sh
#
# It holds what the Debian package holds, from the same program. Another architecture than the
# machine's needs binfmt for qemu-user, since Debian's own programs run while it is built.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

fail() {
    echo "image/package/container.sh: $*" >&2
    exit 1
}

arch=${1:-}
[ -n "$arch" ] || fail "wants an architecture, amd64 or arm64"
shift
engine=${ENGINE:-}
for candidate in podman buildah docker; do
    [ -n "$engine" ] || ! command -v "$candidate" >/dev/null || engine=$candidate
done
[ -n "$engine" ] || fail "no podman, buildah or docker here: apt-get install buildah"
package=$(image/package/deb.sh "$arch" | tail -n 1)
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
dpkg-deb -x "$package" "$context/root"
cp image/package/Containerfile "$context/"
# The format that has health checks; docker knows no other.
format=(--format docker)
[ "$engine" != docker ] || format=()
"$engine" build --platform "linux/$arch" "${format[@]}" --tag credenza "$@" \
    --file "$context/Containerfile" "$context"
