#!/usr/bin/env bash
# Opens a finished image without root and holds it to what image/README.md promises.
#
#   image/check.sh BOARD|FILE.img      the image that image/build.sh made last, or this one
#   image/check.sh --self-test FILE.img   spoils copies of it in a dozen ways; each must be noticed
#
# A line for each promise; the exit code is 1 where one is broken.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

stop() {
    echo "image/check.sh: $*" >&2
    exit 2
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kept() { echo "ok      $*"; }
# What cannot be looked at is no promise kept: it is counted, and told at the end.
unseen() { echo "unseen  $*" | tee -a "$work/unseen"; }
# Noted in a file: half of the promises are looked at in pipes, which are processes of their own.
fault() { echo "BROKEN  $*" | tee -a "$work/broken"; }
# promise WORDS.. -- COMMAND.. : the command's success keeps it
promise() {
    local words=()
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    if "$@" >/dev/null 2>&1; then kept "${words[*]}"; else fault "${words[*]}"; fi
}
none() { # none WORDS.. < LINES : nothing may stand on standard input
    local found
    found=$(head -n 5)
    if [ -z "$found" ]; then kept "$*"; else fault "$*: $(echo "$found" | tr '\n' ' ')"; fi
}

for tool in readelf sfdisk cpio zstd mcopy mdir dumpe2fs debugfs e2fsck fsck.vfat unsquashfs minisign jq; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || stop "needs $tool (see image/packages.txt)"
done
PATH=$PATH:/usr/sbin:/sbin

# --- the card -------------------------------------------------------------------------------------

start_of() { sed -n "s/^.*img$1 : start= *\([0-9]*\),.*/\1/p;" "$work/table"; }
sectors_of() { sed -n "s/^.*img$1 : start= *[0-9]*, size= *\([0-9]*\),.*/\1/p" "$work/table"; }

open_card() {
    # sfdisk names partitions after the file; one name makes them easy to find.
    sfdisk -d "$image" 2>/dev/null | sed 's/^[^ ]*\([1-4]\) : /img\1 : /' >"$work/table" ||
        stop "$image has no partition table; it is no image of ours"
    sed -i 's/^img/x.img/' "$work/table"
    [ -n "$(start_of 4)" ] || stop "$image has not four partitions; it is no image of ours"
    local number
    for number in 1 2 4; do
        dd if="$image" of="$work/p$number" bs=1M skip=$(($(start_of $number) / 2048)) \
            count=$(($(sectors_of $number) / 2048)) conv=sparse status=none
    done
}

check_card() {
    promise "the partition table is a DOS one with a signature" -- grep -q '^label-id: 0x[0-9a-f]\{8\}$' "$work/table"
    local number type
    for number in 1:e 2:c 3:c 4:83; do
        type=${number#*:} number=${number%:*}
        promise "partition $number has the type $type and begins on 4 MiB" -- \
            sh -c "grep -q 'img$number : .*type=$type' '$work/table' && [ $(($(start_of $number) % 8192)) = 0 ]"
    done
    promise "each slot has 256 MiB or less" -- test "$(sectors_of 2)" -le 524288 -a "$(sectors_of 3)" -eq "$(sectors_of 2)"
}

check_selector() {
    promise "the selector is a sound FAT16" -- sh -c "fsck.vfat -n '$work/p1' && minfo -i '$work/p1' :: | grep -q 'FAT16'"
    local file
    for file in autoboot.txt config.txt credenza.toml README.txt; do
        promise "the selector holds $file" -- mdir -b -i "$work/p1" "::$file"
    done
    mcopy -n -i "$work/p1" ::autoboot.txt "$work/autoboot" 2>/dev/null || : >"$work/autoboot"
    promise "autoboot.txt fills one sector" -- test "$(stat -c %s "$work/autoboot")" = 512
    promise "autoboot.txt starts slot A, and tries slot B" -- sh -c \
        "[ \"\$(grep -v '^#' '$work/autoboot' | tr '\n' ' ')\" = '[all] tryboot_a_b=1 boot_partition=2 [tryboot] boot_partition=3 ' ]"
    mdir -b -i "$work/p1" :: 2>/dev/null | grep -iE 'reset-owner|debug-key|user-data|network-config|custom.toml' |
        none "the selector holds nothing of a person's"
}

# --- the slot -------------------------------------------------------------------------------------

check_slot() {
    promise "slot A is a sound FAT32" -- fsck.vfat -n "$work/p2"
    local file
    for file in kernel8.img initramfs cmdline.txt rootfs.sqfs slot.id; do
        promise "slot A holds $file" -- mdir -b -i "$work/p2" "::$file"
    done
    mcopy -n -i "$work/p2" ::cmdline.txt "$work/cmdline" 2>/dev/null || : >"$work/cmdline"
    promise "slot A looks for the disk that it lies on" -- test \
        "$(tr ' ' '\n' <"$work/cmdline" | sed -n 's/^credenza.disk=/label-id: 0x/p')" = "$(grep '^label-id: ' "$work/table")"
    promise "huge pages are for who asks" -- grep -qw 'transparent_hugepage=madvise' "$work/cmdline"
    mcopy -n -i "$work/p2" ::rootfs.sqfs "$work/rootfs.sqfs" || stop "rootfs.sqfs cannot be read from slot A"
    tail -c 65536 "$work/p2" >"$work/head"
    local sizes
    sizes=$(sed -n '2{p;q}' "$work/head" | tr -d '\0')
    local first=$(($(head -n 2 "$work/head" | wc -c)))
    local manifest=${sizes% *} signature=${sizes#* }
    if ! [[ "$manifest $signature" =~ ^[0-9]{1,5}\ [0-9]{1,4}$ ]]; then
        fault "slot A ends in a signed header"
        return
    fi
    tail -c +$((first + 1)) "$work/head" | head -c "$manifest" >"$work/manifest"
    tail -c +$((first + manifest + 1)) "$work/head" | head -c "$signature" >"$work/manifest.minisig"
    unpack_root
    promise "slot A's header is signed by a key that the system has" -- signed_by_own_key
    local bytes
    bytes=$(jq -r .slot_bytes "$work/manifest" 2>/dev/null || echo 0)
    promise "slot A holds what its header says" -- sh -c \
        "[ \"\$(head -c $bytes '$work/p2' | sha256sum | cut -d' ' -f1)\" = \"\$(jq -r .slot_sha256 '$work/manifest')\" ]"
    tail -c 65536 <(dd if="$image" bs=512 skip=$(($(start_of 3) + $(sectors_of 3) - 128)) count=128 status=none) |
        tr -d '\0' | none "slot B is empty, and says so"
}

board_of_slot() { jq -r .board "$work/manifest" 2>/dev/null || true; }
fact() { # fact KEY BOARD : the words of one of its facts
    # shellcheck disable=SC1090
    (set -f; . "$here/../board/$2/meta"; words=${!1}; [ "$words" = none ] || printf '%s\n' $words)
}
filled() { [ "$(mtype -i "$work/p$1" "::$2" | head -c 1 | wc -c)" = 1 ]; } # filled PARTITION FILE

# What the board's own firmware reads before there is a kernel: without one of these the board stays dark.
check_board() {
    local board file
    board=$(board_of_slot)
    # That there is no such board is told with the initramfs.
    [ -f "$here/../board/$board/meta" ] || return 0
    for file in $(fact SELECTOR_FIRMWARE "$board"); do
        promise "the selector holds $file, which $board starts with" -- filled 1 "$file"
    done
    for file in $(fact SLOT_FIRMWARE "$board") $(fact DEVICE_TREES "$board"); do
        promise "slot A holds $file, which $board starts with" -- filled 2 "$file"
    done
    # The emulator has no firmware to read one.
    if [ -f "$here/../board/$board/config.txt" ]; then
        promise "slot A holds config.txt, which tells the firmware of $board what to start" -- filled 2 config.txt
    fi
    # Some of these are named with a star: one is enough, and what links lead to must be there.
    fact WIFI_FIRMWARE "$board" | while read -r file; do
        promise "the system holds $file, without which $board has no Wi-Fi" -- \
            test -n "$(find -L "$root/usr/lib/firmware" -path "$root/usr/lib/firmware/$file" -type f -size +0)"
    done
}

# The first program and its modules; without them there is a card that does not start, or starts once.
check_initramfs() {
    local tree=$work/initramfs.tree board
    mkdir "$tree"
    mcopy -n -i "$work/p2" ::initramfs "$work/initramfs" 2>/dev/null || return 0
    zstd -q -d -c <"$work/initramfs" 2>/dev/null | (cd "$tree" && cpio --quiet -id 2>/dev/null) || true
    mcopy -n -i "$work/p2" ::slot.id "$work/slot.id" 2>/dev/null || true
    promise "the initramfs knows its slot by slot.id" -- cmp "$tree/build.id" "$work/slot.id"
    promise "the initramfs arms the board's watchdog" -- grep -q ' heartbeat=[0-9]' "$tree/start-modules"
    board=$(board_of_slot)
    if [ ! -f "$here/../board/$board/meta" ]; then
        fault "slot A is for a board that there is: '$board'"
        return
    fi
    local module path
    module=$(sed -n 's/^ONE_SHOT_MODULE=//p' "$here/../board/$board/meta")
    path=$(sed -n 's/^ONE_SHOT=//p' "$here/../board/$board/meta")
    promise "the initramfs asks for the other slot as $board does" -- test "$(cat "$tree/one-shot")" = "$path"
    [ "$module" != none ] || return 0
    promise "the initramfs has $module.ko, which asks for the other slot" -- \
        test -n "$(find "$tree/usr/lib/modules" -name "$module.ko")" -a "$(cat "$tree/one-shot-module" 2>/dev/null)" = "$module"
    promise "the system has $module.ko, without which it takes no update" -- \
        test -n "$(find "$root/usr/lib/modules" -name "$module.ko")"
}

signed_by_own_key() {
    local key
    for key in "$root"/usr/share/credenza/update-keys/*.pub; do
        if minisign -V -q -p "$key" -m "$work/manifest" -x "$work/manifest.minisig"; then return 0; fi
    done
    return 1
}

# --- the system -----------------------------------------------------------------------------------

unpack_root() {
    root=$work/root
    unsquashfs -q -n -d "$root" -no-xattrs "$work/rootfs.sqfs" >/dev/null 2>&1 || true
    [ -d "$root/usr" ] || stop "rootfs.sqfs cannot be unpacked"
    unsquashfs -lln "$work/rootfs.sqfs" 2>/dev/null | grep squashfs-root >"$work/modes"
}

# The modes are read from the list: unpacking without root changes owners.
check_modes() {
    awk '$1 ~ /^[^l].......w/ && $1 !~ /^d........t/ { print $NF }' "$work/modes" | none "nothing is writable by everybody"
    awk '$1 ~ /^...[sS]|^......[sS]/ { print $NF }' "$work/modes" | none "nothing is setuid or setgid"
    awk '$2 != "0/0" { print $NF }' "$work/modes" | none "everything belongs to root"
    awk '$1 ~ /^[bc]/ { print $NF }' "$work/modes" | none "there are no device files"
    promise "etc/shadow is root's alone" -- grep -Eq '^-rw------- .*squashfs-root/etc/shadow$' "$work/modes"
}

check_secrets() {
    grep -v '^[^:]*:[*!]' "$root/etc/shadow" | none "no password opens anything"
    # Text alone: programs that read keys have the words in them.
    { grep -rlIE 'PRIVATE KEY|untrusted comment: minisign (encrypted )?secret' "$root" 2>/dev/null || true
      find "$root" -name 'ssh_host_*' -o -name '*host_key*' -o -name authorized_keys -o -name 'id_*' -type f -o -name '*.key'
    } | none "no private keys, no host keys, no known guests"
    promise "two keys may sign updates" -- test "$(ls "$root"/usr/share/credenza/update-keys/*.pub | wc -l)" = 2
    promise "the machine id is not fixed" -- test ! -s "$root/etc/machine-id"
    find "$root" -name sshd -o -name telnetd -o -name 'ssh.service' -o -name 'ssh.socket' | none "there is no sshd"
    promise "a shell from outside needs the owner's key" -- grep -q '^ConditionPathExists=/run/credenza/debug/authorized_keys' \
        "$root/usr/lib/systemd/system/credenza-debug.service"
}

listed() { grep -Eq "^$1 +$2 +$3 " "$here/ports.txt"; } # listed PORT PROTOCOL WHEN

# What listens, by the units that may start. What really does is seen in the boot test, which holds a
# running box to the same image/ports.txt.
check_ports() {
    local port units=$root/usr/lib/systemd/system
    port=$(sed -n 's/^ExecStart=.*--listen \[::\]:\([0-9]*\)$/\1/p' "$units/credenza.service")
    promise "the server listens on a port that image/ports.txt lists ($port)" -- listed "$port" tcp always
    port=$(sed -n 's/^ExecStart=.*dropbear.* -p \([0-9]*\) .*/\1/p' "$units/credenza-debug.service")
    promise "the debug shell listens on a port that image/ports.txt lists ($port)" -- listed "$port" tcp key
    grep -lE '^ExecStart=.*(listen|dropbear|dnsmasq|udhcpd|telnetd|httpd| nc )' "$units"/credenza*.service |
        sed 's|.*/||' | grep -vxE 'credenza(-debug|-ap-names)?\.service' | none "no other unit of ours listens"
    local socket=/run/credenza/steward.sock
    find "$root"/{etc,usr/lib}/systemd/system -name '*.socket' -path '*.wants/*' -printf '%f\n' | sort -u |
        grep -v '^systemd-\|^credenza-steward.socket$\|^dbus.socket$' | none "no sockets but systemd's own and the steward's"
    promise "the steward listens on $socket alone" -- sh -c \
        "[ \"\$(grep -hE '^Listen' '$units'/credenza-*.socket)\" = 'ListenStream=$socket' ]"
    promise "the resolver opens no port" -- grep -rqx 'DNSStubListener=no' "$root/usr/lib/systemd/resolved.conf.d"
    local unit
    for unit in getty@ serial-getty@ console-getty; do
        promise "$unit.service is masked: nobody is asked to log in" -- \
            test "$(readlink "$root/etc/systemd/system/$unit.service")" = /dev/null
    done
}

check_service() {
    local unit=$root/usr/lib/systemd/system/credenza.service line
    for line in User=credenza NoNewPrivileges=yes ProtectSystem=strict CapabilityBoundingSet= WatchdogSec=20 Restart=always; do
        promise "the server's unit says $line" -- grep -qx "$line" "$unit"
    done
    promise "the server is enabled" -- find_link credenza.service
    promise "networkd leaves the addresses to who says goodbye" -- test -z \
        "$(grep -Lx 'KeepConfiguration=dynamic-on-stop' "$root"/usr/lib/systemd/network/20-*.network)"
    promise "the journal is in memory" -- grep -rqx 'Storage=volatile' "$root/usr/lib/systemd/journald.conf.d"
    promise "the board's watchdog is armed" -- grep -rq '^RuntimeWatchdogSec=' "$root/usr/lib/systemd/system.conf.d"
    promise "a systemd that fails restarts the board" -- grep -rqx 'CrashAction=reboot' "$root/usr/lib/systemd/system.conf.d"
    grep -E '\sswap\s' "$root/etc/fstab" | none "no swap on the card"
}
find_link() { [ -n "$(find "$root/etc/systemd/system" -path '*.wants/*' -name "$1")" ]; }

check_licences() {
    local package
    # A card that was built to be tried alone (ONLY=img) has no papers yet; one to be given away has.
    if [ ! -e "$sbom" ] && [ ! -e "$image.xz" ]; then
        unseen "every Debian package that is listed brought its licence: there is no $(basename "$sbom")"
    else
        promise "the list of what is in it lies beside it ($(basename "$sbom"))" -- test -s "$sbom"
        jq -r '.packages[] | select(.externalRefs[]?.referenceLocator | startswith("pkg:deb")) | .name' "$sbom" \
            2>/dev/null >"$work/packages" || true
        promise "it lists Debian packages" -- test -s "$work/packages"
        while read -r package; do
            [ -f "$root/usr/share/doc/$package/copyright" ] || echo "$package"
        done <"$work/packages" | none "every Debian package that is listed brought its licence"
    fi
    promise "our own licence is there" -- test -s "$root/usr/share/doc/credenza/copyright"
    promise "the terms of the map that is built in are there" -- grep -q bangumi-data "$root/usr/share/doc/credenza/libraries"
    for program in credenza ffmpeg ffprobe; do
        promise "$program is there, and is a program of the board" -- sh -c \
            "readelf -h '$root/usr/bin/$program' | grep -q AArch64"
    done
}

# The root is made without some of what its packages depend on: what is linked must be there all the same.
check_libraries() {
    local file library folder=$root/usr/lib
    find "$root/usr" -type f \( -perm /111 -o -name '*.so*' \) -size +0 | while read -r file; do
        readelf -d "$file" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r library; do
            [ -n "$(find "$folder" "$folder/aarch64-linux-gnu" "$folder/aarch64-linux-gnu/systemd" \
                -maxdepth 1 -name "$library")" ] || echo "${file#"$root"} wants $library;"
        done
    done | none "every program finds the libraries that it is linked with"
}

check_data() {
    promise "the data partition is a sound ext4" -- e2fsck -fn "$work/p4"
    dumpe2fs -h "$work/p4" 2>/dev/null >"$work/data"
    promise "the data partition has blocks of 4 KiB" -- grep -q '^Block size: *4096$' "$work/data"
    debugfs -R 'ls -p /' "$work/p4" 2>/dev/null | cut -d/ -f6 | grep -vxE '|\.|\.\.|lost\+found' | none "the data partition is empty"
}

check_sizes() {
    local bytes
    if [ -f "$image.xz" ]; then
        bytes=$(stat -c %s "$image.xz")
        promise "compressed it has 120 MB or less (it has $((bytes / 1000000)))" -- test "$bytes" -le 120000000
        promise "the sum beside it is right" -- sh -c "cd '$(dirname "$image")' && sha256sum -c --quiet '$(basename "$image").xz.sha256'"
        promise "the entry for Raspberry Pi Imager tells its size and sum" -- sh -c \
            "jq -e '.os_list[0] | .extract_size == $(stat -c %s "$image") and .extract_sha256 == \"$(sha256sum <"$image" | cut -d' ' -f1)\" and .image_download_size == $bytes' '${image%.img}.os_list.json'"
    else
        unseen "its size, its sum and its entry for Raspberry Pi Imager: it is not compressed"
    fi
}

# --- the whole ------------------------------------------------------------------------------------

check() {
    open_card
    check_card
    check_selector
    check_slot
    if [ -d "${root:-}" ]; then
        check_board
        check_initramfs
        check_modes
        check_secrets
        check_ports
        check_service
        check_licences
        check_libraries
    fi
    check_data
    check_sizes
}

image=${1:-}
if [ "$image" = --self-test ]; then
    exec "$here/check-self-test.sh" "${2:-}"
fi
[ -n "$image" ] || stop "which image? Give its board or file"
if [ ! -f "$image" ]; then
    folder=${OUT:-${XDG_CACHE_HOME:-$HOME/.cache}/credenza/image}
    [ -d "$here/../board/$image" ] || stop "$image is neither a file nor a board"
    image=$(ls -t "$folder/credenza-$image-"*.img 2>/dev/null | head -n 1 || true)
    [ -n "$image" ] || stop "there is no image of that board in $folder; build it first: image/build.sh ${1}"
fi
image=$(readlink -f "$image")
sbom=${image%.img}.spdx.json
echo "$image"
# Not under set -e: a search that finds nothing is most often what is promised.
check || true
if [ -s "$work/broken" ]; then
    echo "image/check.sh: $(wc -l <"$work/broken") promises are broken" >&2
    exit 1
fi
echo "everything as promised$([ ! -s "$work/unseen" ] || echo ", but $(wc -l <"$work/unseen") not looked at")"
