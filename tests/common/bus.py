# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bus of a test's own, and the one client of the service on it."""

import contextlib
import signal
import subprocess

from gi.repository import Gio, GLib

from .wait import wait_until

NAME = "org.example.MemCoord"
ROOT = "/org/example/MemCoord"
HOST = "org.example.MemCoord1"
VM = "org.example.MemCoord1.VM"
PROPERTIES = "org.freedesktop.DBus.Properties"
MANAGER = "org.freedesktop.DBus.ObjectManager"


def connect(address):
    return Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)


def start_bus(kind="--session"):
    """A bus of its own. Returns the process and the address."""
    daemon = subprocess.Popen(["dbus-daemon", kind, "--nofork", "--print-address"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return daemon, daemon.stdout.readline().strip()


@contextlib.contextmanager
def own_daemon(kind="--session"):
    """A bus of its own, for as long: its process, which may be stopped meanwhile, and its address."""
    daemon, address = start_bus(kind)
    try:
        yield daemon, address
    finally:
        daemon.send_signal(signal.SIGCONT)
        daemon.terminate()
        daemon.wait()


@contextlib.contextmanager
def own_bus():
    """The address of a bus of its own, for as long."""
    with own_daemon() as (_, address):
        yield address


class Client:
    """A connection of its own to the bus of that address."""

    def __init__(self, address, timeout_s=5):
        self.connection = connect(address)
        self.timeout_s = timeout_s

    def call(self, path, interface, method, parameters=None, timeout_s=None):
        return self.connection.call_sync(NAME, path, interface, method, parameters, None, Gio.DBusCallFlags.NO_AUTO_START,
                                         (timeout_s or self.timeout_s) * 1000).unpack()

    def host(self):
        return self.call(ROOT, PROPERTIES, "GetAll", GLib.Variant("(s)", (HOST,)))[0]

    def objects(self):
        """All of it at once, as a frontend reads it: {path: {interface: {property: value}}}."""
        return self.call(ROOT, MANAGER, "GetManagedObjects")[0]

    def vms(self):
        """The VMs' properties by name."""
        return {faces[VM]["Name"]: faces[VM] for faces in self.objects().values() if VM in faces}

    def path(self, name):
        return f"{ROOT}/vm/_{self.vms()[name]['UUID'].replace('-', '_')}"

    def is_served(self):
        """Whether the service has its name."""
        return self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
                                         GLib.Variant("(s)", (NAME,)), None, 0, 5000).unpack()[0]

    def subscribe(self, handler, interface=None, member=None, sender=NAME):
        """`handler (path, member, arguments)` is called whenever this thread's main context runs."""
        def take(connection, sender, path, interface, member, parameters):
            handler(path, member, parameters.unpack())
        return self.connection.signal_subscribe(sender, interface, member, None, None, 0, take)

    def wait_until(self, condition, seconds=10, what="what the service is to come to"):
        """Looks whenever a signal arrives, the bus's own included."""
        signals = self.subscribe(lambda *_: None, sender=None)
        try:
            return wait_until(condition, seconds, what, run_main_context)
        finally:
            self.connection.signal_unsubscribe(signals)

    def close(self):
        if not self.connection.is_closed():
            self.connection.close_sync()


def run_main_context(seconds):
    """Until something happens in it, or for so long."""
    context = GLib.MainContext.ref_thread_default()
    late = GLib.timeout_source_new(int(seconds * 1000) + 1)
    late.set_callback(lambda *_: True)
    late.attach(context)
    context.iteration(True)
    late.destroy()
