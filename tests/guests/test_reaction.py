# SPDX-License-Identifier: LGPL-2.1-or-later
"""How soon a guest in need is given memory, on a host that has some: within one interval, and 100 ms, of the statistics
that show the need."""

import time

import libvirt
import pytest
from bed import MIB, Bed, Signals
from bed.bed import ROOT_INTERFACE

LOW_WATERMARK = 100 * MIB
LEFT = 40 * MIB  # of what is usable, in need
SLACK_S = 0.1
POLL_S = 0.02
FLAGS = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=3 << 30) as bed:
        bed.add_guests(**{name: dict(maximum=768 * MIB, current=320 * MIB, swap=256 * MIB) for name in ("one", "two", "three")})
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


def gives(signal, guest):
    if (signal["interface"], signal["member"]) != (ROOT_INTERFACE, "MemoryMoved"):
        return False
    path, before, after, _ = signal["data"]
    return path == guest.object_path and after > before


def watch_need(statistics, guest, given, timeout=15):
    """Until it is given memory: when libvirt first told that it is at or below its low watermark; None: never, as it was
    given memory before it came to that."""
    deadline, shown = time.monotonic() + timeout, None
    while not given():
        assert time.monotonic() < deadline, f"{guest.name} is not given memory within {timeout} s"
        asked = time.time()
        if shown is None and statistics().get(guest.name, LOW_WATERMARK + 1) <= LOW_WATERMARK:
            shown = asked
        time.sleep(POLL_S)
    return shown


# A guest each: one that has grown once keeps what it was given for a while.
@pytest.mark.parametrize("name, interval_s", [("one", 2), ("two", 1), ("three", 4)])
def test_need_is_met_within_an_interval_and_100_ms(bed, statistics, name, interval_s):
    guest = bed.guests[name]
    bed.set_threshold("Interval", interval_s)
    bed.settle(interval_s + 1, 60)
    with Signals() as signals:

        def given():
            return next((signal for signal in list(signals.told) if gives(signal, guest)), None)

        guest.grow((statistics()[name] - LEFT) // MIB, 0)
        shown = watch_need(statistics, guest, given)
        assert shown is None or given()["at"] - shown <= interval_s + SLACK_S
