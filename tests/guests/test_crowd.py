# SPDX-License-Identifier: LGPL-2.1-or-later
"""64 guests, as small as they boot: all of them managed and sampled in time, and libvirtd has nothing to complain of.

Runs with MEMCOORD_FULL_FAULTS=1 alone: it takes minutes, and 12 GiB of the machine.
"""

import os
import time

import pytest
from bed import MIB, Bed, assert_served
from common import wait_until

GUESTS = 64
SMALL = 128 * MIB
BATCH = 8  # that boot at once: more would be late for each other
INTERVAL_S = 2
WATCHED_S = 30
OLDEST_S = 3 * INTERVAL_S  # of a guest's figures: its timer's second, a cycle, and an emulated guest that is slow
LINKS_KEPT, LINKS_MOST = 3, 19  # of the adapter's connections


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=16 << 30) as bed:
        bed.add_guests(needy=dict(maximum=512 * MIB, current=256 * MIB, swap=256 * MIB))
        for first in range(1, GUESTS, BATCH):
            bed.add_guests(**{f"small{number}": dict(maximum=SMALL) for number in range(first, min(first + BATCH, GUESTS))})
        bed.start_daemon()
        wait_until(bed.managed, 120, "all guests to be managed")
        yield bed


def complaints(bed):
    """Of libvirtd."""
    return [line for line in (bed.directory / "libvirtd.log").read_text(errors="replace").splitlines() if " : error : " in line]


def count_threads(bed):
    return len(os.listdir(f"/proc/{bed.daemon.pid}/task"))


def count_sockets(bed):
    directory = f"/proc/{bed.daemon.pid}/fd"
    return sum(os.readlink(f"{directory}/{name}").startswith("socket:") for name in os.listdir(directory))


def test_sixty_four_guests_are_managed_and_sampled_in_time(bed, watch):
    assert len(bed.guests) == GUESTS
    before = complaints(bed)
    sockets, threads = [], []
    for _ in range(WATCHED_S):
        time.sleep(1)
        sockets.append(count_sockets(bed))
        threads.append(count_threads(bed))
        vms = watch.last.vms
        assert len(vms) == GUESTS
        assert {name: vm["Status"] for name, vm in vms.items() if vm["Status"] != "managed"} == {}
        ages = {name: time.time() - vm["StatsTime"] / 1e6 for name, vm in vms.items()}
        assert {name: age for name, age in ages.items() if age > OLDEST_S} == {}
    assert watch.failures == []
    # What was opened for the start goes after a while, and nothing comes instead.
    assert max(sockets) - min(sockets) <= LINKS_MOST - LINKS_KEPT
    assert sockets[-1] <= sockets[0]
    assert max(threads) - min(threads) <= LINKS_MOST
    assert complaints(bed) == before


def test_a_need_among_sixty_four_is_served(bed, watch):
    before = complaints(bed)
    assert_served(watch, bed.guests["needy"], 2 * INTERVAL_S)
    assert complaints(bed) == before
