# The root: Debian's files, without what nobody reads here; what maintainer scripts would have made;
# ours over them.

make_root() {
    say "the root"
    root=$work/root
    mkdir -p "$root"/usr/{bin,sbin,lib}
    local name debs
    for name in bin sbin lib; do ln -s "usr/$name" "$root/$name"; done
    mapfile -t debs < <(debs root)
    unpack "$root" "${debs[@]}"
    prune
    add_people
    add_certificates
    add_applets
    add_licences "$kernel_tree"
    add_firmware
    add_ours
    enable_units
    close_modes
}

prune() {
    # Documents, but for the licences: those must travel with the programs.
    find "$root/usr/share/doc" -mindepth 2 ! -type d ! -name copyright -delete
    # Some packages share a folder by a link, which must not lead nowhere.
    find "$root/usr/share/doc" -xtype l -delete
    find "$root/usr/share/doc" -mindepth 1 -type d -empty -delete
    local path
    for path in usr/share/{man,locale,info,lintian,bash-completion,zsh,bug,doc-base,polkit-1,initramfs-tools} \
        usr/share/{menu,pixmaps,applications,fish,reportbug,apport,gcc,gdb,dbus-1,perl5,pkgconfig,factory} \
        usr/lib/{udev/hwdb.d,systemd/catalog,systemd/ntp-units.d,systemd/user,systemd/user-preset,systemd/boot} \
        usr/lib/{kernel,pam.d,sysusers.d,environment.d,initcpio,pcrlock.d,modprobe.d,valgrind,locale,rpm} \
        usr/lib/aarch64-linux-gnu/{gconv,audit,perl-base} \
        etc/{cron.d,cron.daily,cron.weekly,apparmor.d,init.d,pam.d,xdg,skel,kernel,default/*,rc?.d,update-motd.d} \
        etc/{dbus-1,ucf.conf,logrotate.d,alternatives,X11,wpa_supplicant} \
        boot media mnt opt home usr/games usr/include usr/src usr/local; do
        rm -rf "${root:?}"/$path
    done
    # Programs of util-linux for what is not here: who logged in, and a second way to partition.
    rm -f "$root"/usr/bin/{lslogins,last,lastb,lastlog2} "$root"/usr/sbin/cfdisk
    rm -rf "${root:?}"/{var,tmp,run,proc,sys,dev}/*
}

add_people() {
    local name number home shell member
    for file in passwd group shadow gshadow; do : >"$root/etc/$file"; done
    while read -r name number home; do
        shell=/usr/sbin/nologin
        if [ "$name" = root ]; then shell=/bin/sh; fi
        echo "$name:x:$number:$number:$name:$home:$shell" >>"$root/etc/passwd"
        echo "$name:x:$number:" >>"$root/etc/group"
        # Locked: no password opens anything. The owner's debug key is not a password.
        echo "$name:*:1::::::" >>"$root/etc/shadow"
    done < <(grep -v '^#' image/root/users.txt)
    while read -r name number; do
        # The screen's service opens the console.
        member=''
        if [ "$name" = tty ] || [ "$name" = video ]; then member=credenza; fi
        echo "$name:x:$number:$member" >>"$root/etc/group"
    done < <(grep -v '^#' image/root/groups.txt)
    # busybox brings none; units name it by its usual path.
    ln -sf ../bin/false "$root/usr/sbin/nologin"
    echo /bin/sh >"$root/etc/shells"
}

add_certificates() {
    # What update-ca-certificates would write: all that Mozilla trusts.
    mkdir -p "$root/etc/ssl/certs"
    (cd "$root/usr/share/ca-certificates" && find . -name '*.crt' | sort | xargs awk 1) \
        >"$root/etc/ssl/certs/ca-certificates.crt"
    [ "$(grep -c BEGIN "$root/etc/ssl/certs/ca-certificates.crt")" -gt 100 ] ||
        fail "the package ca-certificates brought too few certificates"
    # All of them are in that one file now.
    rm -rf "$root/usr/share/ca-certificates"
    # The kernel checks this list's signature itself; a maintainer script would choose between two.
    local file
    for file in regulatory.db regulatory.db.p7s; do
        ln -s "$file-debian" "$root/usr/lib/firmware/$file"
    done
}

add_applets() {
    local applet names=$work/applets
    # busybox keeps the names of its applets in one list, each ended by a zero byte.
    tr '\0' '\n' <"$root/usr/bin/busybox" | grep -a -x '[][a-z0-9_-]*' | sort -u >"$names"
    for applet in $(words_of image/root/applets.txt); do
        [ -e "$root/usr/bin/$applet" ] || [ -L "$root/usr/bin/$applet" ] || [ -e "$root/usr/sbin/$applet" ] || {
            grep -qxF -- "$applet" "$names" || fail "image/root/applets.txt: busybox has no '$applet'"
            ln -s busybox "$root/usr/bin/$applet"
        }
    done
    [ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
}

add_firmware() {
    [ "$FIRMWARE_PACKAGES" != none ] || return 0
    unpack_firmware
    local pattern file from=$firmware_tree/usr/lib/firmware
    for pattern in $(items "$WIFI_FIRMWARE"); do
        (cd "$from" && compgen -G "$pattern" >/dev/null) ||
            fail "board/$board/meta: WIFI_FIRMWARE names $pattern, which no package brings"
    done
    # Links and what they lead to.
    while read -r file; do
        mkdir -p "$root/usr/lib/firmware/$(dirname "$file")"
        cp -dp "$from/$file" "$root/usr/lib/firmware/$file"
        if [ -L "$from/$file" ]; then
            local target
            target=$(realpath --relative-to="$from" "$from/$file")
            mkdir -p "$root/usr/lib/firmware/$(dirname "$target")"
            cp -p "$from/$target" "$root/usr/lib/firmware/$target"
        fi
    done < <(cd "$from" && for pattern in $(items "$WIFI_FIRMWARE"); do compgen -G "$pattern"; done | sort -u)
    add_licences "$firmware_tree"
}

add_licences() { # add_licences TREE : of packages that are not unpacked into the root
    local folder name
    for folder in "$1"/usr/share/doc/*; do
        name=$(basename "$folder")
        if [ -L "$folder" ]; then
            ln -sfn "$(readlink "$folder")" "$root/usr/share/doc/$name"
        elif [ -f "$folder/copyright" ]; then
            install -D -m 644 "$folder/copyright" "$root/usr/share/doc/$name/copyright"
        fi
    done
}

add_ours() {
    mkdir -p "$root"/{boot/selector,boot/slot,data,srv/ssd,root,home,dev,proc,sys,run,tmp,var,mnt} \
        "$root"/usr/share/{credenza/update-keys,doc/credenza}
    cp -R --no-preserve=ownership,timestamps image/rootfs/. "$root/"
    install -m 755 "$BINARY" "$root/usr/bin/credenza"
    if [ -n "$ffmpeg" ]; then
        # One program under two names: a link stays a link.
        cp -dR --no-preserve=ownership,timestamps "$ffmpeg/ffmpeg" "$ffmpeg/ffprobe" "$root/usr/bin/"
        chmod 755 "$root"/usr/bin/{ffmpeg,ffprobe}
        install -D -m 644 "$ffmpeg/copyright" "$root/usr/share/doc/ffmpeg/copyright"
    fi
    install -m 644 "$keys/current.pub" "$keys/next.pub" "$root/usr/share/credenza/update-keys/"
    cat >"$root/usr/share/credenza/box.toml" <<TOML
board = "$board"
name = "$NAME"
version = "$version"
counter = $counter
one_shot = "$ONE_SHOT"
keys = "/usr/share/credenza/update-keys"
TOML
    cat >"$root/usr/share/doc/credenza/copyright" <<TEXT
Credenza $version. Licence: $(sed -n 's/^license = "\(.*\)"/\1/p' Cargo.toml)
The programs beside it have their licences in the neighbouring folders; the libraries that it is linked
with have theirs in the file "libraries" beside this one.
TEXT
    python3 image/package/licences.py "$TARGET" >"$root/usr/share/doc/credenza/libraries" ||
        fail "cargo did not name the licences of what the program is linked with"
    echo credenza >"$root/etc/hostname"
    printf '127.0.0.1 localhost credenza\n::1 localhost\n' >"$root/etc/hosts"
    # Empty, not missing, and not "uninitialized": a new one in memory at each start, and no wizard.
    : >"$root/etc/machine-id"
    ln -sf ../run/systemd/resolve/resolv.conf "$root/etc/resolv.conf"
    # What systemd-tmpfiles would make, and cannot: /etc is read-only.
    mkdir -p "$root"/etc/{credstore,credstore.encrypted,default}
    chmod 700 "$root"/etc/{credstore,credstore.encrypted}
    ln -sf default/keyboard "$root/etc/vconsole.conf"
    ln -sf ../locale.conf "$root/etc/default/locale"
    ln -sf ../proc/self/mounts "$root/etc/mtab"
    printf '%s: files\n' passwd group shadow gshadow services protocols >"$root/etc/nsswitch.conf"
    echo 'hosts: files dns' >>"$root/etc/nsswitch.conf"
    # The clock of a board without one starts at this file's date, not in 1970.
    : >"$root/usr/lib/clock-epoch"
    printf 'IMAGE_ID=credenza\nIMAGE_VERSION=%s\n' "$version" >>"$root/usr/lib/os-release"
    if [ -n "$one_shot_module" ]; then
        mkdir -p "$root/usr/lib/modules-load.d"
        echo "$ONE_SHOT_MODULE" >"$root/usr/lib/modules-load.d/$ONE_SHOT_MODULE.conf"
    fi
}

enable_units() {
    local unit
    mkdir -p "$root/etc/systemd/system"
    for unit in $(words_of image/root/masked.txt); do
        ln -s /dev/null "$root/etc/systemd/system/$unit"
    done
    python3 image/stage/presets.py "$root"
    ln -sf multi-user.target "$root/usr/lib/systemd/system/default.target"
}

close_modes() {
    # Nobody becomes somebody else here; and what is read-only may as well say so.
    find "$root" -type f -perm /6000 -exec chmod u-s,g-s {} +
    find "$root" ! -type l -perm /022 -exec chmod go-w {} +
    chmod 700 "$root/root"
    chmod 600 "$root/etc/shadow" "$root/etc/gshadow"
}
