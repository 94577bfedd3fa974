"""One run of QEMU: from power to the end, which is a reset, a switch-off or a pulled plug.

QEMU runs with -no-reboot: what happens at a reset is the firmware's business, and that is ours to
play (firmware.py).
"""
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import shell
from qmp import Qmp, QmpError


@dataclass
class Disk:
    """A disk beside the card."""

    path: Path
    bus: str = "usb"
    serial: str = "CREDENZA-TEST-1"
    # Whether a virtio disk is found before the card, so that the card's name moves on.
    first: bool = False
    plugged: bool = True


@dataclass
class Outfit:
    """What is plugged into the machine, and how it is set."""

    board: str = "qemu"
    memory_mib: int = 1024
    processors: int = 2
    # As QEMU's -rtc has it; `None`: the host's time.
    rtc: str | None = None
    read_only: bool = False
    disks: list = field(default_factory=list)
    watchdog: bool = True
    debug_shell: bool = True
    # Whether the guest's clock counts instructions (8 ns each) instead of seconds: slower, but on a
    # machine with other work its own limits, the watchdogs' above all, are not reached by waiting.
    steady: bool = False
    command_line: str = ""


def narrow(**facts):
    """For a guest that runs beside another: a start is mostly one core's work, and emulated processors
    that wait for each other on too few real ones make each of them slower."""
    return Outfit(processors=1, **facts)


# The boards that there is an emulator for, and what their device tree is called: Debian's name, then
# Raspberry Pi's. `virt` makes its own. There is no Pi 5, and QEMU's raspi4b is README.md's business.
DEVICE_TREES = {"qemu": (), "rpi3": ("bcm2837-rpi-3-b.dtb", "bcm2710-rpi-3-b.dtb")}


def outfit_of(board):
    """What the emulator of a board needs to come through a start."""
    # QEMU takes the arming of the Pi's watchdog for a reset: without its driver the kernel starts,
    # and cannot restart.
    return Outfit(board=board, command_line="" if board == "qemu" else "module_blacklist=bcm2835_wdt")


# What drives the guest's clock.
TIME = {
    False: ["-accel", "tcg,thread=multi"],
    True: ["-accel", "tcg,thread=single", "-icount", "shift=3,align=off,sleep=on"],
}
# Places on the PCI bus, behind those that QEMU gives away itself: Linux names virtio disks in this
# order.
PCI = {"before": "0x10", "card": "0x14", "after": "0x18"}


