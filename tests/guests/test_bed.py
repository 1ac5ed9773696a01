# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bed itself is true: what the other tests believe is checked here."""

import time

import pytest
from bed import MIB, Bed
from common import wait_until


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=2 << 30) as bed:
        bed.add_guests(one=dict(maximum=512 * MIB, swap=256 * MIB, data=64 * MIB))
        yield bed


@pytest.fixture
def guest(bed):
    return bed.guests["one"]


def test_guest_sees_its_memory(guest):
    info = guest.info()
    assert 400 * MIB < info["total"] < 512 * MIB
    assert info["held"] == 0


def test_held_memory_shows_on_the_host(bed, guest):
    before = bed.host.available
    guest.hold(200)
    # Some of it is memory that booting has touched already.
    wait_until(lambda: before - bed.host.available > 160 * MIB, 20, "the host to have less")
    wait_until(lambda: guest.info()["passes"] > 2, 20, "work to be done")
    with open("/proc/meminfo") as meminfo:
        figures = dict(line.split(":") for line in meminfo)
    assert int(figures["MemTotal"].split()[0]) == (2 << 30) >> 10
    assert abs((int(figures["MemAvailable"].split()[0]) << 10) - bed.host.available) < 20 * MIB


def test_guest_obeys_while_it_takes_memory(bed, guest):
    """What it says that it holds is true also then: who frees it may count on what is left."""
    guest.free()
    wait_until(lambda: guest.info()["held"] == 0, 10, "it to hold nothing")
    left = guest.info()["available"]
    guest.hold(350)
    wait_until(lambda: guest.info()["held"] > 0, 10, "it to have begun")
    assert guest.info()["held"] < 350 * MIB
    guest.free()
    wait_until(lambda: guest.info()["held"] == 0, 2, "it to hold nothing")
    assert guest.info()["available"] > left - 30 * MIB


def test_balloon_moves(bed, guest):
    guest.free()
    bed.virsh("setmem", "one", "300M", "--live")
    wait_until(lambda: guest.info()["total"] < 330 * MIB, 30, "the balloon to inflate")
    bed.virsh("setmem", "one", "512M", "--live")
    wait_until(lambda: guest.info()["total"] > 400 * MIB, 30, "the balloon to deflate")


def test_statistics_come(bed, guest):
    bed.virsh("dommemstat", "one", "--period", "1", "--live")

    def unused():
        stats = dict(line.split() for line in bed.virsh("dommemstat", "one").stdout.splitlines())
        return int(stats["unused"]) << 10

    guest.hold(200)
    wait_until(lambda: unused() < 280 * MIB, 20, "the statistics to follow")
    guest.free()
    wait_until(lambda: unused() > 350 * MIB, 20, "the statistics to follow")


def test_guest_reads_through_its_cache(bed, guest):
    """What it has read stays in its memory."""
    guest.read(32)
    wait_until(lambda: guest.info()["read"] > 2 * 32 * MIB, 60, "it to read all of it, and again")
    guest.read(0)

    def caches():
        stats = dict(line.split() for line in bed.virsh("dommemstat", "one").stdout.splitlines())
        return int(stats["disk_caches"]) << 10

    wait_until(lambda: caches() > 30 * MIB, 10, "a report of after it has read")
    time.sleep(0.5)
    done = guest.info()["read"]
    time.sleep(0.5)
    assert guest.info()["read"] == done


def test_driver_goes_and_comes(bed, guest):
    bed.virsh("setmem", "one", "300M", "--live")
    wait_until(lambda: guest.balloon_bytes() < 310 * MIB, 30, "the balloon to inflate")
    guest.unload_balloon()
    wait_until(lambda: guest.balloon_bytes() == 512 * MIB, 10, "the host to be told")
    assert guest.info()["total"] > 400 * MIB
    guest.load_balloon()
    wait_until(lambda: guest.balloon_bytes() < 310 * MIB, 30, "the target to hold again")


def test_driver_claims_a_full_balloon(bed, guest):
    bed.virsh("setmem", "one", "300M", "--live")
    wait_until(lambda: guest.balloon_bytes() < 301 * MIB, 30, "the balloon to inflate")
    time.sleep(1)  # a driver that has still something to take says the truth afterwards
    total = guest.info()["total"]
    guest.claim_full_balloon()
    wait_until(lambda: guest.balloon_bytes() == 512 * MIB, 10, "the host to be told")
    assert guest.info()["total"] == total
    bed.virsh("setmem", "one", "512M", "--live")
    wait_until(lambda: guest.info()["total"] > 400 * MIB, 30, "the balloon to deflate")


def test_too_much_swaps(bed, guest):
    guest.hold(520)
    wait_until(lambda: guest.info()["swap_out"] > 20 * MIB, 60, "the guest to swap")
    guest.free()


def test_guest_reboots(bed, guest):
    guest.port.sendall(b"reboot\n")
    guest.wait_ready()
    assert guest.info()["swap_out"] == 0


def test_guest_panics(bed, guest):
    guest.panic()
    wait_until(lambda: "Kernel panic" in guest.console(), 10, "it to panic")
    with pytest.raises(TimeoutError):
        guest.command("info", timeout=1)
    bed.virsh("reset", "one")
    guest.wait_ready()
