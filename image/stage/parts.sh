# What is built here beside the binary: ffmpeg is a folder with ffmpeg, ffprobe and copyright; the
# module for the one-shot flag is a file. A part whose recipe is missing is left out, and said.

build_parts() {
    ffmpeg=${FFMPEG:-} one_shot_module=${TRYBOOT:-}
    if [ -z "$ffmpeg" ]; then
        if [ -x image/ffmpeg/build.sh ]; then
            say "ffmpeg"
            ffmpeg=$(LOCKED=${LOCKED:-} image/ffmpeg/build.sh | tee >(cat >&2) | tail -n 1)
        else
            say "WITHOUT ffmpeg: there is no image/ffmpeg/build.sh"
        fi
    fi
    if [ "$ffmpeg" = none ]; then
        ffmpeg=''
        say "WITHOUT ffmpeg, as asked"
    fi
    [ "$ONE_SHOT_MODULE" != none ] || return 0
    if [ -z "$one_shot_module" ]; then
        local recipe=image/$ONE_SHOT_MODULE/build.sh debs
        if [ -x "$recipe" ]; then
            say "$ONE_SHOT_MODULE.ko for $kernel"
            mkdir "$work/headers"
            mapfile -t debs < <(debs build)
            ln -s "${debs[@]}" "$work/headers/"
            one_shot_module=$("$recipe" "$kernel" "$work/headers" "$work" | tee >(cat >&2) | tail -n 1)
        else
            say "WITHOUT $ONE_SHOT_MODULE.ko, so without updates: there is no $recipe"
        fi
    fi
}
