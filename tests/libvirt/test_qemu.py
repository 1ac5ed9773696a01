# SPDX-License-Identifier: LGPL-2.1-or-later
"""The adapter on a real libvirtd and real QEMU processes."""

import os
import re
import signal
import time
from pathlib import Path

import libvirt

from common import wait_until
from common.libvirtd import MAXIMUM

NAMESPACE = "https://example.org/memcoord/1"
NIC = '<interface type="user"><model type="virtio"/></interface>'


def test_one_call_tells_of_every_vm(libvirtd, probe):
    uuids = {name: libvirtd.add_guest(name) for name in ("one", "two", "three")}
    vms = probe.sample()
    assert {name: vm["uuid"] for name, vm in vms.items()} == uuids
    for vm in vms.values():
        assert (vm["running"], vm["busy"]) == (True, False)
        assert (vm["balloon"], vm["capacity"]) == (MAXIMUM, MAXIMUM)
        assert vm["resident"] > 1 << 20 and vm["id"] > 0


def asked_by_a_sample(probe):
    probe.do("calls")
    probe.sample()
    return probe.do("calls")["calls"]


def least_asked(probe):
    """A machine that is slow for a moment makes it ask once more."""
    return min((asked_by_a_sample(probe) for _ in range(5)), key=lambda calls: calls["virConnectGetAllDomainStats"])


def test_what_a_sample_asks_does_not_grow_with_the_vms(libvirtd, probe):
    for name in ("one", "two", "three"):
        libvirtd.add_guest(name)
        assert least_asked(probe) == {"virConnectGetAllDomainStats": 1, "virNodeGetMemoryStats": 2}


def test_what_a_sample_asks_of_processes_does_not_grow_where_vms_may_sleep(libvirtd, probe):
    """One call for all of them. What libvirtd knows without asking one is asked of each."""
    probe.do("sleep")
    for n_vms, name in enumerate(("one", "two", "three"), 1):
        libvirtd.add_guest(name)
        assert least_asked(probe) == {
            "virConnectListAllDomains": 1, "virDomainGetInfo": n_vms, "virConnectGetAllDomainStats": 1, "virNodeGetMemoryStats": 2
        }


def test_who_sleeps_is_not_asked(libvirtd, probe):
    uuids = {name: libvirtd.add_guest(name) for name in ("one", "two", "three")}
    probe.do("sleep")
    before = probe.sample()
    probe.do("sleep", f"{uuids['one']},{uuids['two']}")
    os.kill(libvirtd.pid("one"), signal.SIGSTOP)  # whoever asks it is not answered
    vms = probe.sample()
    assert {name: (vm["asleep"], vm["busy"]) for name, vm in vms.items()} == {
        "one": (True, False), "two": (True, False), "three": (False, False)
    }
    for name, vm in vms.items():
        assert (vm["running"], vm["balloon"], vm["capacity"]) == (True, MAXIMUM, MAXIMUM)
        assert vm["cpu_time"] >= before[name]["cpu_time"] > 0
        assert (vm["resident"] is None) == vm["asleep"]
    os.kill(libvirtd.pid("one"), signal.SIGCONT)
    probe.do("sleep", ",".join(uuids.values()))
    assert all(vm["asleep"] for vm in probe.sample().values())
    assert asked_by_a_sample(probe) == {"virConnectListAllDomains": 1, "virDomainGetInfo": 3, "virNodeGetMemoryStats": 2}
    libvirtd.act("two", lambda domain: domain.suspend())
    assert [vm["running"] for vm in probe.sample().values()].count(False) == 1
    probe.do("sleep")
    assert not any(vm["asleep"] for vm in probe.sample().values())


def test_cpu_time_is_what_the_process_has_used(libvirtd, probe):
    libvirtd.add_guest("one")
    assert probe.sample()["one"]["cpu_time"] is None  # nobody may sleep
    probe.do("sleep")
    ticks = sum(map(int, Path(f"/proc/{libvirtd.pid('one')}/stat").read_text().rpartition(")")[2].split()[11:13]))
    told = probe.sample()["one"]["cpu_time"]
    assert ticks / os.sysconf("SC_CLK_TCK") <= told / 1e6 <= ticks / os.sysconf("SC_CLK_TCK") + 2


def test_a_guest_without_a_driver_reports_nothing(libvirtd, probe):
    libvirtd.add_guest("one")
    vm = probe.sample()["one"]
    assert (vm["unused"], vm["usable"], vm["available"], vm["swap_in"]) == (None, None, None, None)
    assert vm["stats_time"] == 0


def test_the_hosts_total(probe):
    total = int(re.search(r"MemTotal: *(\d+)", Path("/proc/meminfo").read_text())[1]) * 1024
    answer = probe.do("sample", 1000)
    assert answer["host_total"] == total and 0 < answer["host_available"] < total


