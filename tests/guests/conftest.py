# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bed import Watch, make_small  # noqa: E402

# What takes a machine of its own for minutes; a file that is named on the command line runs all the same.
ALL = "MEMCOORD_FULL_FAULTS" in os.environ
collect_ignore = [] if ALL else ["test_crowd.py"]


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes, and runs with MEMCOORD_FULL_FAULTS alone")


def pytest_collection_modifyitems(config, items):
    if not ALL:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
        items[:] = [item for item in items if not item.get_closest_marker("long")]


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
