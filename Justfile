# What one does with Credenza. `just` alone lists it.

_list:
    @{{quote(just_executable())}} --justfile {{quote(justfile())}} --list

# the server, on port 8080
run *ARGS:
    cargo run --release -- {{ARGS}}

# the household that exists offline
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# formatting, lints and, where cargo-deny is installed, licences and sources
check:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings
    @if cargo deny --version >/dev/null 2>&1; then \
        cargo deny --locked check licenses bans sources; \
    else \
        echo "cargo-deny is not installed: licences and sources were not checked"; \
    fi

# known faults of what is built on (cargo-deny, and rustsec.org's database from the internet)
advisories:
    cargo deny --locked check advisories

# everything that must be green: installs what it needs, checks, tests
test *ARGS:
    tests/run {{ARGS}}

# the faults with whole numbers: 200 kills, every write of a download cut at; needs root, and minutes
faults *ARGS:
    CREDENZA_KILLS=200 CREDENZA_CUTS=100000 tests/run test --test-threads 2 -E 'test(/^faults::/)' {{ARGS}}

# the binary for a board (rpi3, rpi4, rpi5), and a trial of it under qemu-user
cross BOARD:
    image/cross.sh {{BOARD}}

# the README's first command on a Debian that has nothing but a compiler; needs root
bare:
    tests/bare/run

# speed beside other programs that stream torrents and beside nginx, a crowd of players, the living room
bench *ARGS:
    tests/bench/run {{ARGS}}

# fuzzes every reader of strangers' bytes, ten minutes each; needs a nightly compiler (fuzz/run)
fuzz *ARGS:
    fuzz/run {{ARGS}}

# a card's image: rpi3, rpi4, rpi5 or qemu (image/README.md)
image BOARD:
    image/build.sh {{BOARD}}

# writes the image to a card, after it has shown what the card holds
flash BOARD DEVICE:
    image/flash.sh {{BOARD}} {{DEVICE}}

# opens a finished image without root and holds it to what image/README.md promises
check-image IMAGE:
    image/check.sh {{IMAGE}}

# starts the finished image in QEMU and leaves it running; its address is printed
boot BOARD='qemu' *ARGS:
    image/boot/run {{BOARD}} {{ARGS}}

# the boot test: claim, film, disk, updates good and broken, pulled plugs
boot-test *ARGS:
    image/boot/test {{ARGS}}

# the finished image of a Raspberry Pi 3 in QEMU's raspi3b: root, server, claim, one-shot flag
boot-rpi3 *ARGS:
    image/boot/pi3 {{ARGS}}

# twenty pulled plugs, each with its moment and outcome; --keep: into docs/plugs.md
boot-soak *ARGS:
    image/boot/soak {{ARGS}}

# a living room of two hosts on this machine: who finds, lists, plays and seeks; needs root
living-room *ARGS:
    tests/living_room/run {{ARGS}}

# a .deb for a server that is there already: amd64 or arm64
deb ARCHITECTURE='amd64':
    image/package/deb.sh {{ARCHITECTURE}}
