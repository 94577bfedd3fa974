# The card: a selector that the firmware reads first, two slots, and the data partition.
#
# All on boundaries of 4 MiB, which are those of a card's erase blocks; see image/README.md.
selector_mib=16 slot_mib=256 data_mib=32
selector_at=4 slot_a_at=20 slot_b_at=276 data_at=532 card_mib=564

make_card() {
    make_selector
    make_data
    local card=$product.img head
    rm -f "$card"
    truncate -s "${card_mib}M" "$card"
    # The signature is fixed: by it a start finds its own disk.
    sfdisk -q --no-reread --no-tell-kernel "$card" <<TABLE
label: dos
label-id: 0x$DISK_ID
unit: sectors
start=$((selector_at * 2048)), size=$((selector_mib * 2048)), type=e, bootable
start=$((slot_a_at * 2048)), size=$((slot_mib * 2048)), type=c
start=$((slot_b_at * 2048)), size=$((slot_mib * 2048)), type=c
start=$((data_at * 2048)), size=$((data_mib * 2048)), type=83
TABLE
    put "$work/selector.img" "$selector_at"
    put "$work/slot.img" "$slot_a_at"
    put "$work/data.img" "$data_at"
    head=$(stat -c %s "$work/head")
    [ "$head" -le 65536 ] || fail "the signed header has $head bytes; there is room for 65536"
    # The last 64 KiB of the slot's partition, behind its file system.
    dd if="$work/head" of="$card" bs=64K seek=$(((slot_a_at + slot_mib) * 16 - 1)) conv=notrunc status=none
}

compress_card() {
    local card=$product.img
    say "compressing"
    # Blocks of one size: how many threads work at them does not show in the result.
    nice xz -T 2 -6 --block-size=16MiB --check=crc64 -k -f "$card"
    (cd "$out" && sha256sum "$(basename "$card").xz" >"$(basename "$card").xz.sha256")
}

put() { # put FILE MIB : into the card at that place, keeping holes
    dd if="$1" of="$product.img" bs=1M seek="$2" conv=notrunc,sparse status=none
}

make_selector() {
    local selector=$work/selector.img files=$work/selector.files file
    mkdir "$files"
    cp image/selector/* "$files/"
    sed -i "s/@NAME@/$NAME/; s/@VERSION@/$version/" "$files/README.txt"
    # Windows' editor is shown these two.
    sed -i 's/$/\r/' "$files/README.txt" "$files/credenza.toml"
    # The Pi 3's first program stops at a partition without it.
    : >"$files/config.txt"
    # One sector: so that rewriting it is one write, which happens or does not.
    { printf '[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n#'
      printf '%*s' 512 '' | tr ' ' '#'; } | head -c 511 >"$files/autoboot.txt"
    echo >>"$files/autoboot.txt"
    for file in $(items "$SELECTOR_FIRMWARE"); do
        [ -f "$firmware_tree/usr/lib/raspi-firmware/$file" ] ||
            fail "board/$board/meta: SELECTOR_FIRMWARE names $file, which raspi-firmware does not have"
        install -m 644 "$firmware_tree/usr/lib/raspi-firmware/$file" "$files/"
    done
    rm -f "$selector"
    truncate -s "${selector_mib}M" "$selector"
    # 2 KiB clusters: some 8000, which is FAT16 by the book.
    mkfs.vfat --invariant -F 16 -s 4 -S 512 -n CREDENZA -i "$DISK_ID" "$selector" >/dev/null
    for file in $(cd "$files" && ls | sort); do
        fat_copy "$selector" "$files/$file" "$file"
    done
}

make_data() {
    local data=$work/data.img
    rm -f "$data"
    truncate -s "${data_mib}M" "$data"
    # 4 KiB blocks: of themselves they would be 1 KiB in so small a file system, for ever. Room is
    # kept for growing to 2 TiB in place. No lazy tables: the first start has better things to do.
    # Names, seed and time are fixed; the configuration is ours, for the machine's may say otherwise.
    local uuid
    uuid=$(echo "credenza $DISK_ID" | sha256sum | sed 's/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{12\}\).*/\1-\2-4\3-8\4-\5/')
    MKE2FS_CONFIG=image/stage/mke2fs.conf E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH \
        mke2fs -q -F -t ext4 -b 4096 -m 0 -L credenza-data -U "$uuid" -J size=4 \
        -E "hash_seed=$uuid,resize=$((2 << 28)),root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,nodiscard" \
        "$data"
}
