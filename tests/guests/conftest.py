# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bed import Watch, make_small  # noqa: E402

# What takes a machine of its own for minutes; named on the command line it runs all the same.
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
    bed.wait_for(bed.managed, 60, "all guests to be managed")
    make_small(bed, guests)
    bed.host.forget_lowest()
    return guests
