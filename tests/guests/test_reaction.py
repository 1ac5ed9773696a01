# SPDX-License-Identifier: LGPL-2.1-or-later
"""How soon a guest in need is given memory, on a host that has some: within one interval, and 100 ms, of the statistics
that show the need."""

import time

import libvirt
import pytest
from bed import MIB, Bed, Signals
from bed.bed import ROOT_INTERFACE

LOW_WATERMARK = 100 * MIB
SLACK_S = 0.1
POLL_S = 0.02
FLAGS = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=3 << 30) as bed:
        bed.add_guests(**{name: dict(maximum=768 * MIB, current=320 * MIB) for name in ("one", "two", "three")})
        bed.wait_ballooned()
        bed.start_daemon()
        bed.wait_for(bed.managed, 30, "all guests to be managed")
        yield bed


@pytest.fixture
def statistics(bed):
    connection = libvirt.openReadOnly("qemu:///system")

    def read():
        """Of each guest, what it last told of its unused and usable memory; the smaller one."""
        stats = connection.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_BALLOON, FLAGS)
        figures = {domain.name(): [of.get("balloon.unused"), of.get("balloon.usable")] for domain, of in stats}
        return {name: min(of) << 10 for name, of in figures.items() if None not in of}

    yield read
    connection.close()


def wait_shown(statistics, guest, timeout=15):
    """When libvirt first tells that the guest is at or below its low watermark."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        asked = time.time()
        if statistics().get(guest.name, LOW_WATERMARK + 1) <= LOW_WATERMARK:
            return asked
        time.sleep(POLL_S)
    raise TimeoutError(f"{guest.name} is not seen in need within {timeout} s")


@pytest.mark.parametrize("interval_s", [2, 1, 4])
def test_need_is_met_within_an_interval_and_100_ms(bed, statistics, interval_s):
    bed.set_threshold("Interval", interval_s)
    for guest in bed.guests.values():
        bed.settle(interval_s + 1, 60)
        usable = statistics()[guest.name]
        with Signals() as signals:
            guest.grow((usable - LOW_WATERMARK) // MIB + 25, 0)
            shown = wait_shown(statistics, guest)

            def given(signal):
                return (
                    (signal["interface"], signal["member"]) == (ROOT_INTERFACE, "MemoryMoved")
                    and signal["data"][0] == guest.object_path and signal["data"][2] > signal["data"][1]
                )

            moved = signals.wait(given, interval_s + 5, f"{guest.name} to be given memory")
        assert moved["at"] - shown <= interval_s + SLACK_S, guest.name
