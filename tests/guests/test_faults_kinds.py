# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests of every kind: without a balloon, with its driver late or never, that deflate by themselves, that report free
pages, made of huge pages, without swap. Beside each an ordinary one, whose service must not suffer."""

import time
from pathlib import Path

import pytest
from bed import MIB, Bed, assert_left_alone, assert_served, make_small
from common import wait_until
from common.bus import VM

MAXIMUM = 512 * MIB
RESERVE = 200 * MIB
INTERVAL_S = 2


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=3 << 30, huge_pages=True) as bed:
        # This one is there before the service is.
        bed.add_guests(
            ordinary=dict(maximum=1024 * MIB, current=384 * MIB, swap=256 * MIB),
            mute=dict(maximum=MAXIMUM, load_driver=False),
        )
        bed.start_daemon()
        yield bed


@pytest.fixture
def ordinary(bed):
    guest = bed.guests["ordinary"]
    wait_until(lambda: bed.managed(guest), 30, "the ordinary guest to be managed")
    make_small(bed, [guest])
    return guest


@pytest.fixture
def add(bed, watch):
    """Adds a guest for one test."""
    added = []

    def add_guest(name, **options):
        guest = bed.add_guest(name, **options)
        added.append(guest)
        guest.wait_ready()
        return guest

    yield add_guest
    for guest in added:
        bed.remove_guest(guest)
        watch.wait_gone(guest, 5)


def test_no_driver_and_then_one(bed, ordinary, watch):
    mute = bed.guests["mute"]
    watch.wait_status(mute, "no-stats", 5)
    assert "virtio_balloon" in watch.vm(mute)["StatusDetail"]
    assert watch.vm(mute)["Unused"] == 0
    began, since = watch.now, time.monotonic()
    assert_served(watch, ordinary, 2 * INTERVAL_S)
    assert watch.values(mute, "Target", began) == [MAXIMUM]
    assert_left_alone(mute, since)
    mute.load_balloon()
    watch.wait_status(mute, "managed", 10)
    assert watch.vm(mute)["Unused"] > 0
    bed.remove_guest(mute)


def test_no_balloon(bed, ordinary, watch, add):
    bare = add("bare", maximum=MAXIMUM, balloon="none")
    watch.wait_status(bare, "unsupported", 5)
    assert "memballoon" in watch.vm(bare)["StatusDetail"]
    assert_served(watch, ordinary, 2 * INTERVAL_S)


def test_driver_late(bed, ordinary, watch, add):
    late = add("late", maximum=MAXIMUM, load_driver=False)
    watch.wait_status(late, "booting", 5)
    began, since = watch.now, time.monotonic()
    assert_served(watch, ordinary, 2 * INTERVAL_S)
    time.sleep(2 * INTERVAL_S)
    assert watch.values(late, "Status", began) == ["booting"]
    assert_left_alone(late, since)
    late.load_balloon()
    watch.wait_status(late, "managed", 10)


def test_autodeflate(bed, watch, add):
    """It takes memory back by itself: that is need, neither a stuck guest nor somebody else's doing."""
    guest = add("auto", maximum=MAXIMUM, autodeflate=True, swap=256 * MIB)
    watch.wait_status(guest, "managed", 15)
    bed.set_threshold("Maximum", 256 * MIB, guest)
    wait_until(lambda: guest.balloon_bytes() < 270 * MIB, 30, "it to be squeezed")
    bed.call(guest.object_path, VM, "ResetThresholds", "as", [])
    began, since = watch.now, time.monotonic()
    guest.grow(320, 0)
    wait_until(lambda: any(size >= 380 * MIB for _, size in bed.calls.of(guest, since)), 30, "it to be told what it needs")
    wait_until(lambda: guest.info()["held"] == 320 * MIB, 30, "it to hold it")
    assert watch.values(guest, "Status", began) == ["managed"]
    assert guest.info()["oom"] == 0


def test_free_page_reporting(bed, ordinary, watch, add):
    """What it gives back without a move is promised still: the host keeps its reserve when all of it is wanted again."""
    guest = add("reporter", maximum=1024 * MIB, free_page_reporting=True, swap=256 * MIB)
    watch.wait_status(guest, "managed", 15)
    guest.hold(700)
    wait_until(lambda: guest.info()["held"] == 700 * MIB, 20, "it to hold it")
    watch.wait(lambda look: look.vms["reporter"]["Resident"] > 700 * MIB, 20, "the host to have given the memory")
    before, balloon = bed.host.available, watch.vm(guest)["Balloon"]
    guest.free()
    wait_until(lambda: bed.host.available > before + 500 * MIB, 30, "the pages to be reported")
    # It still has its memory, which the host may have to give at any moment.
    look = watch.wait(lambda look: look.root["HostPromised"] > 400 * MIB, 10, "the promise to be counted")
    assert look.vms["reporter"]["Balloon"] > balloon - 200 * MIB
    bed.host.forget_lowest()
    ordinary.grow(800, 200)
    time.sleep(3)
    guest.hold(900)
    wait_until(lambda: ordinary.info()["held"] >= 600 * MIB, 60, "the other to have grown")
    wait_until(lambda: guest.info()["held"] == 900 * MIB, 60, "it to hold its memory again")
    time.sleep(2 * INTERVAL_S)
    assert bed.host.lowest > RESERVE
    ordinary.free()


@pytest.fixture
def huge_pages():
    """The machine's own, as many as the guest needs; None where it gives none."""
    path = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
    before, wanted = int(path.read_text()), 160
    try:
        path.write_text(str(before + wanted))
    except OSError:
        pass
    yield int(path.read_text()) >= before + wanted
    if int(path.read_text()) != before:
        path.write_text(str(before))


def test_huge_pages(bed, ordinary, watch, add, huge_pages):
    """The host would gain nothing. Where the machine gives no huge pages, locked memory, which is told from alike."""
    backing = "<hugepages/>" if huge_pages else "<locked/>"
    guest = add("huge", maximum=256 * MIB, memory_backing=backing)
    watch.wait_status(guest, "unsupported", 10)
    assert ("huge pages" if huge_pages else "locked") in watch.vm(guest)["StatusDetail"]
    began, since = watch.now, time.monotonic()
    assert_served(watch, ordinary, 2 * INTERVAL_S)
    assert watch.values(guest, "Target", began) == [256 * MIB]
    assert_left_alone(guest, since)


def test_squeezed_beyond_its_need_without_swap(bed, watch, add):
    """A maximum of half of what it holds: it gives what it can, and none of its processes is killed for the rest."""
    guest = add("dry", maximum=MAXIMUM)
    watch.wait_status(guest, "managed", 15)
    guest.hold(250)
    wait_until(lambda: guest.info()["held"] == 250 * MIB, 90, "it to hold what it does")
    watch.wait(lambda look: 0 < look.vms["dry"]["Unused"] < 250 * MIB, 10, "the figures to follow")
    bed.set_threshold("Maximum", 128 * MIB, guest)
    wait_until(lambda: guest.balloon_bytes() < 400 * MIB, 15, "it to give what it can")
    since = time.monotonic()
    time.sleep(10)
    assert len({size for _, size in bed.calls.of(guest, since)}) <= 1  # it is left where that is
    guest.grow(8, 0)
    wait_until(lambda: guest.info()["held"] == 258 * MIB, 5, "it to find a few pages more")
    assert guest.info()["oom"] == 0
    guest.free()
    wait_until(lambda: guest.balloon_bytes() <= 130 * MIB, 20, "it to come down to its maximum")
    assert guest.info()["oom"] == 0
