# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirtd killed, restarted, stopped, away: told, nothing moved on old figures, back by itself.

MEMCOORD_FULL_FAULTS in the environment makes it stay away for two minutes.
"""

import os
import signal
import time

import pytest
from bed import LOW, MIB, Bed, assert_left_alone, assert_served, is_at_target, make_needy
from common import wait_until

NAMES = ("one", "two", "three")
INTERVAL_S = 2
SELDOM_S = 10  # the period of one that sleeps
AWAY_S = 120 if "MEMCOORD_FULL_FAULTS" in os.environ else 8
STOPPED_S = 60 if "MEMCOORD_FULL_FAULTS" in os.environ else 8
ANSWER_S = 0.1
BACK_S = 15  # reconnection backs off to 10 s


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=5 << 30) as bed:
        bed.add_guests(**{name: dict(maximum=1024 * MIB, current=512 * MIB, swap=512 * MIB) for name in NAMES})
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        yield bed


def assert_nothing_moves(watch, guests, since):
    for guest in guests:
        assert_left_alone(guest, watch.began + since)
        assert len(watch.values(guest, "Target", since)) == 1, guest.name
        assert watch.values(guest, "Status", since) == ["busy"], guest.name
    assert {look.root["State"] for look in watch.since(since)} == {"degraded"}
    assert watch.slowest(since) <= ANSWER_S


def wait_relieved(bed, guest):
    """Nobody could know of its need; now they do, and it has memory by its own word."""
    wait_until(lambda: guest.info()["available"] > LOW, 15, f"{guest.name}, in need, to have memory")


def assert_events_are_registered(bed, watch, guest):
    """Suspension is told by an event: well before the next cycle looks."""
    # A call that is under way, as one for its balloon, would have it busy for a moment.
    watch.wait(lambda look: look.vms[guest.name]["Status"] == "managed" and is_at_target(look.vms[guest.name]), 20,
               f"{guest.name} to be at rest")
    for command, status in (("suspend", "suspended"), ("resume", "managed")):
        bed.virsh(command, guest.name)
        watch.wait_status(guest, status, 1)


def test_killed_and_away(bed, guests, watch):
    one, two, three = guests
    began = watch.now
    bed.end_process("libvirtd", signal.SIGKILL)
    watch.wait(lambda look: look.root["State"] == "degraded", 5, "the loss to be told")
    assert watch.last.root["HypervisorConnected"] is False
    since = watch.now
    make_needy(one)  # nobody can know
    time.sleep(AWAY_S)
    wait_until(lambda: one.info()["available"] <= LOW, 60, "it to be in need")
    assert_nothing_moves(watch, guests, since)
    two.signal(signal.SIGKILL)  # nobody is told
    two.disconnect()
    assert watch.signals == []
    bed.start_libvirtd()
    watch.wait_running(BACK_S)
    watch.wait_gone(two, 5)
    wait_relieved(bed, one)
    assert watch.object_signals(one, began) == watch.object_signals(three, began) == []
    assert watch.object_signals(two, began) == ["InterfacesRemoved"]
    assert_events_are_registered(bed, watch, three)
    assert {bed.stats_period(one), bed.stats_period(three)} <= {1, SELDOM_S}
    two.start()
    two.wait_ready()
    watch.wait_status(two, "managed", 15)


def test_restarted(bed, guests, watch):
    began = watch.now
    bed.end_process("libvirtd", signal.SIGTERM)
    bed.start_libvirtd()
    watch.wait(lambda look: look.root["State"] == "running" and look.root["HypervisorConnected"], BACK_S, "it to be back")
    for guest in guests:
        watch.wait_status(guest, "managed", 5)
        assert watch.object_signals(guest, began) == []
    assert_served(watch, guests[0], 2 * INTERVAL_S)
    assert_events_are_registered(bed, watch, guests[2])


def test_stopped(bed, guests, watch):
    began = watch.now
    libvirtd = bed.processes["libvirtd"]
    libvirtd.send_signal(signal.SIGSTOP)
    try:
        watch.wait(lambda look: look.root["State"] == "degraded", 10, "the silence to be told")
        since = watch.now
        make_needy(guests[0])
        time.sleep(STOPPED_S)
        wait_until(lambda: guests[0].info()["available"] <= LOW, 60, "it to be in need")
        assert_nothing_moves(watch, guests, since)
    finally:
        libvirtd.send_signal(signal.SIGCONT)
    watch.wait_running(BACK_S)
    wait_relieved(bed, guests[0])
    for guest in guests:
        watch.wait_status(guest, "managed", 10)
        assert watch.object_signals(guest, began) == []
    assert_events_are_registered(bed, watch, guests[2])
