# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may not change anything sees everything, and is told how to be allowed to."""

import os
import pathlib
import subprocess
import tempfile

import pytest

from common import MIB, SOURCE
from common.service import running_service
from webserver import own_cockpit

NOBODY = 65534
OURS = f"<include>{SOURCE}/data/dbus/org.example.MemCoord.conf</include>"


@pytest.fixture
def directory():
    """Where nobody may go."""
    with tempfile.TemporaryDirectory(prefix="mc-cockpit-", dir="/tmp") as name:
        os.chown(name, NOBODY, NOBODY)
        yield pathlib.Path(name)


@pytest.fixture
def bus(directory):
    """A system bus, which everybody may use, without polkit: root alone may change anything."""
    (directory / "bus.conf").write_text((SOURCE / "tests/system-bus.conf").read_text().format(socket=directory / "bus", more=OURS))
    daemon = subprocess.Popen(["dbus-daemon", f"--config-file={directory}/bus.conf", "--nofork", "--nopidfile", "--print-address"],
                              stdout=subprocess.PIPE, text=True)
    assert daemon.stdout.readline()
    yield f"unix:path={directory}/bus"
    daemon.terminate()
    daemon.wait()


def test_refused_change_says_how_to_be_allowed(bus, directory, page_directory, browser):
    with running_service(bus, {"web": 1024 * MIB}, "--system") as service, \
            own_cockpit(bus, page_directory, directory, user=NOBODY, group=NOBODY, extra_groups=[]) as address:
        browser.open(address)
        browser.wait_for(browser.row("web"))
        browser.press("Dry run")
        browser.wait_for_text("Turn on administrative access")
        assert not service.host()["DryRun"]
        browser.press("Thresholds", "section[aria-labelledby=host-title]")
        browser.type("threshold-HostReserve", "300M")
        browser.press("Save", "[role=dialog]")
        browser.wait_for_text("Turn on administrative access", "[role=dialog]")
        assert service.host()["HostReserve"] == 200 * MIB
