# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real guests that memory was taken from: what gives it back, what does not, and that a guest can then use all of it.

Two guests of 512 MiB without swap on a host of 2 GiB: a guest that uses more than it has meets its OOM killer.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest
from bed import MIB, Bed, assert_left_alone
from bed.bed import BUS
from common import SOURCE, wait_until
from common.bus import VM

MAXIMUM, SQUEEZED = 512 * MIB, 300 * MIB
NEARLY = 12 * MIB  # a balloon that is so close to its target is there
RESERVE = 200 * MIB
NAMESPACE = "https://example.org/memcoord/1"
LEFT = 40  # MiB: with less, a guest without swap kills for what its kernel needs


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=2 << 30) as bed:
        bed.add_guests(one=dict(maximum=MAXIMUM), two=dict(maximum=MAXIMUM))
        yield bed


def start(bed):
    if bed.daemon is None or bed.daemon.poll() is not None:
        bed.start_daemon()
    wait_until(bed.managed, 60, "all guests to be managed")


@pytest.fixture
def squeezed(bed):
    """Both, with what they were left when their maximum was less for a while; the service runs."""
    guests = list(bed.guests.values())
    for guest in guests:
        guest.free()
    start(bed)
    for guest in guests:
        bed.set_threshold("Maximum", SQUEEZED, guest)
    for guest in guests:
        wait_until(lambda: guest.balloon_bytes() <= SQUEEZED + NEARLY, 90, f"{guest.name} to be squeezed")
        bed.call(guest.object_path, VM, "ResetThresholds", "as", [])
        assert bed.vm(guest)["Maximum"] == MAXIMUM
    bed.settle(3, 60)
    bed.host.forget_lowest()
    return guests


@contextlib.contextmanager
def service_manager(*words):
    """On the bed's bus, as systemd is on a host's."""
    environment = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={BUS}"}
    manager = subprocess.Popen([sys.executable, SOURCE / "tests/common/service_manager.py", *words], env=environment,
                               stdout=subprocess.PIPE, text=True)
    try:
        assert manager.stdout.readline() == "ready\n"
        yield
    finally:
        manager.kill()
        manager.wait()


def stop_for_good(bed):
    """Returns: how long that took, in seconds."""
    with service_manager("stop", "running"):
        began = time.monotonic()
        assert bed.stop_daemon() == 0
        return time.monotonic() - began


def give_back(bed, *names):
    return subprocess.run([bed.build / "src/memcoordctl", "give-back", *names], capture_output=True, text=True)


def wait_whole(*guests):
    for guest in guests:
        wait_until(lambda: guest.balloon_bytes() == MAXIMUM, 20, f"{guest.name} to have all of it back")


def sizes(guests):
    return [guest.balloon_bytes() for guest in guests]


def use_all(guest):
    """Works on all that its kernel lets anybody have."""
    guest.hold(guest.info()["available"] // MIB - LEFT)
    held = wait_until(lambda: guest.info()["held"], 120, f"{guest.name} to use its memory")
    wait_until(lambda: guest.info()["available"] <= 2 * LEFT * MIB, 120, f"{guest.name} to use all: {held >> 20} MiB")


# Stops


def test_stopped_for_good_they_can_use_their_whole_maximum(bed, squeezed):
    assert stop_for_good(bed) < 5
    wait_whole(*squeezed)
    for guest in squeezed:
        use_all(guest)
    for guest in squeezed:
        assert guest.info()["held"] > SQUEEZED
        assert guest.info()["oom"] == 0, guest.name
    assert bed.host.lowest > RESERVE


@pytest.mark.parametrize("words", [("restart", "running"), ("stop", "stopping"), ("none", "running"), ("hang", "running"), None],
                         ids=lambda words: "-".join(words) if words else "nobody")
def test_no_other_stop_moves_anything(bed, squeezed, words):
    began, before = time.monotonic(), sizes(squeezed)
    with service_manager(*words) if words else contextlib.nullcontext():
        assert bed.stop_daemon() == 0
    start(bed)
    time.sleep(5)  # two cycles and more
    for guest in squeezed:
        assert_left_alone(guest, began)
    assert sizes(squeezed) == pytest.approx(before, abs=NEARLY)


def test_a_kill_moves_nothing_and_the_next_stop_gives_back(bed, squeezed):
    began, before = time.monotonic(), sizes(squeezed)
    bed.stop_daemon(signal.SIGKILL)
    start(bed)
    time.sleep(5)
    assert sizes(squeezed) == pytest.approx(before, abs=NEARLY)
    for guest, size in zip(squeezed, before):  # a target that is left of the run before is set to what it has
        assert all(told == pytest.approx(size, abs=NEARLY) for _, told in bed.calls.of(guest, began))
    stop_for_good(bed)
    wait_whole(*squeezed)


def test_a_process_that_hangs_keeps_nothing_from_the_other(bed, squeezed):
    one, two = squeezed
    one.signal(signal.SIGSTOP)
    try:
        assert stop_for_good(bed) < 15
        wait_until(lambda: two.balloon_bytes() == MAXIMUM, 20, "the other to have all of it back")
    finally:
        one.signal(signal.SIGCONT)


def test_libvirtd_that_hangs_delays_a_stop_by_no_more_than_is_documented(bed, squeezed):
    bed.libvirtd.process.send_signal(signal.SIGSTOP)
    try:
        assert stop_for_good(bed) < 15
    finally:
        bed.libvirtd.process.send_signal(signal.SIGCONT)


def test_a_squeeze_on_its_way_is_turned_round(bed, squeezed):
    """The service stops while a balloon inflates."""
    one = squeezed[0]
    give_back(bed, "one")
    wait_whole(one)
    began = time.monotonic()
    bed.set_threshold("Maximum", SQUEEZED, one)
    wait_until(lambda: bed.calls.of(one, began), 20, "the squeeze to begin")
    bed.call(one.object_path, VM, "ResetThresholds", "as", [])
    stop_for_good(bed)
    wait_whole(*squeezed)


# Asked for


def test_one_that_is_named_has_it_back_and_the_other_keeps_what_it_has(bed, squeezed):
    one, two = squeezed
    began = time.monotonic()
    done = give_back(bed, "one")
    assert (done.returncode, done.stderr) == (0, "") and "given back" in done.stdout
    wait_whole(one)
    assert_left_alone(two, began)
    assert "given back" in bed.vm(one)["LastReason"]


def test_all_have_it_back_and_nothing_is_left_to_give(bed, squeezed):
    assert give_back(bed).returncode == 0
    wait_whole(*squeezed)
    assert give_back(bed).stdout == "There is nothing to give back.\n"
    assert give_back(bed, "nobody").returncode != 0


# Not managed any more


def test_opted_out_it_has_it_back_and_can_use_it(bed, squeezed):
    one, two = squeezed
    began = time.monotonic()
    bed.virsh("metadata", "one", "--uri", NAMESPACE, "--key", "memcoord", "--set", '<policy managed="no"/>', "--live")
    try:
        wait_whole(one)
        assert bed.vm(one)["Status"] == "opted-out"
        assert_left_alone(two, began)
        use_all(one)
        assert one.info()["oom"] == 0
    finally:
        bed.virsh("metadata", "one", "--uri", NAMESPACE, "--remove", "--live")
