# Debian's packages: fetched by the lock, unpacked without running anything of theirs.

fetch_packages() {
    lock=image/lock/$board.lock
    local sudo=''
    # The mirror is asked of apt's own lists, which a fresh machine does not have yet.
    if [ -z "${DEBIAN_MIRROR:-}" ] && [ -z "$(apt-get indextargets 'Created-By: Packages' 'Label: Debian')" ]; then
        if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
        $sudo apt-get -q -o DPkg::Lock::Timeout=300 update
    fi
    flock "$cache/debs" python3 image/stage/packages.py "$lock" "$cache" "$cache/debs" image/root \
        "$KERNEL_PACKAGE" "$FIRMWARE_PACKAGES"
    say "packages: $(grep -vc '^#' "$lock") in $lock"
}

debs() { # debs ROLE : the files of the lock's packages in that role
    local role file
    while read -r role _ _ _ _ file; do
        if [ "$role" = "$1" ]; then echo "$cache/debs/${file##*/}"; fi
    done < <(grep -v '^#' "$lock")
}

unpack() { # unpack FOLDER DEB.. : the files alone; no maintainer script is run
    local folder=$1 deb
    shift
    for deb; do
        # The packages' own links from /bin to /usr/bin stay links, whatever a later package has.
        dpkg-deb --fsys-tarfile "$deb" |
            tar --extract --preserve-permissions --no-same-owner --keep-directory-symlink \
                --directory "$folder"
    done
}

unpack_kernel() {
    # Named by what is in it: the lock's lines of the kernel.
    local name goal=$cache/kernels debs
    name=$(grep '^kernel ' "$lock" | sha256sum | cut -c 1-16)
    kernel_tree=$goal/$name
    if [ ! -f "$kernel_tree/release" ]; then
        say "unpacking the kernel"
        mkdir -p "$goal"
        local fresh
        fresh=$(mktemp -d "$goal/XXXXXX")
        mapfile -t debs < <(debs kernel)
        unpack "$fresh" "${debs[@]}"
        local release
        release=$(cd "$fresh/usr/lib/modules" && echo *)
        # Each build wants the modules' dependencies; no package brings them.
        ln -s usr/lib "$fresh/lib"
        depmod -b "$fresh" "$release"
        local packed=$fresh/usr/lib/modules/$release/vmlinuz
        # Until 7.1 the kernel lies in /boot, from then on beside its modules.
        [ -f "$packed" ] || packed=$fresh/boot/vmlinuz-$release
        [ -f "$packed" ] || fail "Debian's kernel $release has no vmlinuz where one was before"
        # The Pi's firmware and QEMU unpack it themselves.
        gzip -9 -n -c "$packed" >"$fresh/kernel8.img"
        chmod 755 "$fresh"
        echo "$release" >"$fresh/release"
        rm -rf "$kernel_tree"
        mv "$fresh" "$kernel_tree"
    fi
    kernel=$(cat "$kernel_tree/release")
    # The device trees moved with it.
    device_trees=$kernel_tree/usr/lib/modules/$kernel/dtb
    [ -d "$device_trees" ] || device_trees=$kernel_tree/usr/lib/linux-image-$kernel
}

unpack_firmware() {
    firmware_tree=$work/firmware
    mkdir "$firmware_tree"
    local debs
    mapfile -t debs < <(debs firmware)
    unpack "$firmware_tree" "${debs[@]}"
}
