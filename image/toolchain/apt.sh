# Debian's packages of named suites, whatever the machine itself runs. Read by other scripts:
#
#   . image/toolchain/apt.sh
#   suites trixie trixie-backports      once; newest lists, in a folder of their own
#   apt-get download PACKAGE            from here on apt knows these suites only
#
# The lists lie in $apt_root: remove it at the end. The machine's sources, lists and installed packages stay as they are. The mirror is the one that
# the machine's own apt uses, or DEBIAN_MIRROR (and DEBIAN_SECURITY_MIRROR).

host_mirror() { # host_mirror LABEL : where the machine's apt finds Debian, or Debian-Security
    env -u APT_CONFIG apt-get indextargets --format '$(LABEL)|$(REPO_URI)' \
        'Created-By: Packages' 2>/dev/null | sed -n "s#^$1|##p" | sed -n 1p
}

suites() { # suites SUITE.. : a suite's security updates come with it
    command -v apt-get >/dev/null || {
        echo "no apt-get here: build on Debian, or in a container of it" >&2
        return 1
    }
    local mirror=${DEBIAN_MIRROR:-} security=${DEBIAN_SECURITY_MIRROR:-}
    [ -n "$mirror" ] || mirror=$(host_mirror Debian)
    [ -n "$security" ] || security=$(host_mirror Debian-Security)
    [ -n "$mirror" ] || {
        echo "no Debian mirror in this machine's apt configuration: name one in DEBIAN_MIRROR" >&2
        return 1
    }
    local keys=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
    [ -f "$keys" ] || {
        echo "no $keys: install debian-archive-keyring, or name its file in DEBIAN_KEYRING" >&2
        return 1
    }
    local suite kind root
    # A folder of its own each time: two builds at a time must not share one.
    apt_root=$(mktemp -d)
    root=$apt_root
    mkdir -p "$root/lists/partial" "$root/archives/partial" "$root/parts"
    : >"$root/status"
    for suite; do
        for kind in deb deb-src; do
            echo "$kind [signed-by=$keys] $mirror $suite main contrib non-free-firmware"
            case $suite in
                *-backports) ;;
                *) [ -z "$security" ] ||
                    echo "$kind [signed-by=$keys] $security $suite-security main contrib non-free-firmware" ;;
            esac
        done
    done >"$root/sources.list"
    cat >"$root/apt.conf" <<CONF
Dir::State::lists "$root/lists";
Dir::State::status "$root/status";
Dir::Cache "$root";
Dir::Etc::sourcelist "$root/sources.list";
Dir::Etc::sourceparts "$root/parts";
Dir::Etc::preferencesparts "$root/parts";
Dir::Etc::preferences "$root/preferences";
APT::Architecture "amd64";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
    export APT_CONFIG=$root/apt.conf
    apt-get -qq update >&2
}

download() { # download LOCK FOLDER : the packages of a lock (sha256sum's format, apt's file names)
    local sum file name version arch wanted=()
    while read -r sum file; do
        case $sum in '' | '#'*) continue ;; esac
        [ -f "$2/$file" ] && continue
        name=${file%%_*} version=${file#*_} arch=${file##*_}
        version=${version%_*} version=${version//%3a/:} arch=${arch%.deb}
        # Packages without an architecture are found under the machine's own.
        [ "$arch" = all ] && arch=amd64
        wanted+=("$name:$arch=$version")
    done <"$1"
    [ ${#wanted[@]} -eq 0 ] || (cd "$2" && apt-get -qq download "${wanted[@]}") >&2 || return 1
    (cd "$2" && grep -v '^#' "$OLDPWD/$1" | sha256sum --check --quiet -) >&2
}
