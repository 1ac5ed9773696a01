# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the daemon stands to its bus: its name, the bus's end, and its own."""

import os
import signal
import subprocess

import pytest
from gi.repository import GLib

from common import BUILD
from common.bus import HOST, NAME, ROOT, VM, Client, start_bus
from common.languages import make_locale


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


def wait_for(bus, condition):
    """Until something holds of the service, which may not have its name yet. Returns the client to which it holds."""
    client = Client(bus)
    client.wait_until(lambda: client.is_served() and condition(client), 20)
    return client


def wait_for_state(bus, wanted):
    return wait_for(bus, lambda client: client.host()["State"] == wanted)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked(bus, start, number):
    daemon = start()
    wait_for_state(bus, "running")
    daemon.process.send_signal(number)
    assert daemon.end()[0] == 0


def test_its_sentences_are_english_whatever_the_host_speaks(bus, start, tmp_path):
    make_locale(tmp_path, "de_DE")
    start(LC_ALL="de_DE.UTF-8", LOCPATH=str(tmp_path))
    client = wait_for_state(bus, "running")
    with pytest.raises(GLib.Error, match=r"HostReserve 1\.5 TiB is not below HostTotal"):
        client.call(ROOT, HOST, "SetThreshold", GLib.Variant("(st)", ("HostReserve", 3 << 39)))


def test_name_that_is_taken_is_a_clear_error(bus, start):
    first = start()
    wait_for_state(bus, "running")
    code, said = start().end()
    assert code == 1
    assert NAME in said and "another memcoordd has it" in said
    assert first.process.poll() is None
    assert Client(bus).host()["State"] == "running"


def assert_ends_with_its_bus(start, *names):
    """Started on a bus that has these names in the environment, and goes."""
    daemon, address = start_bus()
    service = start(**dict.fromkeys(names, address))
    wait_for_state(address, "running")
    daemon.kill()
    daemon.wait()
    code, said = service.end()
    assert code == 1
    assert "The bus is gone" in said


def test_bus_that_goes_is_an_error(start):
    assert_ends_with_its_bus(start, "DBUS_SESSION_BUS_ADDRESS")


def test_system_bus_that_goes_is_an_error_at_every_start(start):
    """polkit's connection to it is of GLib's, and may not end the process as a request would. Which thread is first decides: on one
    processor each of them is, now and then."""
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    try:
        for _ in range(15):
            assert_ends_with_its_bus(start, "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS")
    finally:
        os.sched_setaffinity(0, processors)


def test_no_bus_is_an_error(start):
    code, said = start(DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent/bus").end()
    assert code == 1
    assert "session bus" in said


def test_vms_of_libvirt_are_on_the_bus(bus, start):
    start()
    (path, interfaces), = wait_for(bus, Client.objects).objects().items()
    vm = interfaces[VM]
    assert vm["Name"] == "test"
    assert path == f"{ROOT}/vm/_{vm['UUID'].replace('-', '_')}"


def test_missing_hypervisor_is_waited_for(bus, start):
    start("--uri=qemu+unix:///system?socket=/nonexistent/libvirt-sock")
    assert wait_for_state(bus, "degraded").host()["HypervisorConnected"] is False