def test_what_happens_to_a_vm_is_told(libvirtd, probe):
    uuid = libvirtd.add_guest("one", start=False)
    for act, event, members in (
        (lambda domain: domain.create(), "vm-started", {}),
        (lambda domain: domain.suspend(), "vm-state", {"running": 0}),
        (lambda domain: domain.resume(), "vm-state", {"running": 1}),
        (lambda domain: domain.reset(), "vm-rebooted", {}),
        (lambda domain: domain.attachDevice(NIC), "vm-changed", {}),
        (lambda domain: domain.setMetadata(2, "<vm/>", "memcoord", NAMESPACE, 1), "vm-changed", {}),
        (lambda domain: domain.destroy(), "vm-stopped", {}),
    ):
        mark = probe.mark()
        libvirtd.act("one", act)
        probe.wait_event(event, mark, uuid=uuid, **members)


def has_nic(domain):
    return "<interface" in domain.XMLDesc()


def test_a_device_that_leaves_is_told(libvirtd, probe):
    uuid = libvirtd.add_guest("one")
    libvirtd.act("one", lambda domain: domain.attachDevice(NIC))
    probe.wait_event("vm-changed", uuid=uuid)
    mark = probe.mark()
    libvirtd.act("one", lambda domain: domain.detachDevice(re.search("<interface.*</interface>", domain.XMLDesc(), re.DOTALL)[0]))
    # It leaves when the guest agrees, or starts anew, of which its firmware may miss the first time.
    def start_anew(left):
        libvirtd.act("one", lambda domain: domain.reset())
        time.sleep(min(left, 1))

    wait_until(lambda: not libvirtd.act("one", has_nic), 20, "the device to leave", start_anew)
    probe.wait_event("vm-changed", mark, uuid=uuid)


def test_other_metadata_is_none_of_our_business(libvirtd, probe):
    libvirtd.add_guest("one")
    mark = probe.mark()
    libvirtd.act("one", lambda domain: domain.setMetadata(2, "<a/>", "other", "https://example.org/other", 1))
    libvirtd.act("one", lambda domain: domain.suspend())
    probe.wait_event("vm-state", mark, running=0)
    assert not [line for line in probe.lines[mark:] if line["event"] == "vm-changed"]


def test_a_suspended_vm_does_not_run(libvirtd, probe):
    libvirtd.add_guest("one")
    libvirtd.act("one", lambda domain: domain.suspend())
    vm = probe.sample()["one"]
    assert (vm["running"], vm["busy"]) == (False, False)


def test_the_period_is_read_back(libvirtd, probe):
    uuid = libvirtd.add_guest("one")
    probe.do("period", uuid, 2)
    assert probe.do("describe", uuid)["period"] == 2
    assert "period" not in libvirtd.act("one", lambda domain: domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))


def test_metadata_is_read_back_live_and_stored(libvirtd, probe):
    uuid = libvirtd.add_guest("one")
    assert "error" not in probe.do("metadata", uuid, "<vm weight='3'/>")
    assert 'weight="3"' in probe.do("describe", uuid)["metadata"]
    assert 'weight="3"' in libvirtd.act("one", lambda domain: domain.metadata(2, NAMESPACE, 2))
    assert "error" not in probe.do("metadata", uuid)
    assert probe.do("describe", uuid)["metadata"] is None


def test_metadata_of_the_next_start_is_read_and_written_apart(libvirtd, probe):
    uuid = libvirtd.add_guest("one")
    libvirtd.act("one", lambda domain: domain.setMetadata(2, "<policy managed='no'/>", "memcoord", NAMESPACE, 2))
    described = probe.do("describe", uuid)
    assert described["metadata"] is None and 'managed="no"' in described["stored"]
    assert "error" not in probe.do("store", uuid, "<live/>", "<stored/>")
    described = probe.do("describe", uuid)
    assert "live" in described["metadata"] and "stored" in described["stored"]
    assert "stored" in libvirtd.act("one", lambda domain: domain.metadata(2, NAMESPACE, 2))
    assert "live" in libvirtd.act("one", lambda domain: domain.metadata(2, NAMESPACE, 1))


def test_a_description(libvirtd, probe):
    locked = libvirtd.add_guest("two", "<memoryBacking><locked/></memoryBacking>", start=False)
    assert "locked" in probe.do("describe", locked)["immovable"]
    answer = probe.do("describe", libvirtd.add_guest("three"))
    assert (answer["persistent"], answer["has_balloon"]) == (True, True)
    assert answer["immovable"] is None


def test_targets(libvirtd, probe):
    uuid = libvirtd.add_guest("one")
    assert "error" not in probe.do("target", uuid, MAXIMUM // 2)
    assert probe.do("target", uuid, MAXIMUM * 2)["error"] == "failed"
    assert probe.do("target", "c0ffee00-0000-4000-8000-000000000001", MAXIMUM)["error"] == "no-vm"
    libvirtd.act("one", lambda domain: domain.destroy())
    assert "error" in probe.do("target", uuid, MAXIMUM)


def test_it_ends_at_once(libvirtd, probe):
    libvirtd.add_guest("one")
    probe.sample()
    begun = time.monotonic()
    assert probe.stop() == 0
    assert time.monotonic() - begun < 2
