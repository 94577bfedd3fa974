#!/usr/bin/env bash
# Tries the Debian package and the container file, amd64, on a machine that has neither systemd running
# nor a container engine's daemon. Wants root (and says so).
#
#   image/package/try.sh [deb|container]    both if neither is named; BINARY= as for deb.sh
#
# deb        a fresh Debian trixie: installed, the unit verified and weighed, its command line run as
#            its user until /health answers, removed, purged
# container  the image built on a base made here (nothing is pulled) and run, with its health check
#
# All of it in a network of its own: port 8080 is free there, and nothing reaches out but apt.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
cd "$here/../.."
# shellcheck source=image/toolchain/apt.sh
. image/toolchain/apt.sh

fail() {
    echo "image/package/try.sh: $*" >&2
    exit 1
}

[ "$(id -u)" -eq 0 ] || fail "wants root: it installs into a root of its own, and changes users there"
command -v mmdebstrap >/dev/null || fail "no mmdebstrap here: apt-get install mmdebstrap"
work=$(mktemp -d)
trap 'rm -rf "$work" "${apt_root:-}"' EXIT
export OUT=$work/out

trixie() { # trixie FOLDER PACKAGE.. : a fresh root; with the machine's mirror as its own
    local folder=$1 IFS=,
    shift
    [ -n "${apt_root:-}" ] || suites trixie
    sed -n 's/^deb \[[^]]*\]/deb/p' "$apt_root/sources.list" >"$work/sources"
    # shellcheck disable=SC2094
    env -u APT_CONFIG mmdebstrap --quiet --variant=minbase --include="$*" trixie "$folder" - <"$work/sources"
}

alone() { # alone COMMAND.. : in a network of nothing but loopback; what it leaves running ends with it
    unshare --net --pid --fork --kill-child --mount-proc bash -euo pipefail -c '
        ip link set lo up
        "$@"' alone "$@"
}

