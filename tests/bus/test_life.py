# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the daemon stands to its bus: its name, the bus's end, and its own."""

import signal
import subprocess

import pytest
from gi.repository import GLib

from steered import BUILD, HOST, MANAGER, NAME, PROPERTIES, ROOT, VM, connect, start_bus


class Daemon:
    """memcoordd, on libvirt's test driver."""

    def __init__(self, environment, directory, *arguments):
        self.process = subprocess.Popen(
            [BUILD / "src/memcoordd", "--session", "--uri=test:///default", f"--state-dir={directory}/state", *arguments],
            env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def end(self, timeout=20):
        """What it exits with, and what it said."""
        said = self.process.communicate(timeout=timeout)[1]
        return self.process.returncode, said


@pytest.fixture
def start(environment, tmp_path):
    running = []

    def daemon(*arguments, **options):
        running.append(Daemon(environment | options, tmp_path, *arguments))
        return running[-1]

    yield daemon
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()


def state(connection):
    return connection.call_sync(NAME, ROOT, PROPERTIES, "Get", GLib.Variant("(ss)", (HOST, "State")), None, 0, 5000).unpack()[0]


def objects(connection):
    return connection.call_sync(NAME, ROOT, MANAGER, "GetManagedObjects", None, None, 0, 5000).unpack()[0]


def wait_for(bus, condition):
    """Waits, on what the bus tells, until something holds of the service; it may not have its name yet."""
    connection = connect(bus)
    context = GLib.MainContext.default()
    told = []
    connection.signal_subscribe(None, None, None, None, None, 0, lambda *_: told.append(True))
    timer = GLib.timeout_add_seconds(20, lambda: told.append(False))
    while True:
        try:
            if condition(connection):
                break
        except GLib.Error as error:
            assert "ServiceUnknown" in error.message
        while not told:
            context.iteration(True)
        assert told.pop(), "it never came to that"
    GLib.source_remove(timer)
    return connection


def wait_for_state(bus, wanted):
    return wait_for(bus, lambda connection: state(connection) == wanted)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked(bus, start, number):
    daemon = start()
    wait_for_state(bus, "running")
    daemon.process.send_signal(number)
    assert daemon.end()[0] == 0


def test_name_that_is_taken_is_a_clear_error(bus, start):
    first = start()
    wait_for_state(bus, "running")
    code, said = start().end()
    assert code == 1
    assert NAME in said and "another memcoordd has it" in said
    assert first.process.poll() is None
    assert state(connect(bus)) == "running"


def test_bus_that_goes_is_an_error(start):
    daemon, address = start_bus()
    service = start(DBUS_SESSION_BUS_ADDRESS=address)
    connection = wait_for_state(address, "running")
    connection.set_exit_on_close(False)
    daemon.kill()
    daemon.wait()
    code, said = service.end()
    assert code == 1
    assert "The bus is gone" in said


def test_no_bus_is_an_error(start):
    code, said = start(DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent/bus").end()
    assert code == 1
    assert "session bus" in said


def test_vms_of_libvirt_are_on_the_bus(bus, start):
    start()
    connection = wait_for(bus, objects)
    (path, interfaces), = objects(connection).items()
    vm = interfaces[VM]
    assert vm["Name"] == "test"
    assert path == f"{ROOT}/vm/_{vm['UUID'].replace('-', '_')}"


def test_missing_hypervisor_is_waited_for(bus, start):
    start("--uri=qemu+unix:///system?socket=/nonexistent/libvirt-sock")
    connection = wait_for_state(bus, "degraded")
    assert connection.call_sync(NAME, ROOT, PROPERTIES, "Get", GLib.Variant("(ss)", (HOST, "HypervisorConnected")),
                                None, 0, 5000).unpack() == (False,)
