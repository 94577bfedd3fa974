# What is published beside the image: what is in it (SPDX), and its entry in Raspberry Pi Imager's list.

make_papers() {
    python3 image/stage/sbom.py "$product.spdx.json" "$board" "$version" "$lock" \
        "$BINARY" "${ffmpeg:-none}" "$product.img.xz"
    # A machine's own entry names the file beside it; who publishes says where it will lie.
    python3 image/stage/os_list.py "$product.os_list.json" "$product.img" "$NAME" "$version" \
        "$IMAGER_DEVICES" "$STATUS" "${IMAGE_URL:-file://$out}"
}
