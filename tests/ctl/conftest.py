# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private bus, the service on it with a hypervisor that tests steer, and memcoordctl run against them."""

import os
import pathlib
import subprocess

import pytest
from gi.repository import Gio, GLib

NAME = "org.example.MemCoord"
ROOT = "/org/example/MemCoord"
HOST = "org.example.MemCoord1"
VM = "org.example.MemCoord1.VM"
MIB = 1 << 20


@pytest.fixture(scope="session")
def source_root():
    return pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def build_root(source_root):
    return pathlib.Path(os.environ.get("MEMCOORD_BUILD", source_root / "build"))


@pytest.fixture(scope="session")
def bus():
    """The address of a bus of its own."""
    daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    yield daemon.stdout.readline().strip()
    daemon.terminate()
    daemon.wait()


@pytest.fixture(scope="session")
def environment(bus, build_root):
    """What memcoordctl runs in: UTF-8, no language, no colours asked for or refused."""
    dropped = ("NO_COLOR", "LANGUAGE", "LANG", "COLUMNS")
    kept = {key: value for key, value in os.environ.items() if key not in dropped and not key.startswith("LC_")}
    return kept | {"DBUS_SESSION_BUS_ADDRESS": bus, "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "xterm",
                   "PATH": f"{build_root / 'src'}:{kept['PATH']}", "MEMCOORD_LOCALEDIR": str(build_root / "po")}


class Service:
    """The service, and a client of it that is not memcoordctl."""

    def __init__(self, bus, process):
        self.process = process
        self.connection = Gio.DBusConnection.new_for_address_sync(
            bus, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)

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


def start_service(bus, environment, build_root, *arguments):
    program = os.environ.get("MEMCOORD_TEST_SERVICE", build_root / "tests/bus/test-service")
    process = subprocess.Popen([program, "--speed=5", *arguments], env=environment | {"G_DEBUG": "fatal-criticals"},
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().strip() == "ready"
    return Service(bus, process)


def stop_service(service):
    service.process.stdin.close()
    assert service.process.wait(timeout=10) == 0
    service.connection.close_sync()


@pytest.fixture
def service(bus, environment, build_root):
    """The service with three VMs; the name of the third is the id of the second."""
    running = start_service(bus, environment, build_root)
    for name in ("web", "db"):
        running.tell("add", name, 1024 * MIB)
    running.tell("add", running.vms()["db"]["Id"], 512 * MIB)
    running.wait_for(lambda: len(running.vms()) == 3)
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
