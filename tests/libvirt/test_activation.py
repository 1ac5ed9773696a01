# SPDX-License-Identifier: LGPL-2.1-or-later
"""The adapter beside a daemon of libvirt that systemd starts for whoever connects: here a socket that counts who comes, and a
systemd of the test's own that says how the units are."""

import socket
import threading
import time

import pytest
from gi.repository import Gio, GLib

from common import wait_until
from common.bus import connect, own_bus

SYSTEMD, UNITS = "org.freedesktop.systemd1", "/org/freedesktop/systemd1/unit/"
INTERFACES = """<node>
<interface name="org.freedesktop.systemd1.Unit"><property name="ActiveState" type="s" access="read"/></interface>
<interface name="org.freedesktop.systemd1.Socket"><property name="Listen" type="a(ss)" access="read"/></interface></node>"""


class Systemd:
    """Says what `state` is of a service whose socket unit listens at that path."""

    def __init__(self, address, daemon, path):
        self.state, self.path = "active", path
        self.context = GLib.MainContext()
        self.loop = GLib.MainLoop.new(self.context, False)
        self.context.push_thread_default()
        self.bus = connect(address)
        of_unit, of_socket = Gio.DBusNodeInfo.new_for_xml(INTERFACES).interfaces
        for kind, interface in (("socket", of_unit), ("socket", of_socket), ("service", of_unit)):
            self.bus.register_object(f"{UNITS}{daemon}_2e{kind}", interface, None, self.get, None)
        self.context.pop_thread_default()
        self.thread = threading.Thread(target=self.loop.run, daemon=True)
        self.thread.start()
        self.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                           GLib.Variant("(su)", (SYSTEMD, 0)), None, 0, 5000)

    def get(self, connection, sender, path, interface, name):
        if name == "Listen":
            return GLib.Variant("a(ss)", [("Stream", str(self.path))])
        return GLib.Variant("s", "active" if path.endswith("socket") else self.state)

    def stop(self):
        self.loop.quit()
        self.thread.join()
        self.bus.close_sync()


class Door:
    """Counts who comes, and lets nobody in."""

    def __init__(self, path):
        self.came = 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                caller, _ = self.socket.accept()
            except OSError:
                return
            self.came += 1
            caller.close()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture(params=[("virtqemud", "virtqemud-sock"), ("libvirtd", "libvirt-sock")], ids=lambda param: param[0])
def daemon(request, tmp_path, monkeypatch):
    """Its name, its door, and the systemd that would start it."""
    name, file = request.param
    with own_bus() as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        door, systemd = Door(tmp_path / file), Systemd(address, name, tmp_path / file)
        yield name, door, systemd
        systemd.stop()
        door.close()


def wait_stopped(probe, name, how="is stopped"):
    told = probe.wait_event("status", status=f"{name}.service {how}, and MemCoord does not start it; "
                                             f'"systemctl start {name}.service" does')
    assert told["connected"] is False


def test_stopped_daemon_is_started_once_and_then_left_alone(daemon, start_probe):
    name, door, systemd = daemon
    systemd.state = "inactive"
    probe = start_probe(f"qemu+unix:///system?socket={systemd.path}")
    wait_stopped(probe, name)
    time.sleep(7)  # it looks after 1, 2 and 4 s
    assert door.came == 1


def test_daemon_that_is_started_by_somebody_else_is_connected_to_in_time(daemon, start_probe):
    name, door, systemd = daemon
    probe = start_probe(f"qemu+unix:///system?socket={systemd.path}")
    wait_until(lambda: door.came > 0, 10, "the first connection")
    systemd.state = "deactivating"
    wait_stopped(probe, name, "is stopping")
    systemd.state = "inactive"
    wait_stopped(probe, name)
    time.sleep(8)  # until it looks as seldom as it does
    before = door.came
    systemd.state = "active"
    wait_until(lambda: door.came > before, 6, "a connection")


def test_main_loop_never_waits_for_systemd(daemon, start_probe):
    name, door, systemd = daemon
    probe = start_probe(f"qemu+unix:///system?socket={systemd.path}")
    wait_until(lambda: door.came > 0, 10, "the first connection")
    systemd.loop.quit()
    mark = probe.mark()
    probe.do("lag")
    told = probe.wait(lambda line: line.get("event") == "status" and "systemd does not say" in line["status"], 12, mark)
    assert f"whether {name}.service is running" in told["status"]
    assert probe.do("lag")["ms"] < 1000  # it was silent for 5 s
