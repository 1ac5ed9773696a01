# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is compared: each is prepared on a bed, started when the load begins, stopped when it has ended."""

import os
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

from common import wait_until
from common.namespace import die_with_parent
from oracle import NOBODY_LOW, PLAIN, Oracle

STATS_PERIOD_S = 1
PROXMOX = shlex.join([sys.executable, str(Path(__file__).resolve().parent / "peers/proxmox.py")])


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # its own, and of children that have ended


def peak_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:"))


class Nobody:
    """The guests keep what they have."""

    def prepare(self, bed, load):
        for name in bed.guests:
            bed.virsh("dommemstat", name, "--period", STATS_PERIOD_S, "--live")

    def start(self, now):
        pass

    def log(self):
        """What it said of its own doing; None: nothing."""
        return None

    def usage(self):
        """Processor time in seconds and peak memory in bytes; None: it is no process."""
        return None

    def stop(self):
        pass


class Knowing(Nobody):
    def __init__(self, law=PLAIN):
        self.law = law

    def prepare(self, bed, load):
        super().prepare(bed, load)
        self.oracle = Oracle(bed, load, self.law)

    def start(self, now):
        self.oracle.start(now)

    def stop(self):
        self.oracle.stop()


class MemCoord(Nobody):
    def __init__(self, **settings):
        self.settings = settings

    def prepare(self, bed, load):
        self.bed = bed
        configuration = bed.directory / "memcoord.conf"
        configuration.write_text("".join(["[Thresholds]\n", *(f"{name}={value}\n" for name, value in self.settings.items())]))
        bed.start_daemon("--config", configuration)
        wait_until(bed.managed, 60, "all guests to be managed")

    def log(self):
        return self.bed.read_daemon_log()

    def usage(self):
        return processor_seconds(self.bed.daemon.pid), peak_bytes(self.bed.daemon.pid)

    def stop(self):
        self.bed.stop_daemon()


class Command(Nobody):
    """Any other: a command line that is ended by SIGTERM. It finds libvirt at qemu:///system."""

    def __init__(self, words):
        self.words = shlex.split(words)

    def prepare(self, bed, load):
        super().prepare(bed, load)
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.DEVNULL, stdout=bed.log, stderr=bed.log, preexec_fn=die_with_parent
        )

    def usage(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{shlex.join(self.words)} has ended by itself, with code {self.process.returncode}")
        return processor_seconds(self.process.pid), peak_bytes(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


BUILT_IN = {
    "none": Nobody, "oracle": Knowing, "memcoord": MemCoord,
    # What can be had while nobody is low, and the host keeps its reserve.
    "oracle-low": partial(Knowing, NOBODY_LOW),
    # Filling the host as far as Proxmox VE's law does.
    "memcoord-80": partial(MemCoord, **{"host-usage-limit": 80}),
    "proxmox": partial(Command, PROXMOX),
}
