# The slot: kernel, initramfs and root in one FAT file system, which an update writes as one piece.

slot_fs_mib=248 # within a partition of 256: the signed header lies behind the file system

make_modules() {
    python3 image/stage/modules.py "$kernel_tree" "$kernel" "$root" \
        image/root/modules.txt image/initramfs/modules.txt "board/$board/modules.txt" \
        "board/$board/start-modules.txt" >/dev/null
    if [ -n "$one_shot_module" ]; then
        install -D -m 644 "$one_shot_module" \
            "$root/usr/lib/modules/$kernel/updates/$ONE_SHOT_MODULE.ko"
    fi
    depmod -b "$root" "$kernel"
    # modprobe reads the .bin files; the texts are three times as large.
    rm -f "$root/usr/lib/modules/$kernel"/modules.{dep,alias,symbols,builtin,builtin.modinfo,order}
    say "modules: $(find "$root/usr/lib/modules" -name '*.ko' | wc -l) of $kernel"
}

make_squashfs() {
    # zstd: read four times as fast as xz, which a start on a Pi 3 feels, and a tenth larger.
    # One owner and one date, so that the same files are the same bytes. The order of two threads'
    # work does not show in the result (mksquashfs 4.4 and newer).
    # It refuses the variable beside options that say the same.
    nice env -u SOURCE_DATE_EPOCH mksquashfs "$root" "$work/rootfs.sqfs" -noappend -no-progress -quiet -no-xattrs \
        -all-root -mkfs-time "$SOURCE_DATE_EPOCH" -all-time "$SOURCE_DATE_EPOCH" \
        -comp zstd -Xcompression-level 19 -b 256K -processors 2 >/dev/null
    say "squashfs: $(du -h --apparent-size "$work/rootfs.sqfs" | cut -f 1)"
}

make_initramfs() {
    local tree=$work/initramfs.tree id
    mkdir -p "$tree"/{bin,dev,proc,sys,run,mnt,newroot,usr/lib}
    ln -s usr/lib "$tree/lib"
    install -m 755 "$root/usr/bin/busybox" "$tree/bin/busybox"
    ln -s busybox "$tree/bin/sh"
    install -m 755 image/initramfs/init "$tree/init"
    python3 image/stage/modules.py "$kernel_tree" "$kernel" "$tree" \
        "board/$board/start-modules.txt" image/initramfs/modules.txt >"$tree/start-modules"
    if [ -n "$one_shot_module" ]; then
        install -D -m 644 "$one_shot_module" \
            "$tree/usr/lib/modules/$kernel/updates/$ONE_SHOT_MODULE.ko"
        # Loaded only when a start failed.
        echo "$ONE_SHOT_MODULE" >"$tree/one-shot-module"
    fi
    echo "$ONE_SHOT" >"$tree/one-shot"
    depmod -b "$tree" "$kernel"
    # busybox reads the text, not the .bin.
    find "$tree/usr/lib/modules/$kernel" -maxdepth 1 -name 'modules.*' ! -name modules.dep -delete
    # The build's name: by it a start knows its own slot from the other one.
    id=$( (cd "$tree" && find . -type f | sort | xargs sha256sum
        sha256sum <"$work/rootfs.sqfs"
        sha256sum <"$kernel_tree/kernel8.img") | sha256sum | cut -c 1-32)
    echo "$id" >"$tree/build.id"
    echo "$id" >"$work/slot.id"
    find "$tree" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
    # --reproducible: no inode and device numbers of this machine.
    (cd "$tree" && find . -mindepth 1 | sort |
        cpio --quiet --reproducible --owner 0:0 --create --format newc) |
        zstd -q -19 --no-check -o "$work/initramfs"
    say "initramfs: $(du -h --apparent-size "$work/initramfs" | cut -f 1)"
}

fat_copy() { # fat_copy IMAGE FILE NAME : with one date, whoever runs it
    touch -d "@$SOURCE_DATE_EPOCH" "$2"
    mcopy -m -i "$1" "$2" "::$3"
}

make_slot() {
    local slot=$work/slot.img files=$work/slot.files file tree
    mkdir "$files"
    cp "$kernel_tree/kernel8.img" "$files/"
    sed "s/@DISK_ID@/$DISK_ID/" "board/$board/cmdline.txt" >"$files/cmdline.txt"
    if [ -f "board/$board/config.txt" ]; then cp "board/$board/config.txt" "$files/"; fi
    for tree in $(items "$DEVICE_TREES"); do
        file=$(find "$device_trees" -name "$tree")
        [ -f "$file" ] || fail "board/$board/meta: DEVICE_TREES names $tree, which $kernel does not have"
        cp "$file" "$files/"
    done
    for file in $(items "$SLOT_FIRMWARE"); do
        [ -f "$firmware_tree/usr/lib/raspi-firmware/$file" ] ||
            fail "board/$board/meta: SLOT_FIRMWARE names $file, which raspi-firmware does not have"
        cp "$firmware_tree/usr/lib/raspi-firmware/$file" "$files/"
    done
    cp "$work/slot.id" "$work/initramfs" "$work/rootfs.sqfs" "$files/"
    chmod -R u+rw "$files"

    rm -f "$slot"
    truncate -s "${slot_fs_mib}M" "$slot"
    # 2 KiB clusters: with larger ones a file system of this size would be no FAT32 by the book.
    # --invariant and -i: no serial number and no time of this run.
    mkfs.vfat --invariant -F 32 -s 4 -S 512 -n SLOT -i "$DISK_ID" "$slot" >/dev/null
    # Sorted, and the largest last: what is laid down in one order lies in one order.
    for file in $(cd "$files" && ls | grep -v rootfs.sqfs | sort) rootfs.sqfs; do
        fat_copy "$slot" "$files/$file" "$file"
    done
    slot_bytes=$(python3 image/stage/fat_end.py "$slot")
    say "slot: $((slot_bytes >> 20)) MiB"
}

make_bundle() {
    local manifest=$work/manifest.json signature=$work/manifest.minisig
    truncate -s "$slot_bytes" "$work/payload" && dd if="$work/slot.img" of="$work/payload" bs=1M \
        count="$slot_bytes" iflag=count_bytes conv=notrunc status=none
    printf '{"format":1,"board":"%s","version":"%s","counter":%s,"slot_bytes":%s,"slot_sha256":"%s"}' \
        "$board" "$version" "$counter" "$slot_bytes" "$(sha256sum <"$work/payload" | cut -d ' ' -f 1)" >"$manifest"
    # Ed25519 signs the same bytes to the same signature; only the comment would carry the time.
    minisign -S -s "$keys/current.key" -m "$manifest" -x "$signature" \
        -c 'signature of a Credenza bundle' -t "$board $version $counter" >/dev/null </dev/null ||
        fail "minisign did not sign with $keys/current.key: it must have no password (minisign -G -W)"
    minisign -V -q -p "$keys/current.pub" -m "$manifest" -x "$signature" ||
        fail "$keys/current.pub is not the public half of $keys/current.key"
    {
        printf 'credenza-bundle 1\n%s %s\n' "$(stat -c %s "$manifest")" "$(stat -c %s "$signature")"
        cat "$manifest" "$signature"
    } >"$work/head"
    cat "$work/head" "$work/payload" >"$product.bundle"
    rm "$work/payload"
    say "bundle: $(du -h --apparent-size "$product.bundle" | cut -f 1)"
}
