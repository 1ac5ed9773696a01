# SPDX-License-Identifier: LGPL-2.1-or-later
"""memcoord-exporter beside the service, or beside one that says what a test likes."""

import signal
from pathlib import Path

import pytest

from common import systemd_version, wait_until
from common.stub import Stub
from exporter import Exporter

# The first systemd that has reports: there they are built, and tested.
collect_ignore = [] if systemd_version() >= 260 else ["test_reports.py"]


@pytest.fixture
def idle_exporter(environment):
    """It has not been started."""
    exporter = Exporter(environment)
    yield exporter
    exporter.close()


@pytest.fixture
def exporter(idle_exporter):
    idle_exporter.start()
    return idle_exporter


@pytest.fixture
def stub(environment):
    stub = Stub(environment)
    yield stub
    stub.stop()


@pytest.fixture
def hung():
    """Stops a process until the test is over."""
    stopped = []

    def hang(process):
        process.send_signal(signal.SIGSTOP)
        stopped.append(process)
        wait_until(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T", 5, "it stops")

    yield hang
    for process in stopped:
        process.send_signal(signal.SIGCONT)
