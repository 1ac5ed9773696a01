# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the machine kept from all of its processes: who reads of a failure sees whether it was short of processors or disk."""

from pathlib import Path

TICKS_A_SECOND = 100  # of /proc/stat, on every architecture that Linux tells it to
STEAL = 8  # the field of /proc/stat's first line


def stolen_s():
    """By other machines on the same hardware, over all processors: time that nobody here had, which no bound is meant for."""
    return int(Path("/proc/stat").read_text().split()[STEAL]) / TICKS_A_SECOND


def stalled_s(what):
    """Seconds in which somebody waited for "cpu", "io" or "memory"; None: this kernel does not tell."""
    try:
        some = Path("/proc/pressure", what).read_text().splitlines()[0]
    except OSError:
        return None
    return int(some.rpartition("total=")[2]) / 1e6


def read():
    return {"stolen": stolen_s(), **{what: stalled_s(what) for what in ("cpu", "io", "memory")}}


class Strain:
    """Since it was made."""

    def __init__(self):
        self.before = read()

    def __str__(self):
        return ", ".join(f"{name} {now - self.before[name]:.2f} s" for name, now in read().items() if now is not None)
