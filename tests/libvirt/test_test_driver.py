# SPDX-License-Identifier: LGPL-2.1-or-later
"""The adapter on libvirt's test driver, which has one VM, "test", and no figures in the bulk call."""

import signal

import pytest

GIB = 1 << 30


@pytest.fixture
def probe(start_probe):
    probe = start_probe("test:///default")
    probe.wait_connected()
    return probe


def uuid_of(probe):
    return probe.sample()["test"]["uuid"]


def test_each_vm_is_asked_alone(probe):
    vm = probe.sample()["test"]
    assert (vm["running"], vm["busy"]) == (True, False)
    assert (vm["balloon"], vm["capacity"], vm["unused"]) == (2 * GIB, 8 * GIB, GIB)
    assert vm["stats_time"] > 0


def test_what_the_driver_has_not_is_unknown(probe):
    answer = probe.do("sample", 1000)
    assert answer["host_total"] is None and answer["host_available"] is None


def test_a_target_is_set(probe):
    uuid = uuid_of(probe)
    assert "error" not in probe.do("target", uuid, 3 * GIB // 2 + 1023)
    assert probe.sample()["test"]["balloon"] == 3 * GIB // 2


def test_a_target_beyond_the_maximum_is_refused(probe):
    answer = probe.do("target", uuid_of(probe), 9 * GIB)
    assert answer["error"] == "failed" and answer["message"].startswith("failed to set the VM's memory: ")


def test_the_period_is_read_back(probe):
    uuid = uuid_of(probe)
    assert probe.do("describe", uuid)["period"] == 0
    probe.do("period", uuid, 3)
    assert probe.do("describe", uuid)["period"] == 3


def test_an_unknown_vm(probe):
    assert probe.do("describe", "c0ffee00-0000-4000-8000-000000000001")["error"] == "no-vm"


def test_lifecycle(probe):
    uuid = uuid_of(probe)
    for verb, event, members in (
        ("suspend", "vm-state", {"running": 0}),
        ("resume", "vm-state", {"running": 1}),
        ("destroy", "vm-stopped", {}),
        ("create", "vm-started", {}),
    ):
        mark = probe.mark()
        probe.do("act", "test", verb)
        probe.wait_event(event, mark, uuid=uuid, **members)


def test_a_vm_that_stopped_is_not_in_the_sample(probe):
    probe.do("act", "test", "destroy")
    assert probe.sample() == {}


def test_it_ends(probe):
    assert probe.stop() == 0


def test_libvirt_on_the_main_thread_is_caught(probe):
    probe.ask("trespass")
    assert probe.process.wait(10) == -signal.SIGABRT
