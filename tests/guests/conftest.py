# SPDX-License-Identifier: LGPL-2.1-or-later
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bed import Watch, make_small  # noqa: E402


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
