# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host under the guests changes: memory taken suddenly or plugged in, no figures of pressure, a clock that steps."""

import os
import time

import pytest
from bed import MIB, Bed, assert_served
from common import wait_until

NAMES = ("one", "two", "three")
INTERVAL_S = 2
HOST_TOTAL = 4 << 30
RESERVE = 200 * MIB
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=HOST_TOTAL) as bed:
        nothing = bed.directory / "no-pressure"
        nothing.mkdir()
        bed.cover("/proc/pressure", nothing)
        bed.add_guests(**{name: dict(maximum=1024 * MIB, swap=512 * MIB) for name in NAMES})
        bed.clock = bed.directory / "clock"
        bed.clock.write_text("+0")
        bed.start_daemon(env={
            "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(bed.clock), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        })
        wait_until(bed.managed, 30, "all guests to be managed")
        yield bed


def test_no_pressure_figures(bed, guests, watch):
    assert not os.path.exists("/proc/pressure/memory")
    assert "/proc/pressure/memory" in bed.read_daemon_log()
    assert_served(watch, guests[0], 2 * INTERVAL_S)


@pytest.mark.parametrize("step", ["+3600", "-7200", "+0"])
def test_clock_steps(bed, guests, nobody_sleeps, watch, step):
    """An hour on, three back, two on: durations are not the wall clock's."""
    began = watch.now
    bed.clock.write_text(step)
    time.sleep(INTERVAL_S)
    assert_served(watch, guests[0], 2 * INTERVAL_S)
    for guest in guests:
        assert watch.values(guest, "Status", began) == ["managed"]
        assert watch.longest_silence(guest, began) <= INTERVAL_S + 1
    wall = time.time() + int(step)
    assert abs(watch.vm(guests[0])["StatsTime"] / 1e6 - wall) < 5  # told in the time that people see


def test_memory_taken_suddenly(bed, guests, watch):
    """Something else takes more than the reserve within a second: guests give it back, and none is hurt."""
    for guest in guests:
        guest.hold(800)  # touched, so that the host has given it
    wait_until(lambda: all(guest.info()["held"] == 800 * MIB for guest in guests), 30, "all to hold what they need")
    for guest in guests:
        guest.free()
    watch.wait(lambda look: all(vm["Usable"] > 600 * MIB for vm in look.vms.values()), 10, "the figures to follow")
    # "2 GiB in a second" of a host 16 times as large.
    bed.host.base += bed.host.available - RESERVE // 2
    try:
        watch.wait(lambda look: look.root["HostCondition"] == "critical", 2 * INTERVAL_S, "it to be noticed")
        wait_until(lambda: bed.host.available > RESERVE, 3 * INTERVAL_S, "the host to have its reserve again")
        watch.wait(lambda look: look.root["HostCondition"] != "critical", 2 * INTERVAL_S + 5, "that to be told")
        for guest in guests:
            info = guest.info()
            assert info["oom"] == 0 and info["available"] > 100 * MIB
    finally:
        bed.host.base = 256 * MIB


def test_memory_plugged_in_and_out(bed, guests, watch):
    bed.host.base = HOST_TOTAL - (sum(bed.vm(guest)["Resident"] for guest in guests))  # nothing is left to give
    try:
        watch.wait(lambda look: look.root["HostCondition"] != "comfortable", 2 * INTERVAL_S, "the host to be short")
        bed.host.total = HOST_TOTAL + (2 << 30)
        watch.wait(lambda look: look.root["HostTotal"] == bed.host.total, INTERVAL_S + 1, "the new memory to be seen")
        watch.wait(lambda look: look.root["HostAvailable"] > 2 << 30, INTERVAL_S + 1, "the new memory to be seen")
        assert_served(watch, guests[0], 2 * INTERVAL_S)
    finally:
        bed.host.base = 256 * MIB
    bed.host.total = HOST_TOTAL
    watch.wait(lambda look: look.root["HostTotal"] == HOST_TOTAL, INTERVAL_S + 1, "its absence to be seen")
