# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clients of introspection/frontends.md, as somebody copies them: what happens on the bus is what they print."""

import contextlib
import os
import shutil
import subprocess

import pytest
from gi.repository import GLib

from common import MIB, SOURCE, wait_until
from common.bus import VM
from common.bus_watch import calls_of
from common.service import running_service, start_service, stop_service

EXAMPLES = SOURCE / "introspection/examples"
CLIENTS = {"follow.py": ["/usr/bin/python3"], "follow.js": ["gjs", "-m"]}
WAIT_S = 30  # a machine with other work
ERROR = "org.example.MemCoord1.Error"
DENIED = "org.freedesktop.DBus.Error.AccessDenied"


def command(client, *arguments, directory=EXAMPLES):
    return [*CLIENTS[client], directory / client, *arguments]


class Printed:
    """What a client prints, line by line. Each wait begins after what the last one has found."""

    def __init__(self, file):
        self.file, self.seen = file, 0

    def wait_for(self, beginning):
        def found():
            lines = self.file.read_text().splitlines()
            return next((number for number, line in enumerate(lines, 1) if number > self.seen and line.startswith(beginning)), 0)
        self.seen = wait_until(found, WAIT_S, lambda: f'"{beginning}" in what it prints: {self.file.read_text()}')


@contextlib.contextmanager
def following(client, bus, directory):
    file = directory / "printed"
    with open(file, "w", encoding="utf-8") as output:
        process = subprocess.Popen(command(client, "--session"), env=os.environ | {"DBUS_SESSION_BUS_ADDRESS": bus}, stdout=output)
    try:
        yield Printed(file)
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(params=CLIENTS)
def client(request):
    return request.param


def pause(client, bus, *arguments):
    return subprocess.run(command(client, "--session", "pause", *arguments), env=os.environ | {"DBUS_SESSION_BUS_ADDRESS": bus},
                          capture_output=True, text=True)


def test_what_changes_on_the_bus_is_printed(client, bus, service, tmp_path):
    with following(client, bus, tmp_path) as printed:
        printed.wait_for("web: 512 MiB of 1024 MiB, managed, nothing was decided yet")
        service.tell("need", "web")
        printed.wait_for("moved from 512 MiB to 716 MiB: headroom of 20 MiB is at or below 100 MiB; +204 MiB")
        printed.wait_for("web: 716 MiB of 1024 MiB, managed, needs memory")
        service.call(service.path("db"), VM, "Pause", GLib.Variant("(su)", ("kernel update", 0)))
        printed.wait_for("db: 512 MiB of 1024 MiB, paused, nothing was decided yet")
        service.tell("remove", "db")
        printed.wait_for("db: gone")
        service.tell("add", "mail", 1024 * MIB)
        printed.wait_for("mail: 512 MiB of 1024 MiB, managed, nothing was decided yet")


def test_everything_is_read_by_two_calls_and_followed_without_another(client, bus, tmp_path):
    with running_service(bus, {f"vm{i}": 96 * MIB for i in range(20)}) as service, calls_of(bus, tmp_path) as calls:
        calls.members()
        with following(client, bus, tmp_path) as printed:
            printed.wait_for("vm7: 48 MiB of 96 MiB, managed, nothing was decided yet")
            service.tell("unused", "vm7", 5 * MIB)
            printed.wait_for("moved from 48 MiB to")
            assert sorted(calls.members()) == ["GetAll", "GetManagedObjects"]


def test_service_that_goes_and_comes_is_followed(client, bus, tmp_path):
    with following(client, bus, tmp_path) as printed:
        printed.wait_for("away")
        for _ in range(2):
            service = start_service(bus)
            service.tell("add", "web", 1024 * MIB)
            printed.wait_for("web: 512 MiB of 1024 MiB, managed, nothing was decided yet")
            stop_service(service)
            printed.wait_for("away")


def test_vm_is_paused(client, bus, service):
    done = pause(client, bus, "web", "kernel update")
    assert (done.returncode, done.stderr) == (0, "")
    assert (service.vms()["web"]["Status"], service.vms()["web"]["PauseReason"]) == ("paused", "kernel update")
    assert service.vms()["db"]["Status"] == "managed"


def test_error_is_told_by_its_name(client, bus, service):
    done = pause(client, bus, "web", "x" * 300)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{ERROR}.InvalidArgument: ")
    assert service.vms()["web"]["Status"] == "managed"


def test_polkit_decides_who_may(client, system):
    """Nobody is there to be asked for a password."""
    shutil.copy(EXAMPLES / client, system.directory)
    with system.serve("web") as service:
        def pause_as(user):
            return subprocess.run(command(client, "pause", "web", directory=system.directory), **system.as_user(user),
                                  capture_output=True, text=True)
        refused = pause_as("alice")
        assert refused.returncode == 1 and refused.stderr.startswith(f"{DENIED}: "), refused.stderr
        assert service.vms()["web"]["Status"] == "managed"
        allowed = pause_as("olga")
        assert (allowed.returncode, allowed.stderr) == (0, "")
        assert service.vms()["web"]["Status"] == "paused"
