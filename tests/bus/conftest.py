# SPDX-License-Identifier: LGPL-2.1-or-later
import os

import pytest

from system import System


@pytest.fixture
def small_quarantine(monkeypatch):
    """For tests that measure memory: ASan would keep 256 MiB of what was freed, and no growth below that could be seen."""
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8")


@pytest.fixture(scope="module")
def system():
    """A system bus for a file's tests."""
    made = System()
    yield made
    made.stop()
