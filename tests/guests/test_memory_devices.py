# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest with virtio-mem: half of its device plugged, then more, then less, while its balloon moves.

Its balloon is what QEMU has for it, whatever is plugged beside it; it stays `managed` throughout, and its target is what
its balloon comes to.
"""

import json
import time
from xml.etree import ElementTree

import pytest
from bed import MIB, Bed, Guest, is_at_target, make_small, tell_small
from common import wait_until

BOOT = 512 * MIB
SIZE = 512 * MIB
PLUGGED = 256 * MIB
SLACK = 8 * MIB


class Resizable(Guest):
    def xml(self):
        root = ElementTree.fromstring(super().xml())
        root.find("os/cmdline").text += " memhp_default_state=online"
        root.append(ElementTree.fromstring(f"<maxMemory slots='4' unit='KiB'>{(BOOT + 2 * SIZE) >> 10}</maxMemory>"))
        root.append(ElementTree.fromstring(
            f"<cpu><numa><cell id='0' cpus='0' memory='{BOOT >> 10}' unit='KiB'/></numa></cpu>"
        ))
        root.find("devices").append(ElementTree.fromstring(
            f"<memory model='virtio-mem'><target><size unit='KiB'>{SIZE >> 10}</size><node>0</node>"
            f"<block unit='KiB'>2048</block><requested unit='KiB'>{PLUGGED >> 10}</requested></target></memory>"
        ))
        return ElementTree.tostring(root, encoding="unicode")

    def plug(self, size):
        self.bed.virsh("update-memory-device", self.name, "--live", "--requested-size", f"{size >> 10}KiB")

    def qemu(self, command, **arguments):
        text = json.dumps({"execute": command, **({"arguments": arguments} if arguments else {})})
        return json.loads(self.bed.virsh("qemu-monitor-command", self.name, text).stdout)["return"]

    def plugged(self):
        """As libvirt tells it, which asks nobody."""
        xml = ElementTree.fromstring(self.bed.virsh("dumpxml", self.name).stdout)
        return int(xml.findtext("devices/memory/target/current")) << 10

    def own_balloon(self):
        return self.qemu("query-balloon")["actual"]


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=3 << 30) as bed:
        bed.add_guest("neighbour", maximum=1024 * MIB, current=512 * MIB, swap=256 * MIB)
        guest = Resizable(bed, "resizable", maximum=BOOT, swap=256 * MIB)
        guest.define()
        bed.guests[guest.name] = guest
        guest.start()
        for each in bed.guests.values():
            each.wait_ready()
        wait_until(lambda: guest.plugged() == PLUGGED, 30, "the first half to be plugged")
        bed.start_daemon()
        yield bed


@pytest.fixture
def guest(bed, watch):
    guest = bed.guests["resizable"]
    guest.plug(PLUGGED)
    wait_until(lambda: guest.plugged() == PLUGGED, 60, "half of it to be plugged")
    wait_until(lambda: bed.managed(guest), 30, "it to be managed")
    yield guest
    guest.free()


def assert_at_peace(watch, guest, since):
    """Never anything but managed, and never taken for somebody else's."""
    assert watch.values(guest, "Status", since) == ["managed"], watch.describe_last()
    assert not [detail for detail in watch.values(guest, "StatusDetail", since) if "omebody else" in detail]
    assert watch.values(guest, "Maximum", since) == [BOOT]


def wait_own_balloon(bed, guest):
    """Until QEMU's balloon is what the service shows as its target."""
    wait_until(lambda: is_at_target(bed.vm(guest)), 60, "its balloon to be at its target")
    wait_until(lambda: abs(guest.own_balloon() - bed.vm(guest)["Balloon"]) <= SLACK, 10, "the service to show it")


def test_what_is_plugged_is_beside_the_balloon(bed, guest, watch):
    vm = wait_until(lambda: (vm := bed.vm(guest)) and vm["Usable"] > 0 and vm, 20, "a report")
    assert vm["Maximum"] == BOOT
    wait_own_balloon(bed, guest)
    vm = bed.vm(guest)
    assert 0 < vm["Available"] <= vm["Balloon"]


def test_plugged_and_unplugged_while_its_balloon_moves(bed, guest, watch):
    tell_small(bed, [guest])
    began = watch.now
    for size in (SIZE, PLUGGED // 2, PLUGGED):
        guest.plug(size)
        wait_until(lambda: abs(guest.plugged() - size) <= SLACK, 90, f"{size >> 20} MiB to be plugged")
        time.sleep(6)  # three cycles, and libvirt's own view a second or two late
        wait_own_balloon(bed, guest)
        assert_at_peace(watch, guest, began)


def test_it_is_served_as_it_needs(bed, guest, watch):
    make_small(bed, [guest])
    began = watch.now
    before = bed.vm(guest)["Target"]
    guest.grow(600, rate=20)
    watch.wait(lambda look: look.vms[guest.name]["Target"] > before + 64 * MIB, 60, "it to be given more")
    wait_own_balloon(bed, guest)
    assert_at_peace(watch, guest, began)
    assert guest.info()["killed"] == 0


def test_a_tight_host_takes_from_it_what_it_can_spare(bed, guest, watch):
    guest.free()
    base = bed.host.base
    wait_until(lambda: is_at_target(bed.vm(guest)), 30, "it to be at rest")
    began = watch.now
    before = bed.vm(guest)["Target"]
    try:
        bed.host.base += bed.host.available - 500 * MIB  # of 3 GiB: far above its limit of 75 % used
        # What it was given just now is left with it for 90 s, also by a tight host.
        watch.wait(lambda look: look.vms[guest.name]["Target"] < before - 64 * MIB, 120, "it to give")
        wait_own_balloon(bed, guest)
        assert bed.vm(guest)["Usable"] > 50 * MIB
    finally:
        bed.host.base = base
    assert_at_peace(watch, guest, began)