class Machine:
    """Made by `Machine(...)`, over after `wait` or `pull`."""

    def __init__(self, card, start, outfit, folder, port, shell_port):
        self.card, self.start, self.outfit, self.folder = card, start, outfit, Path(folder)
        self.port, self.shell_port = port, shell_port
        self.console = self.folder / "console.log"
        self.overlay = self.folder / "overlay.qcow2"
        self.one_shot_file = self.folder / "tryboot"
        self.began = time.monotonic()
        self._medium()
        for name in ("qmp", "hvc0"):
            (self.folder / name).unlink(missing_ok=True)
        arguments = self._virt() if outfit.board == "qemu" else self._raspi3b()
        self.errors = open(self.folder / "qemu.log", "ab")
        self.process = subprocess.Popen(
            ["nice", "-n", "10", "qemu-system-aarch64", *arguments],
            stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors,
        )
        try:
            self.qmp = self._connect()
        except BaseException:
            self.pull()
            raise

    def _medium(self):
        """What the guest writes goes to an overlay, as into a card's own cache: QEMU keeps the
        overlay's tables in memory until the guest flushes, so a kill loses what no flush had made
        last. At the end of the run the rest becomes the card's."""
        self.overlay.unlink(missing_ok=True)
        if self.outfit.read_only:
            return
        _qemu_img("create", "-q", "-f", "qcow2", "-F", "raw", "-b", self.card.path, self.overlay)

    def _settle(self):
        if self.overlay.exists():
            subprocess.run(["qemu-img", "check", "-q", "-r", "all", self.overlay], capture_output=True)
            _qemu_img("commit", "-q", self.overlay)
            self.overlay.unlink()

    def _card_drive(self, interface):
        path, kind = (self.card.path, "raw") if self.outfit.read_only else (self.overlay, "qcow2")
        locked = ",readonly=on" if self.outfit.read_only else ""
        return f"id=card,if={interface},format={kind},cache=writeback,file={path}{locked}"

    def _shell_unit(self):
        return shell.UNIT if self.outfit.board == "qemu" else shell.UNIT_ON_PORT

    def _common(self, network, more_forwards=""):
        start = self.start
        words = [start.command_line, f"credenza.slot={start.partition}", self.outfit.command_line]
        if self.outfit.debug_shell:
            words.append(shell.command_line(self._shell_unit()))
        folder = self.folder
        arguments = [
            "-display", "none", "-nodefaults", "-no-reboot",
            "-kernel", start.kernel, "-initrd", start.initramfs,
            "-append", " ".join(word for word in words if word),
            "-chardev", f"file,id=console,path={self.console},append=on",
            "-qmp", f"unix:{folder / 'qmp'},server=on,wait=off",
            # Loopback alone: nobody else's business.
            "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:80{more_forwards}",
            "-device", network,
        ]
        if start.device_tree:
            arguments += ["-dtb", start.device_tree]
        return [str(one) for one in arguments]

    def _virt(self):
        outfit, folder = self.outfit, self.folder
        arguments = [
            "-serial", "chardev:console",
            "-M", "virt", "-cpu", "cortex-a72", "-smp", str(outfit.processors),
            "-m", str(outfit.memory_mib), *TIME[outfit.steady],
            "-drive", self._card_drive("none"),
            "-device", f"virtio-blk-pci,drive=card,addr={PCI['card']},serial=CREDENZA-CARD",
            "-device", "virtio-rng-pci", "-device", "virtio-gpu-pci",
            "-device", "virtio-serial-pci,id=ports",
            "-chardev", f"file,id=tryboot,path={self.one_shot_file}",
            "-device", "virtserialport,chardev=tryboot,name=tryboot",
            "-chardev", f"socket,id=hvc0,path={folder / 'hvc0'},server=on,wait=off",
            "-device", "virtconsole,chardev=hvc0",
            "-device", "qemu-xhci,id=usb",
        ]
        if outfit.rtc:
            arguments += ["-rtc", f"base={outfit.rtc}"]
        if outfit.watchdog:
            arguments += ["-device", "i6300esb", "-action", "watchdog=reset"]
        for number, disk in enumerate(outfit.disks):
            arguments += ["-blockdev", _disk_node(number, disk)]
            if disk.plugged:
                words = [f"{key}={value}" for key, value in disk_device(number, disk).items()]
                arguments += ["-device", ",".join(words)]
        # Nothing answers there unless the card has a debug key.
        forward = f",hostfwd=tcp:127.0.0.1:{self.shell_port}-:22"
        return self._common("virtio-net-pci,netdev=net,romfile=", forward) + arguments

    def _raspi3b(self):
        # The kernel's console is the second serial port there. The Pi's one-shot flag is a tag of the
        # firmware's mailbox, which QEMU does not know but prints here (image/tryboot/prove.sh).
        forward = f",hostfwd=tcp:127.0.0.1:{self.shell_port}-:{shell.PORT}"
        return self._common("usb-net,netdev=net", forward if self.outfit.debug_shell else "") + [
            "-serial", "null", "-serial", "chardev:console",
            "-M", "raspi3b", "-accel", "tcg,thread=multi", "-drive", self._card_drive("sd"),
            "-d", "unimp,trace:bcm2835_mbox_property", "-D", str(self.folder / "mailbox.log"),
        ]

    def _connect(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                return Qmp(self.folder / "qmp")
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.05)
        said = (self.folder / "qemu.log").read_text(errors="replace").strip()[-500:]
        raise QmpError(f"QEMU did not start: {said or 'and says nothing'}")

    # --- while it runs ----------------------------------------------------------------------------

    def shell(self, limit_s=120):
        place = self.folder / "hvc0" if self.outfit.board == "qemu" else self.shell_port
        return shell.Shell(place).wait(limit_s)

    def picture(self):
        path = self.folder / "screen.ppm"
        self.qmp.ask("screendump", filename=str(path))
        return path.read_bytes()

    def unplug(self, number):
        self.qmp.ask("device_del", id=f"disk{number}")
        if not self.qmp.wait_for("DEVICE_DELETED", 20, device=f"disk{number}"):
            raise QmpError(f"disk{number} is still plugged in after 20 s")
        # The next one to be waited for is a later one.
        self.qmp.events = [one for one in self.qmp.events if one["event"] != "DEVICE_DELETED"]

    def plug(self, number):
        self.qmp.ask("device_add", **disk_device(number, self.outfit.disks[number]))

    def overhear(self, path):
        """From now on what goes over its network is written to `path`: see wire.py."""
        self.qmp.ask("object-add", **{"qom-type": "filter-dump", "id": "wire", "netdev": "net", "file": str(path)})

    # --- how it ends ------------------------------------------------------------------------------

    def one_shot(self):
        """Whether the system asked for the other slot, once."""
        if self.outfit.board == "qemu":
            return self.one_shot_file.exists() and b"1" in self.one_shot_file.read_bytes()
        log = self.folder / "mailbox.log"
        return log.exists() and "00038064" in log.read_text(errors="replace")

    def wait(self, limit_s=None):
        """Until QEMU ends; why it did."""
        self.process.wait(limit_s)
        why = self.qmp.ended_by()
        self._over()
        return why

    def pull(self):
        """The plug, out of the wall."""
        try:
            os.kill(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self._over()

    def _over(self):
        if hasattr(self, "qmp"):
            self.qmp.close()
        self.errors.close()
        self._settle()


def _disk_node(number, disk):
    # A node, not a -drive: that one would go with the device when it is unplugged.
    return f"driver=raw,node-name=drive{number},file.driver=file,file.filename={disk.path}"


def disk_device(number, disk):
    device = {"id": f"disk{number}", "drive": f"drive{number}", "serial": disk.serial}
    if disk.bus == "usb":
        return {"driver": "usb-storage", "bus": "usb.0", **device}
    if disk.bus == "nvme":
        return {"driver": "nvme", **device}
    return {"driver": "virtio-blk-pci", "addr": PCI["before" if disk.first else "after"], **device}


def _qemu_img(*arguments):
    done = subprocess.run(["qemu-img", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise QmpError(f"qemu-img {arguments[0]} failed: {done.stderr.strip()}")
