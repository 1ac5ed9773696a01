# SPDX-License-Identifier: LGPL-2.1-or-later
import os

import pytest
from gi.repository import GLib

from bed import MIB, Watch, make_small
from common import wait_until
from common.bus import HOST, ROOT

# What takes a machine of its own for minutes; a file that is named on the command line runs all the same.
collect_ignore = [] if "MEMCOORD_FULL_FAULTS" in os.environ else ["test_crowd.py"]


@pytest.fixture
def watch(bed):
    """What the service shows, from here on."""
    with Watch() as watch:
        yield watch


@pytest.fixture
def guests(bed):
    """All of the bed's: managed, idle, and each with room to be given more."""
    guests = list(bed.guests.values())
    wait_until(bed.managed, 60, "all guests to be managed")
    make_small(bed, guests)
    bed.host.forget_lowest()
    return guests


@pytest.fixture
def nobody_sleeps(bed):
    """All VMs are asked in each cycle: whatever is reserved is waited for."""
    client = bed.connect()
    client.call(ROOT, HOST, "Reserve", GLib.Variant("(tu)", (MIB, 0)))
    yield
    client.close()
