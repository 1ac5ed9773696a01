# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests whose QEMU hangs or dies, that panic, reboot, are suspended, saved or snapshot.

MEMCOORD_FULL_FAULTS in the environment makes each outage as long as the promise says: a minute here.
"""

import os
import signal
import time

import pytest
from bed import MIB, Bed, assert_left_alone, assert_served
from common import wait_until

NAMES = ("one", "two", "three", "four")
MAXIMUM = 1024 * MIB
RESERVE = 200 * MIB
INTERVAL_S = 2
HANG_S = 60 if "MEMCOORD_FULL_FAULTS" in os.environ else 10
ANSWER_S = 0.1


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=5 << 30) as bed:
        bed.add_guests(**{name: dict(maximum=MAXIMUM, current=512 * MIB, swap=512 * MIB) for name in NAMES})
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        yield bed


def hang(guests):
    for guest in guests:
        guest.signal(signal.SIGSTOP)


def let_go_on(guests):
    for guest in guests:
        guest.signal(signal.SIGCONT)


@pytest.mark.parametrize("count", [1, 3], ids=["one", "three"])
def test_hung_qemu_delays_nobody(bed, guests, nobody_sleeps, watch, count):
    hung, others = guests[:count], guests[count:]
    began = watch.now
    hang(hung)
    try:
        for guest in hung:
            watch.wait_status(guest, "busy", 2 * INTERVAL_S + 1)
        busy = watch.now
        for guest in others:
            assert_served(watch, guest, 2 * INTERVAL_S)
        time.sleep(max(began + HANG_S - watch.now, 0))
        for guest in hung:
            assert watch.values(guest, "Status", busy) == ["busy"]
            assert len(watch.values(guest, "Target", busy)) == 1, guest.name
            assert_left_alone(guest, watch.began + busy)
        for guest in others:
            assert watch.longest_silence(guest, began) <= 2 * INTERVAL_S + 1, guest.name
        assert watch.slowest(began) <= ANSWER_S
        assert bed.property("State") == "running"
    finally:
        let_go_on(hung)
    for guest in hung:
        watch.wait_status(guest, "managed", 10)
    assert_served(watch, hung[0], 2 * INTERVAL_S)
    assert watch.signals == []  # no object was lost or came anew
    assert bed.host.lowest > RESERVE


def test_killed_qemu(bed, guests, watch):
    one, two, *_ = guests
    began = watch.now
    one.signal(signal.SIGKILL)
    watch.wait_gone(one, 5)
    assert_served(watch, two, 2 * INTERVAL_S)
    one.disconnect()
    one.start()
    watch.wait_status(one, "booting", 5)
    one.wait_ready()
    watch.wait_status(one, "managed", 15)
    assert watch.object_signals(one, began) == ["InterfacesRemoved", "InterfacesAdded"]


def test_panicked_guest(bed, guests, watch):
    one, two, *_ = guests
    one.port.sendall(b"panic\n")
    watch.wait_status(one, "stale", 20)
    since = watch.now
    assert_served(watch, two, 2 * INTERVAL_S)
    time.sleep(2 * INTERVAL_S)
    assert len(watch.values(one, "Target", since)) == 1
    assert_left_alone(one, watch.began + since)
    one.destroy()
    watch.wait_gone(one, 5)
    one.start()
    one.wait_ready()
    watch.wait_status(one, "managed", 15)


def test_suspended_and_resumed(bed, guests, watch):
    one, two, *_ = guests
    watch.wait_still(one, 2 * INTERVAL_S, 60)
    bed.virsh("suspend", one.name)
    try:
        watch.wait_status(one, "suspended", INTERVAL_S)
        since = watch.now
        assert_served(watch, two, 2 * INTERVAL_S)
        time.sleep(12)  # longer than a guest may be silent
        assert len(watch.values(one, "Target", since)) == 1
        assert_left_alone(one, watch.began + since)
        assert watch.values(one, "Status", since) == ["suspended"]
    finally:
        bed.virsh("resume", one.name)
    watch.wait_status(one, "managed", 5)
    assert_served(watch, one, 2 * INTERVAL_S)


def test_saved_and_restored(bed, guests, watch):
    one, two, *_ = guests
    image = bed.directory / "one.save"
    began = watch.now
    one.disconnect()
    bed.virsh("save", one.name, image)
    watch.wait_gone(one, 5)
    assert_served(watch, two, 2 * INTERVAL_S)
    bed.virsh("restore", image)
    image.unlink()
    watch.wait_status(one, "managed", 20)
    assert_served(watch, one, 2 * INTERVAL_S)
    assert watch.object_signals(one, began) == ["InterfacesRemoved", "InterfacesAdded"]
    assert watch.slowest(began) <= ANSWER_S


def test_snapshot(bed, guests, watch):
    one, two, *_ = guests
    began = watch.now
    bed.virsh(
        "snapshot-create-as", one.name, "snap", "--memspec", f"file={bed.directory}/one.memory,snapshot=external",
        "--diskspec", f"vda,snapshot=external,file={bed.directory}/one.overlay",
    )
    assert_served(watch, two, 2 * INTERVAL_S)
    watch.wait_status(one, "managed", 10)
    assert_served(watch, one, 2 * INTERVAL_S)
    assert watch.object_signals(one, began) == []
    assert watch.slowest(began) <= ANSWER_S


def test_rebooted_while_squeezed(bed, guests, watch):
    one, *others = guests
    target = 300 * MIB
    bed.set_threshold("Maximum", target, one)
    wait_until(lambda: bed.vm(one)["Target"] == target and one.info()["total"] < 310 * MIB, 60, "the guest to be squeezed")
    since = watch.now
    one.port.sendall(b"reboot\n")
    watch.wait_status(one, "booting", INTERVAL_S)
    assert_served(watch, others[0], 2 * INTERVAL_S)
    one.wait_ready()
    watch.wait_status(one, "managed", 15)
    wait_until(lambda: one.info()["total"] < 310 * MIB, 15, "the guest to be at its target again")
    assert watch.values(one, "Target", since) == [target]
    assert {size for _, size in bed.calls.of(one, watch.began + since)} <= {target}
    assert bed.host.lowest > RESERVE
    bed.call(one.object_path, "org.example.MemCoord1.VM", "ResetThresholds", "as", [])
    assert_served(watch, one, 2 * INTERVAL_S)
