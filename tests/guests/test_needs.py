# SPDX-License-Identifier: LGPL-2.1-or-later
"""The instrument that the other tests measure a need by: it fails where nobody answers, where the answer is late, and where there
was no need at all."""

import signal
import threading
import time

import pytest
from bed import LOW, MIB, Bed, assert_served, make_needy
from common import wait_until
from common.bus import HOST, ROOT

NAMES = ("one", "two")
INTERVAL_S = 2
LATE_S = 8


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=3 << 30) as bed:
        bed.add_guests(**{name: dict(maximum=768 * MIB, current=320 * MIB, swap=512 * MIB) for name in NAMES})
        bed.wait_ballooned()
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        yield bed


@pytest.fixture
def one(guests):
    return guests[0]


def test_guest_that_is_served_passes(bed, one, watch):
    assert_served(watch, one, 2 * INTERVAL_S)


def test_stopped_service_fails(bed, one, watch):

    def stop_and_make_needy(guest):
        bed.daemon.send_signal(signal.SIGSTOP)
        make_needy(guest)

    try:
        with pytest.raises(AssertionError, match="nothing was granted"):
            assert_served(watch, one, 2 * INTERVAL_S, cause=stop_and_make_needy)
    finally:
        bed.daemon.send_signal(signal.SIGCONT)


def test_paused_service_fails(bed, one, watch):
    bed.call(ROOT, HOST, "Pause", "su", "a test", 0)
    try:
        with pytest.raises(AssertionError, match="nothing was granted"):
            assert_served(watch, one, 2 * INTERVAL_S)
    finally:
        bed.call(ROOT, HOST, "Resume")


def test_late_service_fails(bed, one, watch):
    """Stopped for a while, it publishes the need and its answer at once: by its own words, it was never late."""

    def delay_and_make_needy(guest):
        bed.daemon.send_signal(signal.SIGSTOP)
        make_needy(guest)
        wait_until(lambda: guest.info()["available"] <= LOW, 90, "the need")
        threading.Timer(LATE_S, bed.daemon.send_signal, [signal.SIGCONT]).start()

    with pytest.raises(AssertionError, match=r"\d s late") as raised:
        assert_served(watch, one, 2 * INTERVAL_S, cause=delay_and_make_needy)
    assert LATE_S - 3 < float(str(raised.value).split(" s late")[0]) < LATE_S + INTERVAL_S


def test_need_that_never_came_fails(bed, one, watch):
    with pytest.raises(AssertionError, match="nothing was granted"):
        assert_served(watch, one, 2 * INTERVAL_S, cause=lambda guest: None)


def test_anybody_s_grant_counts_and_only_from_then_on(bed, guests):
    """What libvirtd was told is known, whoever told it, to the moment."""
    two = guests[1]
    bed.call(ROOT, HOST, "Pause", "su", "a test", 0)
    try:
        bed.virsh("setmem", two.name, (two.balloon_bytes() + 32 * MIB) >> 10, "--live")
        began = time.monotonic()
        assert bed.calls.of(two, began) == []
        size = two.balloon_bytes() + 64 * MIB
        bed.virsh("setmem", two.name, size >> 10, "--live")
        (t, told), = bed.calls.of(two, began)
        assert began < t < time.monotonic() and told == size
    finally:
        bed.call(ROOT, HOST, "Resume")
