# SPDX-License-Identifier: LGPL-2.1-or-later
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from libvirtd import Libvirtd  # noqa: E402
from probe import Probe  # noqa: E402


@pytest.fixture
def start_probe():
    probes = []

    def start(uri):
        probes.append(Probe(uri))
        return probes[-1]

    yield start
    for probe in probes:
        probe.end()


@pytest.fixture(scope="module")
def daemon():
    """One libvirtd for a file's tests: it takes a second to look at QEMU."""
    daemon = Libvirtd()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture
def libvirtd(daemon):
    """That libvirtd, running and without guests."""
    yield daemon
    daemon.remove_guests()


@pytest.fixture
def probe(libvirtd, start_probe):
    probe = start_probe(libvirtd.uri)
    probe.wait_connected()
    return probe
