# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service with its hypervisor steered, as test-service.c has it, and a client of it."""

import json
import os
import pathlib
import subprocess

from gi.repository import Gio, GLib

NAME = "org.example.MemCoord"
ROOT = "/org/example/MemCoord"
HOST = "org.example.MemCoord1"
VM = "org.example.MemCoord1.VM"
PROPERTIES = "org.freedesktop.DBus.Properties"
MANAGER = "org.freedesktop.DBus.ObjectManager"
MIB = 1 << 20

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MEMCOORD_BUILD", SOURCE / "build")).resolve()


def is_sanitized():
    """Whether what is tested was built with a sanitizer, which makes it slower and larger."""
    options = json.loads(BUILD.joinpath("meson-info/intro-buildoptions.json").read_text())
    return next(option["value"] for option in options if option["name"] == "b_sanitize") != "none"


def connect(address):
    return Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)


def start_bus():
    """A bus of its own. Returns the process and the address."""
    daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return daemon, daemon.stdout.readline().strip()


class Service:
    """The service, and a client of it that is not memcoordctl."""

    def __init__(self, bus, process):
        self.process = process
        self.connection = connect(bus)

    def tell(self, *words):
        """Steers the hypervisor: one line, answered by one line."""
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer.startswith("ok"), answer
        return answer

    def call(self, path, interface, method, parameters=None, timeout=5000):
        return self.connection.call_sync(NAME, path, interface, method, parameters, None, 0, timeout).unpack()

    def host(self):
        return self.call(ROOT, "org.freedesktop.DBus.Properties", "GetAll", GLib.Variant("(s)", (HOST,)))[0]

    def vms(self):
        """The VMs' properties by name."""
        objects = self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        return {interfaces[VM]["Name"]: interfaces[VM] for interfaces in objects.values() if VM in interfaces}

    def path(self, name):
        return f"{ROOT}/vm/_{self.vms()[name]['UUID'].replace('-', '_')}"

    def wait_for(self, condition, seconds=10):
        """Runs until a condition holds, looked at whenever a signal arrives."""
        context = GLib.MainContext.default()
        late = []
        watch = self.connection.signal_subscribe(NAME, None, None, None, None, 0, lambda *_: None)
        timer = GLib.timeout_add_seconds(seconds, lambda: late.append(True))
        try:
            while not condition():
                assert not late, "nothing came of it in time"
                context.iteration(True)
        finally:
            self.connection.signal_unsubscribe(watch)
            if not late:
                GLib.source_remove(timer)


def start_service(bus, *arguments, speed=5, program=BUILD / "tests/bus/test-service", **options):
    """The service on the bus of that address. @speed: how many of its seconds pass in one."""
    address = {"DBUS_SESSION_BUS_ADDRESS": bus, "DBUS_SYSTEM_BUS_ADDRESS": bus}
    process = subprocess.Popen([program, f"--speed={speed}", *arguments],
                               env=os.environ | address | {"G_DEBUG": "fatal-criticals"},
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
    assert process.stdout.readline().strip() == "ready"
    return Service(bus, process)


def memory(service):
    """What its process occupies, in bytes."""
    with open(f"/proc/{service.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) << 10


def growth(mib):
    """That of a test's bound, in bytes. With a small quarantine ASan adds this much, of which 8 MiB are the quarantine."""
    return (mib + (28 if is_sanitized() else 0)) * MIB


def stop_service(service):
    service.process.stdin.close()
    assert service.process.wait(timeout=60 if is_sanitized() else 10) == 0  # it looks for leaks at the end
    service.connection.close_sync()
