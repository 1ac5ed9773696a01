# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that do nothing are asked seldom, and are served as soon as anybody when they come to need."""

import os
import re
import time

import pytest
from bed import MIB, Bed, follow_need, make_needy
from common import wait_until

INTERVAL_S, PERIOD_S, SLACK_S = 2, 1, 0.1
SELDOM_S = 10  # from one report to the next, of one that sleeps
LEFT = 40 * MIB  # of what is usable, in need

# What is believed of processors in a second of their time, as src/policy/asked.c has it.
FILLS = {"kvm": 16 << 30, "tcg": 1 << 30}


@pytest.fixture(scope="module")
def bed():
    """On a host that has enough, guests that have what they want: twice what they could fill in the time that idle guests use."""
    with Bed(host_total=8 << 30) as bed:
        bed.add_guests(**{name: dict(maximum=2048 * MIB, current=740 * MIB, swap=256 * MIB) for name in ("one", "two")})
        bed.wait_ballooned()
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        yield bed


def period(guest):
    return int(re.search(r"<stats period='(\d+)'", guest.bed.virsh("dumpxml", guest.name).stdout)[1])


def wait_asleep(bed):
    wait_until(lambda: all(period(guest) == SELDOM_S for guest in bed.guests.values()), 120, "all guests to sleep")


def last_report(guest):
    return guest.bed.virsh("domstats", guest.name, "--balloon", "--nowait").stdout.partition("balloon.last-update=")[2].split()[0]


def test_idle_guests_report_seldom(bed):
    wait_asleep(bed)
    seen = {guest: {last_report(guest)} for guest in bed.guests.values()}
    until = time.monotonic() + 60
    while time.monotonic() < until:
        time.sleep(0.9)
        for guest, reports in seen.items():
            reports.add(last_report(guest))
    for guest, reports in seen.items():
        # Without sleep it is once a second.
        assert 1 <= len(reports) - 1 <= 60 / SELDOM_S + 1, guest.name
        assert bed.vm(guest)["Status"] == "managed"


@pytest.mark.parametrize("name", ["one", "two"])
def test_need_of_one_that_sleeps_is_met_as_soon_as_any(bed, name):
    wait_asleep(bed)
    course = follow_need(bed.guests[name], cause=lambda guest: make_needy(guest, LEFT))
    assert course.is_over(), str(course)
    assert course.late() <= PERIOD_S + INTERVAL_S + SLACK_S, str(course)
    assert course.info["swap_in"] == 0, str(course)
    bed.guests[name].free()


def cpu_s(pid):
    """To the nanosecond, of all of its threads."""
    return sum(int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0]) for task in os.listdir(f"/proc/{pid}/task")) / 1e9


def test_guest_fills_no_more_than_is_believed_in_its_time(bed):
    guest = bed.guests["one"]
    guest.free()
    for _ in range(3):  # memory that the host has to give first, and memory that it has given
        before = cpu_s(guest.pid)
        guest.hold(240)
        wait_until(lambda: guest.info()["held"] == 240 * MIB, 60, "it to hold it")
        filled = 240 * MIB / (cpu_s(guest.pid) - before)
        print(f"{filled / (1 << 30):.2f} GiB in a second of CPU time")
        assert filled < FILLS[bed.accel]
        guest.free()
        wait_until(lambda: guest.info()["held"] == 0, 60, "it to be free")
