"""A later evening: no clock, more disks, and somebody who looks inside."""
import subprocess

from box import blank_disk
from card import SELECTOR
from chapter_first import held_to_list
from chapter_trouble import on_a_copy, told
from clock import Clock
from machine import Disk, narrow
from report import expect, until

DAY_S = 24 * 60 * 60
AHEAD_S = 100 * DAY_S


def clock_and_names(t):
    first = blank_disk(t.folder / "second.img", 1 << 30)
    t.nvme = blank_disk(t.folder / "nvme.img", 1 << 30)
    disks = [Disk(first, bus="virtio", first=True, serial="SECOND-1")]
    t.key = new_key(t.folder)

    def put_key(card):
        card.write(SELECTOR, "debug-key.pub", t.key.with_suffix(".pub").read_bytes())

    def play():
        with t.step("the clock says 1970: the box answers, and knows its owner"):
            t.box.power()
            t.answers(300)
            t.is_mine_still()
            t.note(f"date in the box {date(t.box)}")
        names_swapped(t)
        debug_key(t)
        time_from_network(t)
        another_start(t)

    on_a_copy(t, put_key, narrow(rtc="1970-01-01", disks=disks), play)


def names_swapped(t):
    """A second disk that the kernel finds before the card: the names move on by one."""
    owner, box = t.owner, t.box
    with t.step("the card is vdb now, and neither listed nor formatted"):
        table = box.run("cat /proc/partitions")
        expect("vdb4" in table and "vda1" not in table, table)
        listed = until("the disk", 60, owner.disks)
        expect(len(listed) == 1 and listed[0]["holds"] == "nothing", f"{listed}")
        for name in ("vdb", "/dev/vdb", "CREDENZA-CARD"):
            answer = owner.format(name, listed[0]["consent"])
            expect(400 <= answer.status < 500, f"{name}: status {answer.status}")
    with t.step("the disk that was meant is formatted"):
        formatted(t, "/dev/vda")


def formatted(t, device):
    """The one disk that is listed becomes the disk for films."""
    listed = until("the disk", 60, t.owner.disks)
    answer = t.owner.format(listed[0]["id"], listed[0]["consent"])
    expect(answer.status in (200, 201, 202, 204), f"{answer.status} {answer.message}")
    t.ssd(limit_s=180)
    mount = t.box.run("grep ' /srv/ssd ' /proc/mounts")
    expect(mount.startswith(device), mount)
    t.is_mine_still()


# --- a debug key ----------------------------------------------------------------------------------


def new_key(folder):
    path = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def ssh(t, key, *words):
    known = t.folder / "known"
    return subprocess.run(
        ["ssh", "-F", "none", "-p", str(t.box.shell_port), "-i", key, "-o", "BatchMode=yes",
         "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={known}",
         "-o", "ConnectTimeout=20", "root@127.0.0.1", *words],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )


def debug_key(t):
    with t.step("with a debug key on the card its owner gets in by ssh, nobody else does"):
        inside = until("a way in", 120, lambda: (said := ssh(t, t.key, "id", "-u")).returncode == 0 and said)
        expect(inside.stdout.strip() == "0", f"id -u: {inside.stdout}")
        (t.folder / "stranger").mkdir()
        stranger = ssh(t, new_key(t.folder / "stranger"), "id", "-u")
        expect(stranger.returncode == 255 and "ermission denied" in stranger.stderr, f"{stranger}")
        expect(any("debug-key.pub" in one for one in t.owner.notices()), "the owner is not told")
        held_to_list(t, "key")


# --- time -----------------------------------------------------------------------------------------


def date(box):
    return box.run("date -u +%F")


def seconds(box):
    return int(box.run("date -u +%s"))


def time_from_network(t):
    with t.step("who is told no time is told so"):
        told(t, "clock_unset", limit_s=180)
    with t.step("the time comes from the network"):
        before = seconds(t.box)
        try:
            clock = Clock(AHEAD_S)
        except OSError as error:
            t.note(f"not tried: a time server's port is root's, and may be taken ({error.strerror})")
            return
        with clock:
            # Where the server is comes from the router (DHCP) or is Debian's; this one is told by hand.
            t.box.run("mkdir -p /run/systemd/timesyncd.conf.d; printf '[Time]\\nNTP=10.0.2.2\\n' "
                      ">/run/systemd/timesyncd.conf.d/test.conf; systemctl restart systemd-timesyncd")
            until("the server's time", 60, lambda: seconds(t.box) > before + AHEAD_S // 2)
        t.note(f"from {before // DAY_S} to {seconds(t.box) // DAY_S} days after 1970")
        # Whoever was signed in a hundred days ago signs in again.
        t.is_mine_still()
        until("the notice to go", 60, lambda: "clock_unset" not in codes(t))


def codes(t):
    return [notice["code"] for notice in t.owner.facts()["notices"]]


def another_start(t):
    """It is 1970 again, nobody tells the time, and another disk is there. systemd's own keeper of the
    time is left out: the last known time is the start's own work."""
    with t.step("after a pulled plug the last known time is known"):
        # As half a minute does by itself (`commit=30`).
        t.box.run("sync")
        known = seconds(t.box)
        t.box.pull()
        disks = [Disk(t.nvme, bus="nvme", serial="NVME-1")]
        t.box.power(narrow(rtc="1970-01-01", disks=disks, command_line="systemd.mask=systemd-timesyncd.service"))
        t.answers(300)
        expect(t.box.run("systemctl is-active systemd-timesyncd; true") == "inactive", "it runs all the same")
        # Half a day: what is kept is when the server was last heard.
        expect(seconds(t.box) > known - DAY_S // 2, f"{date(t.box)}, {known - seconds(t.box)} s behind")
    with t.step("a disk at NVMe becomes the disk for films"):
        t.owner.login()
        formatted(t, "/dev/nvme0n1")
