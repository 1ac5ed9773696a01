# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private bus, the service on it with a hypervisor that tests steer, and memcoordctl run against them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bus"))

from steered import BUILD, MIB, SOURCE, start_bus, start_service, stop_service  # noqa: E402


@pytest.fixture(scope="session")
def source_root():
    return SOURCE


@pytest.fixture(scope="session")
def build_root():
    return BUILD


@pytest.fixture(scope="session")
def bus():
    """The address of a bus of its own."""
    daemon, address = start_bus()
    yield address
    daemon.terminate()
    daemon.wait()


@pytest.fixture(scope="session")
def environment(bus, build_root):
    """What memcoordctl runs in: UTF-8, no language, no colours asked for or refused."""
    dropped = ("NO_COLOR", "LANGUAGE", "LANG", "COLUMNS")
    kept = {key: value for key, value in os.environ.items() if key not in dropped and not key.startswith("LC_")}
    return kept | {"DBUS_SESSION_BUS_ADDRESS": bus, "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "xterm",
                   "PATH": f"{build_root / 'src'}:{kept['PATH']}", "MEMCOORD_LOCALEDIR": str(build_root / "po")}


@pytest.fixture
def service(bus):
    """The service with three VMs; the name of the third is the id of the second."""
    running = start_service(bus)
    for name in ("web", "db"):
        running.tell("add", name, 1024 * MIB)
    running.tell("add", running.vms()["db"]["Id"], 512 * MIB)
    running.wait_for(lambda: [vm["Status"] for vm in running.vms().values()] == ["managed"] * 3)
    yield running
    stop_service(running)


class Ctl:
    """Runs memcoordctl."""

    def __init__(self, environment):
        self.environment = environment

    def __call__(self, *arguments, session=True, env=None, **options):
        command = ["memcoordctl", *(["--session"] if session else []), *arguments]
        options = {"stdin": subprocess.DEVNULL, "timeout": 30} | options
        return subprocess.run(command, env=self.environment | (env or {}), capture_output=True, text=True, **options)

    def good(self, *arguments, **options):
        """Its output, where it must succeed."""
        done = self(*arguments, **options)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def start(self, *arguments, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True} | options
        return subprocess.Popen(["memcoordctl", "--session", *arguments], env=self.environment, **options)


@pytest.fixture(scope="session")
def ctl(environment):
    return Ctl(environment)
