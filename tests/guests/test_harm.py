# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the service must not do to guests that lack nothing: on a full host with others' hands on it, after its own restart, and
where nothing presses.

MEMCOORD_FULL_FAULTS in the environment makes it watch for two minutes, and has the third way to a full balloon as well.
"""

import os
import time

import pytest
from bed import MIB, Bed, Watch, assert_left_alone, calls_since
from common import wait_until

RESERVE = 200 * MIB
HOT = 430  # MiB that each guest works on
FULL = 2048 * MIB
WATCHED_S = 120 if "MEMCOORD_FULL_FAULTS" in os.environ else 60
MOST_SWAP_IN = 16 * MIB


# Balloons that nobody of ours granted

@pytest.fixture(scope="module")
def full_bed():
    """Three guests at work, each with a few hundred MiB of its own to spare, and less than a GiB that is nobody's. To boot them and to
    inflate their balloons takes two minutes: each test grows another of them."""
    with Bed(host_total=2900 * MIB) as bed:
        guests = bed.add_guests(**{name: dict(maximum=FULL, current=746 * MIB, swap=1024 * MIB) for name in ("one", "two", "three")})
        bed.wait_ballooned(240)
        for guest in guests:
            guest.hold(HOT)
        for guest in guests:
            wait_until(lambda: guest.info()["held"] == HOT * MIB, 120, f"{guest.name} to be at work")
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        yield bed


def set_by_somebody(bed, guest):
    bed.virsh("setmem", guest.name, FULL >> 10, "--live")


def unload_its_driver(bed, guest):
    guest.unload_balloon()


def claim_a_full_balloon(bed, guest):
    guest.claim_full_balloon()


@pytest.mark.parametrize("name, grow", [
    ("one", set_by_somebody), ("two", unload_its_driver), pytest.param("three", claim_a_full_balloon, marks=pytest.mark.long)])
def test_untouched_memory_of_one_is_not_paid_by_what_others_use(full_bed, name, grow):
    """It has, or says that it has, a GiB more, and touches nothing of it."""
    bed, one = full_bed, full_bed.guests[name]
    others = [guest for guest in bed.guests.values() if guest is not one]
    bed.settle(6, 90)
    before = bed.infos()
    balloons = {guest.name: guest.balloon_bytes() for guest in others}
    bed.host.forget_lowest()
    began = time.monotonic()
    grow(bed, one)
    wait_until(lambda: one.balloon_bytes() > FULL - 64 * MIB, 20, "its balloon to be full, as libvirt sees it")
    while (now := time.monotonic() - began) < WATCHED_S:
        for guest in others:
            info = guest.info()
            what = (f"{guest.name} after {now:.0f} s, {balloons[guest.name] // MIB} MiB at first, then (s, MiB) "
                    f"{calls_since(guest, began)}: {info}")
            assert info["swap_in"] - before[guest.name]["swap_in"] < MOST_SWAP_IN, what
            assert info["oom"] == info["killed"] == 0, what
        assert bed.host.lowest > RESERVE, f"after {now:.0f} s the host had {bed.host.lowest // MIB} MiB"
        time.sleep(1)
    for guest in others:
        assert guest.info()["held"] == HOT * MIB
    assert bed.managed(*others)


# A guest that cannot report any more

@pytest.fixture
def dead_bed():
    with Bed(host_total=4 << 30) as bed:
        guests = bed.add_guests(**{name: dict(maximum=768 * MIB, swap=256 * MIB) for name in ("dead", "two", "three")})
        for guest in guests:
            guest.hold(600)
        for guest in guests:
            wait_until(lambda: guest.info()["held"] == 600 * MIB, 120, f"{guest.name} to have touched its memory")
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        yield bed


def reported_usable(bed, guest):
    stats = dict(line.split() for line in bed.virsh("dommemstat", guest.name).stdout.splitlines())
    return int(stats["usable"]) << 10


def test_dead_guest_is_not_moved_after_a_restart(dead_bed):
    """Its last report, of before, tells of much that it could give; the host is short, and the others give."""
    bed, (dead, *others) = dead_bed, dead_bed.guests.values()
    for guest in bed.guests.values():
        guest.free()
    wait_until(lambda: reported_usable(bed, dead) > 400 * MIB, 10, "a report of much that it could give")
    dead.tell("panic")
    with Watch() as watch:
        watch.wait_status(dead, "stale", 30)
    assert bed.stop_daemon() == 0
    balloon = dead.balloon_bytes()
    assert balloon > 500 * MIB
    bed.host.base += bed.host.available - RESERVE - 120 * MIB
    began = time.monotonic()
    bed.start_daemon()
    wait_until(lambda: all(bed.calls.of(guest, began) for guest in others), 30, "the others to give")
    while time.monotonic() - began < 60:
        # To be told what it has already moves nothing: so a target is withdrawn that an earlier start left behind.
        moves = [call for call in calls_since(dead, began) if abs(call[1] - balloon // MIB) > 1]
        assert moves == [], f"the dead one, of {balloon // MIB} MiB, was told (s, MiB): {moves}"
        time.sleep(1)
    assert dead.balloon_bytes() == balloon
    assert bed.managed(*others)
    assert bed.host.lowest > RESERVE


# Nothing presses

def test_guest_that_has_just_booted_keeps_its_memory_where_nothing_presses():
    """Its services, which are only starting, see the machine that was asked for; a host with all to spare gains nothing."""
    with Bed(host_total=16 << 30) as bed:
        bed.start_daemon()
        began = time.monotonic()
        guest = bed.add_guest("one", maximum=1024 * MIB, swap=256 * MIB)
        guest.wait_ready()
        wait_until(lambda: bed.managed(guest), 30, "it to be managed")
        while time.monotonic() - began < WATCHED_S:
            assert_left_alone(guest, began)
            time.sleep(1)
        assert bed.managed(guest)
