# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that reads, beside one that has subscribed to everything and does not."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest
from gi.repository import GLib

from common import MIB, wait_until
from common.bus import PROPERTIES, VM, Client, own_daemon, run_main_context
from common.service import growth, memory, running_service

# It is sent every signal, and takes none.
DEAF = """
import os, signal, sys
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
bus = Gio.DBusConnection.new_for_address_sync(sys.argv[1], flags)
bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch",
              GLib.Variant("(s)", ("type='signal'",)), None, 0, 5000)
os.kill(os.getpid(), signal.SIGSTOP)
"""
# As a system's bus has it, both limits are the same; there each is 127 MiB.
LIMITED = """
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <policy context="default"><allow own="*"/><allow send_destination="*"/><allow eavesdrop="true"/></policy>
  <limit name="max_incoming_bytes">{most}</limit>
  <limit name="max_outgoing_bytes">{most}</limit>
</busconfig>
"""
# Each of them is told of in one signal. All of them are more than sockets hold, or than may wait for a bus.
SHORT_NAMES = [f"web{number}" + "n" * (MIB // 4) for number in range(16)]
NAMES = [f"web{number}" + "n" * MIB for number in range(32)]
# What waited comes first.
TO_READ_ALL_S = 60


@contextlib.contextmanager
def deaf_client(bus):
    with subprocess.Popen([sys.executable, "-c", DEAF, bus]) as client:
        try:
            os.waitid(os.P_PID, client.pid, os.WSTOPPED | os.WNOWAIT)
            yield
        finally:
            client.kill()


class Reader:
    """Which names it was told the VM has."""

    def __init__(self, service, bus):
        self.client, self.told = Client(bus), []
        self.client.subscribe(self.note, PROPERTIES, "PropertiesChanged")
        self.path = service.path("web")

    def note(self, path, _, arguments):
        if path == self.path and "Name" in arguments[1]:
            self.told.append(arguments[1]["Name"])

    def wait_for(self, name, seconds=1):
        wait_until(lambda: self.told[-1:] == [name], seconds, "the VM's name", run_main_context)

    def settle(self):
        """What can come has come."""
        wait_until(lambda: not GLib.MainContext.default().iteration(False), 10, "rest", lambda _: None)

    def read(self):
        return self.client.call(self.path, PROPERTIES, "Get", GLib.Variant("(ss)", (VM, "Name")))[0]


@contextlib.contextmanager
def served(bus):
    """The service with one VM."""
    with running_service(bus, {"web": 1024 * MIB}, speed=20) as service:
        yield service
        service.tell("remove", next(iter(service.vms())))  # it prints all that are there at its end


def rename(service, before, name):
    service.tell("rename", before, name)
    service.tell("cycle")


def test_each_change_is_told_beside_one_that_does_not_read(bus):
    with served(bus) as service, deaf_client(bus):
        reader = Reader(service, bus)
        for before, name in zip(["web", *SHORT_NAMES], SHORT_NAMES, strict=False):
            rename(service, before, name)
            reader.wait_for(name)
        assert reader.told == SHORT_NAMES
        assert reader.read() == SHORT_NAMES[-1]


def test_what_is_now_is_told_when_the_bus_reads_again():
    """Nothing else has to change for it."""
    with own_daemon() as (daemon, bus), served(bus) as service, deaf_client(bus):
        reader = Reader(service, bus)
        daemon.send_signal(signal.SIGSTOP)
        for before, name in zip(["web", *NAMES], NAMES, strict=False):
            rename(service, before, name)
        daemon.send_signal(signal.SIGCONT)
        reader.wait_for(NAMES[-1], TO_READ_ALL_S)
        assert len(reader.told) < len(NAMES)


@pytest.mark.usefixtures("small_quarantine")
def test_bus_that_is_full_of_what_one_does_not_read(tmp_path):
    """dbus-daemon reads no more of who has so much on its way, for nobody: that is the bus's own limit. The service goes on, does not grow
    with it, and tells what is now when there is room again."""
    config = tmp_path / "bus.conf"
    config.write_text(LIMITED.format(socket=tmp_path / "bus", most=8 * MIB))
    with own_daemon(f"--config-file={config}") as (_, bus), served(bus) as service:
        reader = Reader(service, bus)
        with deaf_client(bus):
            before = memory(service)
            for old, name in zip(["web", *NAMES], NAMES, strict=False):
                rename(service, old, name)
            reader.settle()
            assert 0 < len(reader.told) < len(NAMES)
            assert memory(service) - before < growth(32)
        reader.wait_for(NAMES[-1], TO_READ_ALL_S)
        assert reader.read() == NAMES[-1]
