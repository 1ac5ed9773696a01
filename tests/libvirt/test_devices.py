# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory devices of real QEMU processes: what of it is told as the balloon's, and what can be set."""

import pytest

from common import MIB
from common.libvirtd import MAXIMUM

# Room for devices, and the cell that virtio-mem wants.
HOTPLUG = """
    <maxMemory slots="4" unit="MiB">1024</maxMemory>
    <cpu><numa><cell id="0" cpus="0" memory="64" unit="MiB"/></numa></cpu>"""
SIZE = 128 * MIB


def device(model, more="", source=""):
    return f"""<memory model="{model}">{source}<target><size unit="MiB">128</size><node>0</node>{more}</target></memory>"""


VIRTIO_MEM = device("virtio-mem", '<block unit="MiB">2</block><requested unit="MiB">0</requested>')
DIMM = device("dimm")


@pytest.fixture
def guest(libvirtd, probe):
    uuid = libvirtd.add_guest("one", HOTPLUG)
    probe.do("describe", uuid)
    return uuid


def attach(libvirtd, probe, uuid, xml):
    """Returns what is told before the VM is described anew, and after."""
    mark = probe.mark()
    libvirtd.act("one", lambda domain: domain.attachDevice(xml))
    before = probe.sample()["one"]
    probe.wait_event("vm-changed", mark, uuid=uuid)
    assert "error" not in probe.do("describe", uuid)
    return before, probe.sample()["one"]


def test_virtio_mem_is_nothing_that_the_balloon_can_reach(libvirtd, probe, guest):
    for vm in attach(libvirtd, probe, guest, VIRTIO_MEM):
        assert (vm["capacity"], vm["balloon"], vm["busy"]) == (MAXIMUM, MAXIMUM, False)
    assert "error" not in probe.do("target", guest, MAXIMUM)
    assert probe.do("target", guest, MAXIMUM + MIB)["error"] == "failed"


def test_a_dimm_is_part_of_the_balloon(libvirtd, probe, guest):
    before, after = attach(libvirtd, probe, guest, DIMM)
    assert before["capacity"] == MAXIMUM
    assert (after["capacity"], after["balloon"]) == (MAXIMUM + SIZE, MAXIMUM + SIZE)
    assert "error" not in probe.do("target", guest, MAXIMUM + SIZE)


def test_an_nvdimm_is_not(libvirtd, probe, guest):
    backing = libvirtd.directory / "nvdimm"
    backing.touch()
    source = f"<source><path>{backing}</path></source>"
    libvirtd.act("one", lambda domain: domain.destroy())
    nvdimm = device("nvdimm", "<label><size unit='KiB'>128</size></label>", source)
    uuid = libvirtd.add_guest("two", HOTPLUG, devices=nvdimm)
    probe.do("describe", uuid)
    vm = probe.sample()["two"]
    assert (vm["capacity"], vm["balloon"]) == (MAXIMUM, MAXIMUM)


def test_a_device_that_no_event_has_told_of_is_found_by_the_maximum(libvirtd, probe, guest):
    """As of a libvirtd that is restarted while a device comes: the sample is what tells."""
    libvirtd.act("one", lambda domain: domain.attachDevice(VIRTIO_MEM))
    probe.wait_event("vm-changed", uuid=guest)
    mark = probe.mark()
    probe.sample()
    probe.wait_event("vm-changed", mark, uuid=guest)
    mark = probe.mark()
    probe.sample()
    probe.sample()
    assert not [line for line in probe.lines[mark:] if line.get("event") == "vm-changed"]
