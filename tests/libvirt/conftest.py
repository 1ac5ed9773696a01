# SPDX-License-Identifier: LGPL-2.1-or-later
import pytest

from common.libvirtd import LoneLibvirtd
from common.probe import Probe


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
    daemon = LoneLibvirtd()
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
