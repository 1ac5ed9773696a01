# SPDX-License-Identifier: LGPL-2.1-or-later
"""The adapter while QEMU or libvirtd hangs, dies or is not there."""

import os
import signal
import subprocess
import time

import pytest

from common import wait_until
from common.libvirtd import MAXIMUM, LoneLibvirtd

# What a sample may take while VMs hang: one more try for each, 300 ms apart.
AGAIN_S = 0.3


@pytest.fixture
def hang(libvirtd):
    pids = []

    def stop(name):
        pids.append(libvirtd.pid(name))
        os.kill(pids[-1], signal.SIGSTOP)

    yield stop
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def resume(libvirtd, name):
    os.kill(libvirtd.pid(name), signal.SIGCONT)


def wait_whole(probe, names, timeout=10):
    """Until a sample has every VM again, none busy."""
    wait_until(lambda: {name for name, vm in answered(probe).items() if not vm["busy"]} == set(names), timeout, "all to answer")


@pytest.mark.parametrize("hung", [["one"], ["one", "two", "three"]], ids=["one", "three"])
def test_hung_vms_do_not_delay_the_others(libvirtd, probe, hang, hung):
    names = ["one", "two", "three", "four"]
    uuids = {name: libvirtd.add_guest(name) for name in names}
    for name in hung:
        hang(name)
    probe.do("lag")
    for _ in range(6):
        begun = time.monotonic()
        vms = probe.sample(2000)
        assert time.monotonic() - begun < (len(hung) + 1) * AGAIN_S + 0.5
        assert {name for name, vm in vms.items() if vm["busy"]} == set(hung)
        assert set(vms) == set(names)
        assert vms["one"]["balloon"] == MAXIMUM
        answer, took = probe.timed("target", uuids["four"], MAXIMUM // 2)
        assert "error" not in answer and took < 1
    assert probe.do("lag")["ms"] < 100
    for name in hung:
        resume(libvirtd, name)
    wait_whole(probe, names)


def assert_one_sample_is_late(probe, hung, whole, first_ms=2000):
    probe.do("sample", first_ms)  # comes to each of them in turn, and may be late
    for _ in range(3):
        vms = probe.sample(2000)
        assert {name for name, vm in vms.items() if vm["busy"]} == set(hung)
        assert set(vms) == {*hung, whole}


def test_eight_hung_vms_at_once_cost_no_more_than_one_sample(libvirtd, probe, hang):
    hung = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    for name in [*hung, "nine"]:
        libvirtd.add_guest(name)
    for name in hung:
        hang(name)
    assert_one_sample_is_late(probe, hung, "nine")
    for name in hung:
        resume(libvirtd, name)
    wait_whole(probe, [*hung, "nine"])


MANY = [f"vm{number}" for number in range(1, 15)]


@pytest.mark.parametrize("first_ms", [2000, 700])
def test_fourteen_hung_vms_at_once_cost_no_more_than_one_sample(libvirtd, probe, hang, first_ms):
    """As many as leave a thread to each other kind of call, and libvirtd one worker; what a late sample found to hang, the next passes by."""
    uuids = {name: libvirtd.add_guest(name) for name in [*MANY, "last"]}
    for _ in range(3):
        probe.sample(2000)  # what one takes
    for name in MANY:
        hang(name)
    assert_one_sample_is_late(probe, MANY, "last", first_ms)
    for kind in (("describe",), ("period", 2), ("metadata", "<vm/>"), ("target", MAXIMUM // 2)):
        answer, took = probe.timed(kind[0], uuids["last"], *kind[1:])
        assert "error" not in answer and took < 1, kind
    for name in MANY:
        resume(libvirtd, name)
    wait_whole(probe, [*MANY, "last"])


def test_more_hung_vms_than_libvirtd_has_workers_for(libvirtd, probe, hang):
    """No figures come, which is no harm; nothing else waits for that, and all is well again once they answer."""
    names = [*MANY, "fifteen", "sixteen"]
    uuids = {name: libvirtd.add_guest(name) for name in [*names, "last"]}
    for _ in range(3):
        probe.sample(2000)
    for name in names:
        hang(name)
    probe.do("lag")
    for _ in range(4):
        assert probe.do("sample", 1000)["error"] == "timed-out"
    for kind in (("describe",), ("period", 2), ("metadata", "<vm/>"), ("target", MAXIMUM // 2)):
        answer, took = probe.timed(kind[0], uuids["last"], *kind[1:])
        assert "error" not in answer and took < 1, kind
    assert probe.do("lag")["ms"] < 100
    connection = libvirtd.open()  # others are served, too
    assert len(connection.listAllDomains()) == len(uuids)
    connection.close()
    for name in names[8:]:
        resume(libvirtd, name)
    wait_until(lambda: {name for name, vm in answered(probe).items() if vm["busy"]} == set(names[:8]), 10, "the others to answer")
    for name in names[:8]:
        resume(libvirtd, name)
    wait_whole(probe, uuids)


def answered(probe):
    """What the next sample has, or nothing."""
    return {vm["name"]: vm for vm in probe.do("sample", 1000).get("vms", [])}


def test_calls_for_hung_vms_leave_threads_for_the_others(libvirtd, probe, hang):
    uuids = {name: libvirtd.add_guest(name) for name in ("one", "two", "three", "four")}
    hung = [uuids[name] for name in ("one", "two", "three")]
    for name in ("one", "two", "three"):
        hang(name)
    late = [probe.ask("target", uuid, MAXIMUM // 2) for uuid in hung]
    again = [probe.do("target", uuid, MAXIMUM // 2) for uuid in hung]
    assert [answer["error"] for answer in again] == ["busy"] * 3
    time.sleep(1.1)  # for these calls to be known as hung
    for kind in (("period", 2), ("metadata", "<vm/>")):
        for uuid in hung:
            probe.ask(kind[0], uuid, kind[1])
        answer, took = probe.timed(kind[0], uuids["four"], kind[1])
        assert "error" not in answer and took < 1
    assert [probe.answer(number)["error"] for number in late] == ["timed-out"] * 3
    mark = probe.mark()
    for name in ("one", "two", "three"):
        resume(libvirtd, name)
    for uuid in hung:  # the real end of each, which nobody waits for any more
        probe.wait_event("target-ended", mark, uuid=uuid, failed=False)
    wait_whole(probe, uuids)
    assert "error" not in probe.do("target", uuids["one"], MAXIMUM)


SEVEN = ["one", "two", "three", "four", "five", "six", "seven"]


def test_seven_that_hang_at_the_start_delay_nobody(libvirtd, start_probe, hang):
    """Their first descriptions and periods wait for them; those of the eighth do not."""
    uuids = {name: libvirtd.add_guest(name) for name in [*SEVEN, "eight"]}
    for name in SEVEN:
        hang(name)
    probe = start_probe(libvirtd.uri)
    probe.wait_connected()
    wait_until(lambda: "error" not in probe.do("sample", 1500), 10, "a sample")  # comes to each of them in turn
    for kind in (("describe",), ("period", 2), ("metadata", "<vm/>"), ("target", MAXIMUM // 2)):
        late = [probe.ask(kind[0], uuids[name], *kind[1:]) for name in SEVEN]
        answer, took = probe.timed(kind[0], uuids["eight"], *kind[1:])
        assert "error" not in answer and took < 1, kind
        for number in late:
            answer = probe.answer(number, 1)
            assert (answer["error"], answer["message"]) == ("busy", "its process does not answer")
    for name in SEVEN:
        resume(libvirtd, name)
    wait_whole(probe, uuids)
    assert "error" not in probe.do("period", uuids["one"], 2)


def test_calls_of_one_kind_that_hang_leave_the_other_kinds_alone(libvirtd, probe, hang):
    """Found hanging by these calls alone: no sample has told of it yet."""
    uuids = {name: libvirtd.add_guest(name) for name in [*SEVEN, "eight"]}
    probe.sample()
    for name in SEVEN:
        hang(name)
    late = [probe.ask("period", uuids[name], 2) for name in SEVEN]
    for _ in range(5):
        for kind in (("describe",), ("metadata", "<vm/>"), ("target", MAXIMUM)):
            answer, took = probe.timed(kind[0], uuids["eight"], *kind[1:])
            assert "error" not in answer and took < 1, kind
        assert probe.sample(3000)["eight"]["busy"] is False
    # One that has to wait for a thread is late only when it has run for so long.
    waits = probe.ask("period", uuids["eight"], 2)
    for name in SEVEN:
        resume(libvirtd, name)
    assert "error" not in probe.answer(waits)
    for number in late:
        assert probe.answer(number).get("error") in (None, "timed-out")
    wait_whole(probe, uuids)


def test_a_few_that_hang_do_not_hold_the_others_of_their_kind(libvirtd, probe, hang):
    uuids = {name: libvirtd.add_guest(name) for name in ("one", "two", "three", "four")}
    probe.sample()
    for name in ("one", "two", "three"):
        hang(name)
    for name in ("one", "two", "three"):
        probe.ask("period", uuids[name], 2)
    answer, took = probe.timed("period", uuids["four"], 2)
    assert "error" not in answer and took < 2
    for name in ("one", "two", "three"):
        resume(libvirtd, name)
    wait_whole(probe, uuids)


def libvirt_waits_with_a_description(libvirtd, name):
    """As 11.3 and 12.8 do, and 9.0 does not."""
    try:
        subprocess.run(["virsh", "-c", libvirtd.uri, "dumpxml", name], stdout=subprocess.DEVNULL, timeout=3, check=True)
    except subprocess.TimeoutExpired:
        return True
    return False


def test_a_vm_that_is_busy_once_is_asked_all_the_same(libvirtd, probe, hang):
    uuid = libvirtd.add_guest("one")
    probe.sample()
    hang("one")
    assert probe.sample(2000)["one"]["busy"]
    assert probe.do("describe", uuid).get("error") == ("timed-out" if libvirt_waits_with_a_description(libvirtd, "one") else None)
    resume(libvirtd, "one")
    wait_whole(probe, ["one"])


def test_a_sample_that_hung_for_long_is_not_believed(libvirtd, probe, hang):
    """What it tells of the VMs that it read before it hung is as old as that."""
    libvirtd.add_guest("one")
    libvirtd.add_guest("two")
    hang("two")
    probe.sample(2000)  # its first try stays behind, with "one" as it is now
    libvirtd.act("one", lambda domain: domain.suspend())
    time.sleep(3)
    resume(libvirtd, "two")
    for _ in range(5):
        assert probe.sample(2000)["one"]["running"] is False


def test_killed_libvirtd_comes_back(libvirtd, probe):
    uuid = libvirtd.add_guest("one")
    probe.sample()
    counts = []
    for _ in range(5):
        mark = probe.mark()
        libvirtd.kill()
        lost = probe.wait_connected(False, mark)
        assert lost["status"] != ""
        assert probe.do("sample", 1000)["error"] == "not-connected"
        assert probe.do("target", uuid, MAXIMUM)["error"] == "not-connected"
        libvirtd.start()
        assert probe.wait_connected(True, mark)["status"] == ""
        wait_whole(probe, ["one"])
        mark = probe.mark()
        libvirtd.act("one", lambda domain: domain.suspend())
        probe.wait_event("vm-state", mark, uuid=uuid, running=0)
        libvirtd.act("one", lambda domain: domain.resume())
        probe.wait_event("vm-state", mark, uuid=uuid, running=1)
        assert len([line for line in probe.lines[mark:] if line.get("event") == "vm-state"]) == 2
        counts.append(settled(probe.count_descriptors))
    assert counts[-1] <= counts[0] + 2, counts  # spare connections come and go


def settled(count):
    """The count once it no longer changes."""
    before = None
    while before != (now := count()):
        before = now
        time.sleep(0.3)
    return now


def test_stopped_libvirtd_makes_samples_late_and_nothing_else(libvirtd, probe):
    libvirtd.add_guest("one")
    probe.do("lag")
    libvirtd.signal(signal.SIGSTOP)
    try:
        for _ in range(5):
            answer, took = probe.timed("sample", 500)
            assert answer["error"] == "timed-out" and 0.4 < took < 1
        assert probe.do("lag")["ms"] < 100
    finally:
        libvirtd.signal(signal.SIGCONT)
    wait_whole(probe, ["one"])


def test_it_ends_while_libvirtd_is_stopped(libvirtd, probe):
    libvirtd.signal(signal.SIGSTOP)
    try:
        assert probe.do("sample", 200)["error"] == "timed-out"
        begun = time.monotonic()
        assert probe.stop() == 0
        assert time.monotonic() - begun < 6
    finally:
        libvirtd.signal(signal.SIGCONT)


def test_silent_libvirtd_is_given_up_and_found_again(libvirtd, probe):
    libvirtd.add_guest("one")
    mark = probe.mark()
    libvirtd.signal(signal.SIGSTOP)
    try:
        lost = probe.wait_connected(False, mark, timeout=45)
    finally:
        libvirtd.signal(signal.SIGCONT)
    assert "does not answer" in lost["status"]
    probe.wait_connected(True, mark)
    wait_whole(probe, ["one"])


def test_late_libvirtd_is_waited_for(start_probe):
    libvirtd = LoneLibvirtd()
    try:
        probe = start_probe(libvirtd.uri)
        status = probe.wait_event("status")
        assert status["connected"] is False and status["status"].startswith(f"failed to connect to {libvirtd.uri}: ")
        libvirtd.start()
        probe.wait_connected()
        assert probe.sample() == {}
    finally:
        libvirtd.stop()
