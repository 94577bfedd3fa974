# What the recipe is told: the board's facts, the tools, the folders, the date, the binary.

read_facts() { # read_facts BOARD
    board=$1
    [ -n "$board" ] && [ -f "board/$board/meta" ] ||
        fail "no board '$board'; there are: $(cd board && echo *)"
    unset NAME TARGET DEBIAN_ARCH STATUS KERNEL_PACKAGE DEVICE_TREES FIRMWARE_PACKAGES \
        SLOT_FIRMWARE SELECTOR_FIRMWARE WIFI_FIRMWARE DISK_ID ONE_SHOT ONE_SHOT_MODULE IMAGER_DEVICES
    # shellcheck source=/dev/null
    . "board/$board/meta"
    local fact file
    # An absence is said, too ("none"): a forgotten fact would be a card that does not start.
    for fact in NAME TARGET DEBIAN_ARCH STATUS KERNEL_PACKAGE DEVICE_TREES FIRMWARE_PACKAGES SLOT_FIRMWARE SELECTOR_FIRMWARE WIFI_FIRMWARE DISK_ID ONE_SHOT ONE_SHOT_MODULE IMAGER_DEVICES; do
        [ -n "${!fact:-}" ] || fail "board/$board/meta does not say $fact"
    done
    for file in cmdline.txt start-modules.txt modules.txt; do
        [ -f "board/$board/$file" ] || fail "board/$board has no $file"
    done
    [[ $DISK_ID =~ ^[0-9a-f]{8}$ ]] || fail "board/$board/meta: DISK_ID is eight hexadecimal digits, not '$DISK_ID'"
}

items() { [ "$1" = none ] || echo "$1"; } # the words of a fact, or nothing

install_tools() {
    local missing=() package sudo=''
    for package in $(words_of image/packages.txt); do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "needs these by other means than apt-get: ${missing[*]}"
    say "installing: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
    $sudo apt-get -q -o DPkg::Lock::Timeout=300 update
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "${missing[@]}"
}

choose_folders() {
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/credenza/image
    out=${OUT:-$cache}
    mkdir -p "$out" "$cache/debs"
    out=$(readlink -f "$out")
    work=$out/$board
    version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)}
    counter=${COUNTER:-$(cat image/counter)}
    [[ $version =~ ^[0-9A-Za-z.+~-]+$ ]] || fail "VERSION '$version' is no version"
    [[ $counter =~ ^[1-9][0-9]*$ ]] || fail "COUNTER '$counter' is no positive number"
    product=$out/credenza-$board-$version
    # Two builds at once into one folder would mix; the second waits for the first, and only then
    # clears away.
    exec 9>"$out/.$board.lock"
    if ! flock --nonblock 9; then
        say "another build of $board into $out is running: this one waits for it"
        flock 9
    fi
    # What another build left would be in this one.
    if [ -d "$work" ]; then chmod -R u+rwX "$work"; fi
    rm -rf "$work"
    mkdir -p "$work"
    # Files are as readable as this recipe says, whoever runs it.
    umask 022
}

fix_the_date() {
    if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
        SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) ||
            fail "this is no git checkout, so it has no date: set SOURCE_DATE_EPOCH (seconds since 1970)"
    fi
    # FAT and the programs that write it know the local time only, and sort by the language.
    export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C MTOOLS_SKIP_CHECK=1
}

find_binary() {
    if [ -z "${BINARY:-}" ]; then
        say "building the binary"
        BINARY=$(image/cross.sh "$board" | tee >(cat >&2) | tail -n 1)
    fi
    [ -f "$BINARY" ] || fail "there is no BINARY '$BINARY'"
    # The field e_machine of its header: 183 is AArch64. Another's would start nowhere.
    [ "$(od -An -tu2 -j18 -N2 "$BINARY" | tr -d ' ')" = 183 ] ||
        fail "$BINARY is no program for $TARGET: image/cross.sh builds one"
    BINARY=$(readlink -f "$BINARY")
}

make_keys() {
    keys=${KEYS:-$cache/keys}
    if [ -z "${KEYS:-}" ] && [ ! -f "$keys/current.key" ]; then
        say "making keys of this machine in $keys: what they sign is for trying only"
        mkdir -p "$keys"
        chmod 700 "$keys"
        local key
        for key in next current; do
            minisign -G -W -f -p "$keys/$key.pub" -s "$keys/$key.key" >/dev/null
        done
    fi
    local file
    for file in current.key current.pub next.pub; do
        [ -f "$keys/$file" ] || fail "KEYS: there is no $keys/$file"
    done
}
