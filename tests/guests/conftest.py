# SPDX-License-Identifier: LGPL-2.1-or-later
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bed import Watch  # noqa: E402


@pytest.fixture
def watch(bed):
    """What the service shows, from here on."""
    with Watch() as watch:
        yield watch
