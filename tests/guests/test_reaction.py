# SPDX-License-Identifier: LGPL-2.1-or-later
"""How soon a guest in need is given memory, on a host that has some: within one interval, and 100 ms, of the statistics
that show the need, and within the statistics' second more of the guest's own figures."""

import time

import libvirt
import pytest
from bed import LOW, MIB, Bed, follow_need, make_needy
from common import wait_until

LEFT = 40 * MIB  # of what is usable, in need
PERIOD_S = 1  # of the guest's statistics
SLACK_S = 0.1
FLAGS = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=3 << 30) as bed:
        bed.add_guests(**{name: dict(maximum=768 * MIB, current=320 * MIB, swap=256 * MIB) for name in ("one", "two", "three")})
        bed.wait_ballooned()
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        yield bed


class Reports:
    """When libvirt first showed a guest's need: what the service could know at the earliest."""

    def __init__(self, guest):
        self.connection = libvirt.openReadOnly("qemu:///system")
        self.domain = self.connection.lookupByName(guest.name)
        self.shown = None  # as time.monotonic() tells it

    def look(self):
        if self.shown is not None:
            return  # whoever asks a guest's process keeps the service's sample out for as long
        asked = time.monotonic()
        for _, figures in self.connection.domainListGetStats([self.domain], libvirt.VIR_DOMAIN_STATS_BALLOON, FLAGS):
            both = figures.get("balloon.unused"), figures.get("balloon.usable")
            if None not in both and min(both) << 10 <= LOW:
                self.shown = asked

    def close(self):
        self.connection.close()


# A guest each: one that has grown once keeps what it was given for a while.
@pytest.mark.parametrize("name, interval_s", [("one", 2), ("two", 1), ("three", 4)])
def test_need_is_met_within_an_interval_and_100_ms(bed, name, interval_s):
    guest = bed.guests[name]
    bed.set_threshold("Interval", interval_s)
    bed.settle(interval_s + 1, 60)
    reports = Reports(guest)
    course = follow_need(guest, cause=lambda guest: make_needy(guest, LEFT), also=reports.look)
    reports.close()
    assert course.is_over(), str(course)
    assert course.late() <= PERIOD_S + interval_s + SLACK_S, str(course)
    # It may be given memory before its need is shown, for how fast it grows.
    if reports.shown is not None:
        assert course.granted + course.began - reports.shown <= interval_s + SLACK_S, f"shown {reports.shown}; {course}"
