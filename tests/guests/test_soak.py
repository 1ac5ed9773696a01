# SPDX-License-Identifier: LGPL-2.1-or-later
"""A short soak; for a long one see tests/guests/soak."""

from soaking import Soak

SECONDS = 100


def test_soak():
    soak = Soak(SECONDS, seed=20)
    soak.run()
    print(soak.report())
    assert soak.broken == []
