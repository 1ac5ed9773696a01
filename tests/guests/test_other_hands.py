# SPDX-License-Identifier: LGPL-2.1-or-later
"""Another balloon manager beside the service, as Proxmox VE's pvestatd: it sets one guest's balloon every few seconds, for ever."""

import itertools
import threading
import time

import pytest
from bed import MIB, Bed, Watch, assert_served, calls_since
from common import wait_until

INTERVAL_S = 2
EVERY_S = 10  # as pvestatd and MOM
WATCHED_S = 40


@pytest.fixture
def bed():
    with Bed(host_total=4 << 30) as bed:
        bed.add_guests(**{name: dict(maximum=1024 * MIB, current=512 * MIB, swap=512 * MIB) for name in ("theirs", "ours")})
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        bed.settle(3, 60)
        yield bed


class OtherManager:
    """Sets @guest's balloon to one of these sizes after the other."""

    SIZES = (600, 700, 640, 560)

    def __init__(self, bed, guest):
        self.bed, self.guest, self.set, self.ending = bed, guest, [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        for size in itertools.cycle(self.SIZES):
            self.bed.virsh("setmem", self.guest.name, size << 10, "--live")
            self.set.append(size)
            if self.ending.wait(EVERY_S):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


def test_guest_that_another_manager_sets_is_left_to_it(bed):
    theirs, ours = bed.guests.values()
    # The service has set it once, so that two set it.
    bed.set_threshold("Minimum", 540 * MIB, theirs)
    wait_until(lambda: theirs.balloon_bytes() >= 536 * MIB, 30, "it to have its minimum")
    bed.settle(3, 60)
    with Watch() as watch, OtherManager(bed, theirs) as manager:
        watch.wait_status(theirs, "foreign", 8 * EVERY_S)
        assert len(manager.set) >= 3
        assert "memcoordctl set theirs managed=no" in bed.vm(theirs)["StatusDetail"]
        began = time.monotonic()
        assert_served(watch, ours, 2 * INTERVAL_S)
        while time.monotonic() - began < WATCHED_S:
            told = [mib for _, mib in calls_since(theirs, began)]
            assert set(told) <= set(manager.SIZES), f"somebody else than the other manager told it {told} MiB"
            time.sleep(1)
        assert bed.vm(theirs)["Status"] == "foreign"
        assert bed.managed(ours)
    assert bed.read_daemon_log().count("theirs is left alone") == 1
