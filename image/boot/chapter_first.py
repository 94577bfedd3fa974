"""The first evening: a card as it comes from the writer, its owner, a film."""
import time

from owner import CODE, HOST, Owner
from parts import REPOSITORY
from report import expect, until
from screen import is_blank


def first_start(t):
    box = t.box
    with t.step("the plug is pulled in the first start"):
        box.power()
        after = t.random.uniform(8, 25)
        time.sleep(after)
        box.pull()
        t.note(f"after {after:.1f} s")
    with t.step("power, to the first answer"):
        box.power()
        t.answers(300)


def set_up(t):
    owner = t.owner
    with t.step("the set-up page is there"):
        page = owner.get("/setup")
        expect(page.status == 200, f"/setup: {page.status}")
        expect(b"<form" in page.body, "/setup has no form")
    with t.step("a wrong claim code is refused"):
        wrong = owner.claim("000000")
        expect(wrong.status == 403, f"status {wrong.status}")
        expect(CODE not in wrong.message, "the refusal gives the code away")
    with t.step("claim, with the code of credenza.toml"):
        claim = owner.claim()
        expect(claim.status == 201, f"status {claim.status}: {claim.message}")
        expect(owner.claim().status == 409, "a second claim is not refused")


def film(t):
    with t.step("the demo film by range, from a peer"):
        t.note(f"via {t.owner.watch(t.world)}")


def inside(t):
    box = t.box
    with t.step("a stranger is told nothing about the box"):
        expect(Owner(box).get("/api/box").status in (401, 403), "GET /api/box answers a stranger")
    with t.step("GET /api/box"):
        facts = t.owner.facts()
        expect(facts["board"] == "qemu", f"board {facts['board']}")
        expect(facts["data"] == "kept", f"data {facts['data']}")
        expect(facts["running"] == facts["default"] == "a", f"slots {facts}")
        t.note(f"version {facts['version']}, notices {facts['notices']}")
    with t.step("it has the name that credenza.toml gives it"):
        name = box.run("cat /proc/sys/kernel/hostname")
        expect(name == HOST, f"it is called {name}")
    with t.step("something stands on its screen, by a unit that was started once"):
        # A unit that ends over and over is hardly ever a failed one: systemd starts it again.
        state = box.run("systemctl show -P ActiveState -P NRestarts credenza-screen.service").split()
        expect(sorted(state) == ["0", "active"], f"credenza-screen.service: {state}")
        until("a picture", 60, lambda: not is_blank(box.machine.picture()))
    with t.step("the data partition has grown"):
        kib = int(box.run("df -k /data | tail -n 1").split()[1])
        card = box.card.size_bytes >> 10
        expect(kib > (card - (530 << 10)) * 0.9, f"{kib} KiB on a card of {card} KiB")
        t.note(f"{kib >> 10} MiB of a card of {card >> 10} MiB")
    with t.step("the root cannot be written"):
        text, status = box.run("touch /usr/x", ask=True)
        expect(status, "a file in /usr could be made")
    with t.step("what changes lies in memory: no swap and no journal on the card"):
        swaps = box.run("cat /proc/swaps").splitlines()[1:]
        expect(swaps and all(line.startswith("/dev/zram") for line in swaps), f"swap: {swaps}")
        for place in ("/tmp", "/var", "/run"):
            kind = box.run(f"busybox stat -f -c %T {place}")
            expect(kind == "tmpfs", f"{place} is {kind}")
        journals = box.run("ls -d /run/log/journal /var/log/journal /data/log/journal 2>/dev/null; true").split()
        expect(journals == ["/run/log/journal"], f"journals: {journals}")
    with t.step("no unit has failed"):
        failed = box.run("systemctl --failed --no-legend --plain")
        expect(not failed, failed)
    with t.step("what listens is what image/ports.txt lists"):
        held_to_list(t)
    with t.step("the service runs as its own user, in its sandbox"):
        user = box.run("stat -c %U /proc/$(systemctl show -P MainPID credenza)")
        expect(user == "credenza", f"the service runs as {user}")
        exposed = exposure(box, "credenza.service")
        expect(exposed <= 2.0, f"systemd-analyze security: {exposed}")
        t.note(f"exposure {exposed}")
    with t.step("what needs root has no network, and four capabilities"):
        def told(what):
            return box.run(f"systemctl show credenza-steward@1.service -P {what}").split()

        expect(told("RestrictAddressFamilies") == ["AF_UNIX"], f"{told('RestrictAddressFamilies')}")
        expect(sorted(told("IPAddressDeny")) == ["0.0.0.0/0", "::/0"], f"{told('IPAddressDeny')}")
        kept = told("CapabilityBoundingSet")
        expect(sorted(kept) == ["cap_chown", "cap_dac_override", "cap_fowner", "cap_sys_admin"], f"{kept}")


