# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that are bound to a NUMA node share what is left of it, on a host that has plenty beside it.

The node's own figures are made, from what its guests really occupy; that they are bound is libvirt's and QEMU's doing.
"""

import time

import pytest
from bed import LOW, MIB, Bed, make_needy
from common import wait_until

NODE = 1100 * MIB
BEYOND = 100 * MIB  # what one wants more than it has
NAME = "the memory of NUMA node 0"


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=5 << 30, node=NODE) as bed:
        bed.add_guests(
            needy=dict(maximum=1024 * MIB, current=448 * MIB, bound=True, swap=256 * MIB),
            mate=dict(maximum=1024 * MIB, current=448 * MIB, bound=True, swap=256 * MIB),
            other=dict(maximum=1024 * MIB, current=448 * MIB),
        )
        bed.wait_ballooned()
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        bed.settle(4, 60)
        yield bed


def test_they_pay_for_each_other_and_nobody_else_does(bed):
    needy, mate, other = (bed.guests[name] for name in ("needy", "mate", "other"))
    began, had = time.monotonic(), bed.vm(mate)["Target"]
    wanted = needy.info()["available"] + BEYOND
    make_needy(needy, -BEYOND)
    wait_until(lambda: needy.info()["held"] >= wanted - MIB and needy.info()["available"] > LOW, 90, "it to have what it needs")
    assert min((size for _, size in bed.calls.of(mate, began)), default=had) < had
    assert [size for _, size in bed.calls.of(other, began)] == []
    assert bed.host.most_on_node <= NODE
    assert bed.host.lowest > 1 << 30


def test_what_is_not_left_is_not_granted(bed):
    """Both grow until nothing is left: the host's two gigabytes beside it are not for them, and they are told why."""
    needy, mate, other = (bed.guests[name] for name in ("needy", "mate", "other"))
    began = time.monotonic()
    make_needy(mate, -BEYOND)
    make_needy(needy, -BEYOND)
    wait_until(lambda: any(NAME in bed.vm(guest)["StatusDetail"] for guest in (needy, mate)), 90, "one of them to be told")
    wait_until(lambda: any(f"nothing is left of {NAME}" in bed.vm(guest)["LastReason"] for guest in (needy, mate)), 30, "the reason")
    time.sleep(10)
    assert bed.host.most_on_node <= NODE
    assert bed.host.lowest > 1 << 30
    assert [size for _, size in bed.calls.of(other, began)] == []


def test_what_comes_free_there_is_granted(bed):
    needy = bed.guests["needy"]
    before = bed.vm(needy)["Target"]
    bed.host.node = NODE + 512 * MIB
    wait_until(lambda: bed.vm(needy)["Target"] > before + 16 * MIB or needy.info()["available"] > LOW, 30, "it to be given more")
    wait_until(lambda: needy.info()["available"] > LOW, 60, "it to have what it needs")
    assert bed.host.most_on_node <= bed.host.node