wait_for_health() { # until 200, or not within a minute; says what it answered
    local tries answer=''
    for tries in $(seq 240); do
        answer=$(curl -s -o /dev/null -w '%{http_code}' --max-time 2 http://127.0.0.1:8080/health || true)
        [ "$answer" = 200 ] && return 0
        kill -0 "$1" 2>/dev/null || break
        sleep 0.25
    done
    echo "/health answered $answer after $tries tries" >&2
    return 1
}

serve_and_ask() { # serve_and_ask COMMAND.. : runs it until /health answers 200
    "$@" >"$work/said" 2>&1 &
    local server=$!
    if wait_for_health "$server"; then
        echo "  /health: 200"
    else
        cat "$work/said" >&2
        fail "the server did not answer"
    fi
    kill -TERM "$server"
    wait "$server" || true
}

try_deb() {
    local package root=$work/trixie command unit
    package=$(image/package/deb.sh amd64 | tail -n 1)
    trixie "$root" systemd ca-certificates libgcc-s1
    # As a machine without its own service manager: nothing is started at the installation.
    cp "$package" "$root/credenza.deb"
    chroot "$root" dpkg --install /credenza.deb >"$work/dpkg" 2>&1 || {
        cat "$work/dpkg" >&2
        fail "dpkg did not install it"
    }
    echo "installed: $(chroot "$root" dpkg-query -W -f='${Package} ${Version} ${db:Status-Status}' credenza)"
    chroot "$root" systemctl is-enabled credenza.service | sed 's/^/  the unit is /'
    chroot "$root" stat -c '  %n: %U:%G %a' /etc/credenza/credenza.toml
    # What cannot be there in a chroot (a running manager) is no matter of the unit's.
    chroot "$root" systemd-analyze verify --man=no /usr/lib/systemd/system/credenza.service 2>"$work/verify" || true
    ! grep credenza "$work/verify" >&2 || fail "systemd-analyze finds fault with the unit"
    # Exposure times ten: fails above 2.0.
    chroot "$root" systemd-analyze security --offline=true --threshold=20 --no-pager credenza.service \
        >"$work/security" || fail "the unit is too exposed: $(tail -n 1 "$work/security")"
    tail -n 1 "$work/security" | sed 's/^[^A-Za-z]*/  /'

    unit=$root/usr/lib/systemd/system/credenza.service
    command=$(sed -n 's/^ExecStart=//p' "$unit")
    # As StateDirectory= does.
    chroot "$root" install -d -o credenza -g credenza -m 700 /var/lib/credenza
    mount --bind /dev "$root/dev"
    echo "started as the unit's user: $command"
    # shellcheck disable=SC2086 # the unit's words
    (serve_in_chroot "$root" $command) || {
        umount "$root/dev"
        fail "the installed server did not serve"
    }
    umount "$root/dev"
    [ -n "$(ls -A "$root/var/lib/credenza")" ] || fail "it kept nothing in /var/lib/credenza"
    chroot "$root" dpkg --install /credenza.deb >>"$work/dpkg" 2>&1 || fail "it cannot be installed over itself"
    chroot "$root" dpkg --remove credenza >>"$work/dpkg" 2>&1 || fail "it cannot be removed"
    [ -f "$root/etc/credenza/credenza.toml" ] || fail "removing it took the owner's configuration"
    chroot "$root" dpkg --purge credenza >>"$work/dpkg" 2>&1 || fail "it cannot be purged"
    for left in /etc/credenza /var/lib/credenza /usr/bin/credenza /usr/share/doc/credenza \
        /etc/systemd/system/multi-user.target.wants/credenza.service; do
        [ ! -e "$root$left" ] && [ ! -L "$root$left" ] || fail "purging it left $left"
    done
    echo "removed, purged: nothing is left"
}

serve_in_chroot() { # serve_in_chroot ROOT COMMAND..
    local root=$1
    shift
    export -f wait_for_health serve_and_ask fail
    export work
    # shellcheck disable=SC2016
    alone bash -c 'serve_and_ask chroot --userspec=credenza:credenza "$@"' serve "$root" "$@"
}

try_container() {
    command -v buildah >/dev/null || {
        echo "no buildah here (apt-get install buildah): the container was not tried"
        return 0
    }
    local base=$work/base container root
    trixie "$base" ca-certificates
    # buildah's own store, in the folder that goes away.
    export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
    printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' "$work/store" "$work/run" >"$work/storage.conf"
    export CONTAINERS_STORAGE_CONF=$work/storage.conf
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$base" / >/dev/null
    buildah commit --quiet "$container" localhost/base >/dev/null
    buildah rm "$container" >/dev/null
    ENGINE=buildah image/package/container.sh amd64 --pull-never --isolation chroot \
        --build-arg BASE=localhost/base >"$work/build" 2>&1 || {
        tail -n 20 "$work/build" >&2
        fail "buildah did not build the container file"
    }
    container=$(buildah from --pull-never localhost/credenza)
    echo "built; its command: $(buildah inspect --type container --format '{{.Docker.Config.Entrypoint}} {{.Docker.Config.Cmd}}' "$container")"
    root=$(buildah mount "$container")
    mapfile -t command < <(buildah inspect --type container "$container" |
        python3 -c 'import json,sys; c=json.load(sys.stdin)["Docker"]["config"]; print(*c["Entrypoint"], *c["Cmd"], sep="\n")')
    mapfile -t check < <(buildah inspect --type container "$container" |
        python3 -c 'import json,sys; print(*json.load(sys.stdin)["Docker"]["config"]["Healthcheck"]["Test"][1:], sep="\n")')
    [ "${check[0]:-}" = bash ] || fail "the image has no health check"
    export -f wait_for_health serve_and_ask fail serve_and_check
    export work root container
    printf '%s\n' "${check[@]}" >"$work/check"
    alone bash -c 'serve_and_check "$@"' serve buildah run --isolation chroot "$container" -- "${command[@]}"
    buildah rm "$container" >/dev/null
}

serve_and_check() { # as serve_and_ask, and the image's own health check while it runs
    local check server
    "$@" >"$work/said" 2>&1 &
    server=$!
    wait_for_health "$server" || {
        cat "$work/said" >&2
        fail "the container did not answer"
    }
    echo "  /health: 200"
    mapfile -t check <"$work/check"
    buildah run --isolation chroot "$container" -- "${check[@]}" || fail "its health check failed"
    echo "  its health check: healthy"
    ps -o user= -C credenza | sort -u | sed 's/^/  it runs as user number /'
    kill -TERM "$server"
    wait "$server" || true
}

case ${1:-both} in
    deb) try_deb ;;
    container) try_container ;;
    both)
        try_deb
        try_container
        ;;
    *) fail "wants deb, container or nothing, not '$1'" ;;
esac
