# SPDX-License-Identifier: LGPL-2.1-or-later
"""A VM's own policy lives in its libvirt metadata: edited there by virsh, it acts; set over D-Bus, it is written there."""

import time

import pytest
from bed import LOW, MIB, Bed, assert_left_alone, follow_need, is_at_target
from common import wait_until
from common.bus import HOST, ROOT, VM

NAMESPACE = "https://example.org/memcoord/1"
MAXIMUM = 512 * MIB
CURRENT = 256 * MIB
INTERVAL_S = 2


# As it stands in a domain's XML.
WHOLE = f"""
<m:policy xmlns:m="{NAMESPACE}">
  <m:minimum>200M</m:minimum>
  <m:weight>300</m:weight>
</m:policy>"""


def policy(attributes="", **children):
    """As an admin types it after `virsh metadata --set`; libvirt adds the namespace."""
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in children.items())
    return f"<policy{attributes}>{inner}</policy>"


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=2 << 30) as bed:
        bed.add_guests(
            one=dict(maximum=MAXIMUM, current=CURRENT),
            two=dict(maximum=MAXIMUM, current=CURRENT, metadata=WHOLE),
        )
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        yield bed


@pytest.fixture
def one(bed):
    yield bed.guests["one"]
    edit(bed, bed.guests["one"], None)


def edit(bed, guest, xml):
    """As an admin does it; None: away with it."""
    change = ["--remove"] if xml is None else ["--key", "memcoord", "--set", xml]
    bed.virsh("metadata", guest.name, "--uri", NAMESPACE, *change, "--live", "--config")


def stored(bed, guest, *options):
    result = bed.virsh("metadata", guest.name, "--uri", NAMESPACE, *options, check=False)
    return result.stdout if result.returncode == 0 else ""


def wait_vm(bed, guest, accept, what, timeout=5):
    return wait_until(lambda: (vm := bed.vm(guest)) and accept(vm) and vm, timeout, what)


def test_it_is_read_when_a_guest_is_found(bed):
    vm = bed.vm(bed.guests["two"])
    assert (vm["Minimum"], vm["Weight"]) == (200 * MIB, 300)


def test_an_edit_is_followed(bed, one):
    # It may have been given more than that for its page cache, and keeps it while nothing presses.
    edit(bed, one, policy(maximum="280M"))
    wait_until(lambda: one.balloon_bytes() <= 285 * MIB, 20, "it to be brought to its maximum")
    began = time.monotonic()
    edit(bed, one, policy(minimum="300M"))
    wait_vm(bed, one, lambda vm: vm["Minimum"] == 300 * MIB, "the edit to be seen")
    wait_until(lambda: any(size >= 300 * MIB for _, size in bed.calls.of(one, began)), 10, "it to act")
    wait_until(lambda: one.balloon_bytes() >= 290 * MIB, 10, "it to be given its minimum")
    edit(bed, one, policy(minimum="100M", maximum="400M"))
    wait_vm(bed, one, lambda vm: (vm["Minimum"], vm["Maximum"]) == (100 * MIB, 400 * MIB), "the second edit to be seen")


@pytest.mark.parametrize("bad, named", [
    (policy(minimum="much"), "much"),
    (policy(nonsense=1), "nonsense"),
    (policy(minimum="400M", maximum="300M"), "300"),
    ("<elsewhere/>", "elsewhere"),
], ids=["not a size", "unknown", "contradiction", "another element"])
def test_a_bad_edit_leaves_the_guest_alone_and_is_told(bed, one, bad, named):
    edit(bed, one, policy(minimum="160M", weight=50))
    wait_vm(bed, one, lambda vm: vm["Weight"] == 50, "the good edit to be seen")
    edit(bed, one, bad)
    vm = wait_vm(bed, one, lambda vm: named in vm["StatusDetail"], f"a detail that names {named}")
    assert vm["Status"] == "opted-out"
    assert (vm["Minimum"], vm["Weight"]) == (160 * MIB, 50)
    assert named in bed.read_daemon_log()
    edit(bed, one, policy(minimum="170M"))
    vm = wait_vm(bed, one, lambda vm: vm["Minimum"] == 170 * MIB, "the mended edit to be seen")
    assert named not in vm["StatusDetail"]


def test_parts_that_are_not_known_stay(bed, one):
    edit(bed, one, '<policy managed="no" xmlns:o="urn:others"><future by="hand"/><o:note o:of="others">keep</o:note></policy>')
    vm = wait_vm(bed, one, lambda vm: "<future> is not known" in vm["StatusDetail"], "a detail that names it")
    assert vm["Status"] == "opted-out"
    bed.set_threshold("Weight", 60, one)
    for options in ([], ["--config"]):
        kept = stored(bed, one, *options)
        for part in ('managed="no"', 'future by="hand"', ':of="others">keep<', "weight>60<"):
            assert part in kept.replace("'", '"'), (options, kept)


def test_opting_out_and_in_again(bed, one):
    """Its own maximum is what it is given back when it is opted out."""
    edit(bed, one, policy(' managed="no"', maximum=f"{CURRENT // MIB}M"))
    wait_vm(bed, one, lambda vm: vm["Status"] == "opted-out", "it to be left alone")
    wait_vm(bed, one, lambda vm: vm["Target"] >= CURRENT and is_at_target(vm), "it to have back what was taken from it", 20)
    began = time.monotonic()
    one.hold(one.info()["available"] // MIB - 60)
    wait_until(lambda: one.info()["available"] <= LOW, 60, "it to be in need")
    time.sleep(3 * INTERVAL_S)
    assert_left_alone(one, began)
    course = follow_need(one, cause=lambda guest: edit(bed, guest, None))
    assert course.is_over(), f"it is not managed again: {course}"
    wait_vm(bed, one, lambda vm: vm["Status"] == "managed", "that to be told")
    one.free()


def test_what_is_set_over_the_bus_is_written_live_and_for_the_next_start(bed, one):
    bed.set_threshold("Minimum", 180 * MIB, one)
    for options in ([], ["--config"]):
        assert "180M" in stored(bed, one, *options), options
    bed.call(one.object_path, VM, "ResetThresholds", "as", [])
    wait_vm(bed, one, lambda vm: vm["Minimum"] < 180 * MIB, "it to be as before")
    for options in ([], ["--config"]):
        assert "180M" not in stored(bed, one, *options), options


def test_it_survives_a_new_start_of_the_guest(bed, one):
    bed.set_threshold("Weight", 200, one)
    one.destroy()
    wait_until(lambda: bed.is_gone(one), 5, "the guest to vanish")
    one.start()
    one.wait_ready()
    wait_vm(bed, one, lambda vm: vm["Weight"] == 200, "its own policy to be back", 10)
    wait_until(bed.managed, 30, "it to be managed again")


def test_an_edit_is_told_like_any_change_of_policy(bed, one):
    client, told = bed.connect(), []
    client.subscribe(lambda path, member, arguments: told.append(arguments), HOST, "PolicyChanged")
    client.call(ROOT, "org.freedesktop.DBus.Peer", "Ping")
    edit(bed, one, policy(weight=70))
    client.wait_until(lambda: told, 5, "the change to be told")
    client.close()
    scope, setting, _, new, origin = told[0]
    assert (scope, setting, new, origin) == (one.object_path, "Weight", 70, "metadata")
