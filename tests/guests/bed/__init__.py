# SPDX-License-Identifier: LGPL-2.1-or-later
"""A test bed of real QEMU guests under a libvirtd and a system bus of its own, on a small virtual host.

    with Bed(host_total=3 << 30) as bed:
        guest = bed.add_guest("one", maximum=1 << 30, current=512 << 20, swap=512 << 20)
        bed.start_daemon()
        guest.grow(300, rate=20)

Needs root, and nothing of the machine's own libvirt or D-Bus: see namespace.py for how it keeps apart.
"""

from common import MIB

from .bed import Bed
from .guest import Guest
from .needs import (
    LOW, assert_left_alone, assert_served, calls_since, follow_need, is_at_target, make_needy, make_small, tell_small,
)
from .recorder import Recorder
from .watch import Watch

__all__ = [
    "Bed", "Guest", "LOW", "MIB", "Recorder", "Watch",
    "assert_left_alone", "assert_served", "calls_since", "follow_need", "is_at_target", "make_needy", "make_small",
    "tell_small",
]
