# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from steered import MIB, start_bus, start_service, stop_service  # noqa: E402
from system import System  # noqa: E402


@pytest.fixture
def bus():
    """The address of a bus that a test has to itself."""
    daemon, address = start_bus()
    yield address
    daemon.terminate()
    daemon.wait()


@pytest.fixture
def small_quarantine(monkeypatch):
    """For tests that measure memory: ASan would keep 256 MiB of what was freed, and no growth below that could be seen."""
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8")


@pytest.fixture
def environment(bus):
    """What tools need to find that bus, and to print as they do without a language."""
    return os.environ | {"DBUS_SESSION_BUS_ADDRESS": bus, "LC_ALL": "C.UTF-8"}


@pytest.fixture(scope="module")
def system():
    """A system bus for a file's tests."""
    made = System()
    yield made
    made.stop()


@pytest.fixture
def service(bus):
    """The service with two VMs at rest."""
    running = start_service(bus)
    for name in ("web", "db"):
        running.tell("add", name, 1024 * MIB)
    running.wait_for(lambda: {vm["Status"] for vm in running.vms().values()} == {"managed"})
    yield running
    stop_service(running)
