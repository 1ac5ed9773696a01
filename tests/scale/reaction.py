# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a guest waits from its need to the grant: by this build and by others in turns, of guests that are asked each second and of
guests that sleep, where a build lets them.

The need is timed by the guest's own figures, and the grant by what libvirtd was told.
"""

import argparse
import re
import statistics
import time
from pathlib import Path

from bed import MIB, Bed, follow_need, make_needy
from common import BUILD, wait_until

LEFT = 40 * MIB  # of what is usable, in need
# One that has little to spare, and one that has more than it could fill unseen.
AWAKE = dict(maximum=768 * MIB, current=320 * MIB, swap=256 * MIB)
ASLEEP = dict(maximum=2048 * MIB, current=740 * MIB, swap=256 * MIB)
SETTLE_S = {"awake": 20, "asleep": 90}
INTERVAL_S = 2


def period_s(guest):
    return int(re.search(r"<stats period='(\d+)'", guest.bed.virsh("dumpxml", guest.name).stdout)[1])


def make_as_at_first(bed, guests):
    """By other hands, while no service runs."""
    for guest, spec in guests.items():
        guest.free()
        bed.virsh("setmem", guest.name, spec["current"] >> 10, "--live")
    bed.wait_ballooned(300)


def follow(guest, phase_s):
    """(s from need to grant, s from one report to the next before it)"""
    time.sleep(phase_s)
    asked_every = period_s(guest)
    course = follow_need(guest, cause=lambda guest: make_needy(guest, LEFT))
    guest.free()
    if not course.is_over():
        raise SystemExit(f"it was not given memory: {course}")
    return course.late(), asked_every


def run(bed, build, guests, kinds, seen, phases):
    """One start of the service: each guest comes to need once, each of a kind in another part of the interval."""
    make_as_at_first(bed, guests)
    bed.build = Path(build).resolve()
    bed.start_daemon()
    wait_until(bed.managed, 60, "all guests to be managed")
    time.sleep(max(SETTLE_S[kind] for kind in kinds))
    for guest, spec in guests.items():
        some = seen["awake" if spec is AWAKE else "asleep"]
        some.append(follow(guest, phases[len(some)]))
    bed.stop_daemon()


def show(results):
    print("| build | guests | needs | asked every, s | median from need to grant, s | each, s |\n|---|---|--:|--:|--:|---|")
    for build, seen in results.items():
        for kind, needs in seen.items():
            late, asked = zip(*needs)
            print(f"| {build} | {kind} | {len(needs)} | {statistics.median(asked):.0f} | {statistics.median(late):.2f} | {' '.join(f'{each:.1f}' for each in sorted(late))} |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="tests/scale/reaction", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guests", type=int, default=5, help="how many guests there are of each kind (5)")
    parser.add_argument("--kind", action="append", choices=["awake", "asleep"], help="of these guests alone")
    parser.add_argument("--rounds", type=int, default=2, help="how often each build is started, in turns (2)")
    parser.add_argument("--build", action="append", default=[], metavar="DIR", help="another build of the service to measure beside")
    options = parser.parse_args()
    builds = {"this build": BUILD, **{f"build {path}": path for path in options.build}}
    specs = {kind: spec for kind, spec in (("awake", AWAKE), ("asleep", ASLEEP)) if not options.kind or kind in options.kind}
    results = {name: {kind: [] for kind in specs} for name in builds}
    n_needs = options.guests * options.rounds
    phases = [INTERVAL_S * i / n_needs for i in range(n_needs)]
    with Bed(host_total=16 << 30) as bed:
        named = {f"{kind}{i}": spec for kind, spec in specs.items() for i in range(options.guests)}
        bed.add_guests(**named)
        guests = {bed.guests[name]: spec for name, spec in named.items()}
        bed.wait_ballooned(300)
        for _ in range(options.rounds):
            for name, build in builds.items():
                run(bed, build, guests, specs, results[name], phases)
    show(results)


main()
