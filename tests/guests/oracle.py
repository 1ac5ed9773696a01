# SPDX-License-Identifier: LGPL-2.1-or-later
"""The coordinator that knows the future: it is told the load, and gives each guest what it will need before it needs it."""

import threading

import libvirt
from bed import MIB
from loads import RESERVE

EVERY_S = 0.25
AHEAD_S = 10
LOOKS = 20  # within AHEAD_S
SURVIVES = 35 * MIB
COMFORT = 130 * MIB
MARGIN = 32 * MIB
TRIFLE = 16 * MIB


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
    def __init__(self, bed, load):
        self.load = load
        self.budget = bed.host_total - bed.base - RESERVE - MARGIN
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

    def needs(self, name, now):
        ahead = (now + AHEAD_S * look / LOOKS for look in range(LOOKS + 1))
        return self.idle[name] + max(self.load.needed(name, t) for t in ahead) * MIB

    def move(self, domains):
        now = self.now()
        needs = {name: self.needs(name, now) for name in self.targets}
        shares = share_out(
            {name: min(need + SURVIVES, self.maxima[name]) for name, need in needs.items()},
            {name: min(need + COMFORT, self.maxima[name]) for name, need in needs.items()},
            self.maxima, self.budget,
        )
        # Those that give come first.
        for name in sorted(self.targets, key=lambda name: shares[name] - self.targets[name]):
            if abs(shares[name] - self.targets[name]) >= TRIFLE:
                self.targets[name] = shares[name]
                domains[name].setMemoryFlags(int(shares[name]) >> 10, libvirt.VIR_DOMAIN_AFFECT_LIVE)