def exposure(box, unit):
    """The last line of `systemd-analyze security`: 0 is closed, 10 open."""
    said, _ = box.run(f"systemd-analyze --no-pager security {unit} | tail -n 1", ask=True, limit_s=90)
    found = next((word for word in said.split() if word.replace(".", "").isdigit()), None)
    expect(found, f"systemd-analyze security {unit}: {said}")
    return float(found)


def ports_with_peers(t):
    with t.step("with peers allowed no more listens than image/ports.txt lists"):
        held_to_list(t, "peers")


def held_to_list(t, *more):
    """Nothing that is not listed for now, and everything that is always there."""
    found = listening(t.box)
    for port, protocol in sorted(found):
        expect(any(allows(row, port, protocol) for row in ports("always", "network", *more)),
               f"{port}/{protocol} listens, and image/ports.txt does not say so: {sorted(found)}")
    for numbers, protocol in ports("always"):
        expect((int(numbers), protocol) in found, f"{numbers}/{protocol} does not listen: {sorted(found)}")
    t.note(" ".join(f"{port}/{protocol}" for port, protocol in sorted(found)))


def ports(*when):
    """The rows of image/ports.txt for these times: its first two columns."""
    lines = (REPOSITORY / "image/ports.txt").read_text().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    return [(row[0], row[1]) for row in rows if row[2] in when]


def allows(row, port, protocol):
    first, _, last = row[0].partition("-")
    return row[1] == protocol and int(first) <= port <= int(last or first)


def listening(box):
    """The ports that listen on more than loopback: TCP's state 0A, and UDP's sockets that are not
    bound to one partner (proc_net_tcp, proc_net_udp)."""
    found = set()
    for protocol in ("tcp", "udp"):
        for line in box.run(f"cat /proc/net/{protocol} /proc/net/{protocol}6").splitlines():
            words = line.split()
            if len(words) < 4 or not words[0].endswith(":"):
                continue
            address, port = words[1].split(":")
            open_to_all = words[3] == "0A" if protocol == "tcp" else words[2].endswith(":0000")
            loopback = address.endswith("7F") or address == "0" * 24 + "01000000"
            if open_to_all and not loopback:
                found.add((int(port, 16), protocol))
    return found


def full_data(t):
    """F-04: the partition of the state has no byte left."""
    box, owner = t.box, t.owner
    with t.step("the data partition is full: the box answers, and keeps its owner"):
        # Almost all of it is only set aside: a gigabyte of zeros would be minutes of emulated card.
        box.run("set -- $(df -k /data | tail -n 1); fallocate -l $(($4 - 8192))K /data/credenza/fill;"
                "dd if=/dev/zero of=/data/credenza/fill2 bs=64K; sync", limit_s=240)
        free = box.run("df -k /data | tail -n 1").split()[3]
        expect(owner.get("/setup").status == 200, "the set-up page does not answer")
        expect(owner.box()["here"], "GET /api/box does not answer")
        saved = owner.allow_peers(True)
        t.note(f"{free} KiB free, saving answers {saved.status}")
        t.is_mine_still()
    with t.step("a full data partition is told while it is full, and no longer"):
        until("a word about it", 60, lambda: told_full(owner))
        box.run("rm -f /data/credenza/fill*; sync")
        until("its end", 60, lambda: not told_full(owner))


def told_full(owner):
    return any(notice["code"] == "data_full" for notice in owner.facts()["notices"])
