# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that report otherwise than Linux does, or not well: what the service shows of each and does with it.

The kinds are tests/fake/fake-reports.c's. Beside each there is an ordinary guest, which is served in time whatever the other tells.
"""

import pytest

from common import MIB
from common.service import running_service

CAPACITY = 10 << 30
SMALLER = 4 << 30  # whose balloon is as large as what 32 bits can count
TIGHT = 9 << 29  # what the host itself uses of 8 GiB when it is short of memory, beside these two


@pytest.fixture
def service(bus):
    with running_service(bus, {"odd": CAPACITY, "ordinary": 1024 * MIB}, speed=20, host=0) as running:
        running.tell("cycle")
        yield running


def pass_cycles(service, number=20):
    for _ in range(number):
        service.tell("cycle")


def assert_ordinary_is_served(service):
    before = service.vms()["ordinary"]["Target"]
    service.tell("need", "ordinary")
    for _ in range(3):
        service.tell("cycle")
    assert service.vms()["ordinary"]["Target"] > before
    assert service.vms()["ordinary"]["Status"] == "managed"


# What comes of it, and whether it shows the figures: {kind: (Status, {property: whether it is known}, words of StatusDetail)}
LEFT_ALONE = {
    ("report", "failed-queries"): ("no-stats", {"Unused": False, "Usable": False, "Available": False}, "install the balloon service"),
    ("report", "32-bit"): ("stale", {"Unused": True, "Usable": False, "Available": True}, "reports implausible ones"),
    ("report", "dump"): ("stale", {"Unused": True, "Usable": True, "Available": True}, "reports implausible ones"),
    ("freeze",): ("stale", {"Unused": True, "Usable": True, "Available": True}, "see whether it runs"),
    ("unload",): ("stale", {"Unused": True, "Usable": True, "Available": True}, "stopped reporting"),
    ("crash",): ("suspended", {"Unused": True, "Usable": True, "Available": True}, "kernel has crashed"),
    ("mute",): ("no-stats", {"Unused": False, "Usable": False, "Available": False}, "load the virtio_balloon driver"),
}


@pytest.mark.parametrize("kind", LEFT_ALONE, ids=lambda kind: kind[-1])
def test_it_is_left_alone(service, kind):
    status, known, words = LEFT_ALONE[kind]
    order, *more = kind
    service.tell(order, "odd", *more)
    service.wait_until(lambda: service.vms()["odd"]["Status"] == status)
    before = service.vms()["odd"]
    assert words in before["StatusDetail"]
    assert {name: before[name] > 0 for name in known} == known
    pass_cycles(service)
    after = service.vms()["odd"]
    assert (after["Status"], after["Target"]) == (status, before["Target"])
    assert_ordinary_is_served(service)


@pytest.mark.parametrize("kind", ["without-usable", "total-and-free"])
def test_it_is_managed_by_what_is_unused(service, kind):
    """Its page cache looks like need: it is served where there is memory that nobody has."""
    service.tell("report", "odd", kind)
    pass_cycles(service, 5)
    before = service.vms()["odd"]
    assert (before["Status"], before["Usable"]) == ("managed", 0)
    assert before["Unused"] == 125 * MIB
    service.tell("need", "odd")
    pass_cycles(service, 10)
    after = service.vms()["odd"]
    assert after["Status"] == "managed"
    assert after["Target"] > before["Target"]
    assert_ordinary_is_served(service)


def test_reads_that_count_as_swap_are_no_need(service):
    service.tell("report", "odd", "reads-as-swap")
    pass_cycles(service, 5)
    before = service.vms()["odd"]
    pass_cycles(service)
    after = service.vms()["odd"]
    assert (after["Status"], after["Target"]) == ("managed", before["Target"])
    assert after["SwapInRate"] > 0
    assert_ordinary_is_served(service)


def add_smaller(service, kind):
    service.tell("remove", "odd")
    service.tell("add", "odd", SMALLER)
    service.wait_until(lambda: service.vms()["odd"]["Status"] == "managed")
    service.tell("report", "odd", kind)
    pass_cycles(service, 3)
    return service.vms()["odd"]


def test_what_32_bits_do_not_show_counts_as_used(service):
    """It has little to spare by its word, and that is what is taken from it when the host is short."""
    service.tell("host", 0)
    before = add_smaller(service, "32-bit")
    assert (before["Status"], before["Usable"]) == ("managed", 0)
    assert before["Available"] <= 2047 * MIB
    service.tell("host", TIGHT)
    pass_cycles(service, 30)
    after = service.vms()["odd"]
    assert after["Status"] == "managed"
    assert before["Target"] - 125 * MIB <= after["Target"] <= before["Target"]


def test_figures_that_stand_still_are_not_believed(service):
    """They have all to spare by their word: once they do not answer to what was taken, nothing more is."""
    before = add_smaller(service, "the-same")
    assert before["Unused"] == before["Available"] == 2047 * MIB
    service.tell("host", TIGHT)
    service.wait_until(lambda: service.vms()["odd"]["Status"] == "stale")
    taken = service.vms()["odd"]["Target"]
    assert before["Target"] - SMALLER // 5 <= taken < before["Target"]  # one step
    assert "implausible" in service.vms()["odd"]["StatusDetail"]
    pass_cycles(service)
    assert service.vms()["odd"]["Target"] >= taken
    assert_ordinary_is_served(service)
