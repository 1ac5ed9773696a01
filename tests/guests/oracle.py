# SPDX-License-Identifier: LGPL-2.1-or-later
"""The coordinator that knows the future: it is told the load, and gives each guest what it will need before it needs it."""

import threading
from dataclasses import dataclass

import libvirt
from bed import LOW, MIB
from loads import RESERVE

EVERY_S = 0.25
LOOKS = 20  # ahead
SURVIVES = 35 * MIB
COMFORT = 130 * MIB


@dataclass(frozen=True)
class Law:
    ahead_s: float = 10
    margin: int = 32 * MIB  # beside the host's reserve
    trifle: int = 16 * MIB  # that is not moved
    nobody_low: bool = False  # each guest has its low watermark beside what it holds, and page cache has what is left


PLAIN = Law()
# Leaves as little as can be to chance, as nothing can be that does not know the load: it is to show how much there is for page cache.
NOBODY_LOW = Law(ahead_s=5, margin=0, trifle=4 * MIB, nobody_low=True)


def share_out(bases, wants, maxima, budget):
    """What they want, or as much of what is above their bases as there is; or the bases, capped at one level."""
    spare = budget - sum(bases.values())
    wanted = sum(wants.values()) - sum(bases.values())
    if spare < 0:
        level = water_level(sorted(bases.values()), budget)
        return {name: min(base, level) for name, base in bases.items()}
    part = min(spare / wanted, 1)
    left = max(spare - wanted, 0) / len(bases)
    return {name: min(bases[name] + part * (wants[name] - bases[name]) + left, maxima[name]) for name in bases}


def water_level(ascending, budget):
    for number, value in enumerate(ascending):
        level = budget / (len(ascending) - number)
        if level <= value:
            return level
        budget -= value
    return max(ascending)


class Oracle:
    def __init__(self, bed, load, law=PLAIN):
        self.load = load
        self.law = law
        self.budget = bed.host_total - bed.base - RESERVE - law.margin
        self.maxima = {guest.name: guest.maximum for guest in bed.guests.values()}
        self.targets = {guest.name: guest.current for guest in bed.guests.values()}
        # What an idle guest has in use.
        self.idle = {guest.name: guest.current - guest.info()["available"] for guest in bed.guests.values()}
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.now = lambda: 0.0

    def start(self, now):
        """`now`: a function that tells the seconds since the load began."""
        self.now = now
        self.thread.start()

    def stop(self):
        self.ending.set()
        self.thread.join()

    def run(self):
        connection = libvirt.open("qemu:///system")
        domains = {name: connection.lookupByName(name) for name in self.targets}
        while not self.ending.wait(EVERY_S):
            self.move(domains)
        connection.close()

    def most(self, figure, now):
        """Bytes of each guest, of what the load tells of it, in the time that is looked ahead."""
        ahead = [now + self.law.ahead_s * look / LOOKS for look in range(LOOKS + 1)]
        return {name: self.idle[name] + max(figure(name, t) for t in ahead) * MIB for name in self.targets}

    def bases(self, needs, now):
        if self.law.nobody_low:
            return {name: held + LOW + self.law.trifle for name, held in self.most(self.load.held, now).items()}
        return {name: need + SURVIVES for name, need in needs.items()}

    def share_out(self, now):
        needs = self.most(self.load.needed, now)
        bases = {name: min(base, self.maxima[name]) for name, base in self.bases(needs, now).items()}
        wants = {name: max(bases[name], min(need + COMFORT, self.maxima[name])) for name, need in needs.items()}
        return share_out(bases, wants, self.maxima, self.budget)

    def move(self, domains):
        shares = self.share_out(self.now())
        # Those that give come first.
        for name in sorted(self.targets, key=lambda name: shares[name] - self.targets[name]):
            if abs(shares[name] - self.targets[name]) >= self.law.trifle:
                self.targets[name] = shares[name]
                domains[name].setMemoryFlags(int(shares[name]) >> 10, libvirt.VIR_DOMAIN_AFFECT_LIVE)
