# SPDX-License-Identifier: LGPL-2.1-or-later
"""The soak: see tests/guests/soak."""

from .soak import Soak

__all__ = ["Soak"]
