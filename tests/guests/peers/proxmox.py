#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Another coordinator for the benchmark: Proxmox VE's law, written from its description.

Every 10 s the host aims at 80 % of its memory in use. What is missing is taken from the guests, what is left is given to
them, 100 MiB each at most; those with more than a quarter of their minimum free give first.
"""

import argparse
import time

import libvirt

MIB = 1 << 20
GOAL = 0.8
DEAD_BAND = 10 * MIB
MOST_A_CYCLE = 100 * MIB


def host_memory():
    with open("/proc/meminfo") as meminfo:
        figures = {line.split(":")[0]: int(line.split()[1]) << 10 for line in meminfo}
    return figures["MemTotal"], figures["MemAvailable"]


class Vm:
    def __init__(self, domain, figures, minimum):
        self.domain = domain
        self.maximum = figures["balloon.maximum"] << 10
        self.balloon = figures["balloon.current"] << 10
        self.free = (figures.get("balloon.unused") or 0) << 10
        self.minimum = min(minimum, self.maximum)
        self.told = self.balloon

    def move(self, amount):
        """Returns what it could move of it."""
        before = self.told
        lowest = max(self.minimum, self.balloon - MOST_A_CYCLE)
        highest = min(self.maximum, self.balloon + MOST_A_CYCLE)
        self.told = min(max(self.told + amount, lowest), highest)
        return self.told - before


def spread(vms, amount):
    """The same from each, and again what some could not take."""
    while vms and abs(amount) > MIB:
        part = amount / len(vms)
        moved = {vm: vm.move(part) for vm in vms}
        amount -= sum(moved.values())
        vms = [vm for vm in vms if abs(moved[vm]) >= abs(part) - 1]
    return amount


def cycle(connection, minimum):
    total, available = host_memory()
    goal = GOAL * total - (total - available)
    if abs(goal) <= DEAD_BAND:
        return
    records = connection.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_BALLOON, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE)
    vms = [Vm(domain, figures, minimum) for domain, figures in records]
    if goal < 0:
        goal = spread([vm for vm in vms if vm.free > vm.minimum / 4], goal)
    spread(vms, goal)
    for vm in vms:
        if abs(vm.told - vm.balloon) >= MIB:
            vm.domain.setMemoryFlags(int(vm.told) >> 10, libvirt.VIR_DOMAIN_AFFECT_LIVE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interval", type=float, default=10, help="seconds between cycles (default: 10, as published)")
    parser.add_argument("--minimum", type=int, default=256, help="MiB that each guest keeps (default: 256)")
    options = parser.parse_args()
    connection = libvirt.open("qemu:///system")
    while True:
        cycle(connection, options.minimum * MIB)
        time.sleep(options.interval)


if __name__ == "__main__":
    main()
