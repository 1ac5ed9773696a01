# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon of libvirt that systemd starts for whoever connects: one that is stopped stays stopped, and is found again in time.

virtqemud, which Debian does not have, is libvirtd behind a socket and units of that name: what is tried is how the service finds
it, and leaves it alone; not virtqemud itself.
"""

import time

import pytest

from common import wait_until

HYPERVISOR_LOST = "c8d6e4f2a1b3495d87e9f0a2b4c6d8e1"
LIBVIRTD = ("libvirtd.service", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket")
UNITS = {
    "virtqemud.socket": """[Socket]
ListenStream=/run/libvirt/virtqemud-sock
FileDescriptorName=libvirtd.socket
SocketMode=0666
RemoveOnStop=yes
""",
    "virtqemud.service": """[Unit]
Requires=virtqemud.socket
After=virtqemud.socket
[Service]
Type=notify
ExecStart=/usr/sbin/libvirtd --timeout 5
Restart=on-failure
""",
}
# A stopped daemon is looked at every 5 s.
STAYS_STOPPED_S = 30
BACK_WITHIN_S = 10


def state_of(machine, unit):
    return machine.run("systemctl", "is-active", unit, check=False).stdout.strip()


def wait_running(machine, seconds=20):
    wait_until(lambda: machine.get("State") == "running", seconds, "the service to be connected")


@pytest.fixture
def libvirtd(machine):
    machine.run("systemctl", "start", "libvirtd.socket")
    yield "libvirtd"
    machine.run("systemctl", "start", "libvirtd.socket")


@pytest.fixture
def virtqemud(machine):
    machine.run("systemctl", "stop", "memcoordd", *LIBVIRTD)
    for name, text in UNITS.items():
        machine.run("sh", "-c", 'printf %s "$1" >"/etc/systemd/system/$0"', name, text)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "virtqemud.socket")
    yield "virtqemud"
    machine.run("systemctl", "stop", "memcoordd", *UNITS)
    machine.run("rm", *(f"/etc/systemd/system/{name}" for name in UNITS))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "libvirtd.socket")


@pytest.fixture(params=["libvirtd", "virtqemud"])
def daemon(request, machine):
    """Its name. The service is connected to it."""
    name = request.getfixturevalue(request.param)
    machine.run("systemctl", "restart", "memcoordd")
    wait_running(machine)
    assert state_of(machine, f"{name}.service") == "active"
    yield name
    machine.run("systemctl", "start", f"{name}.socket", "memcoordd")


def stop(machine, name):
    """As an admin does; its socket goes on listening. Returns what the journal had before."""
    before = len(machine.journal(f"MESSAGE_ID={HYPERVISOR_LOST}"))
    machine.run("systemctl", "stop", f"{name}.service")
    wait_until(lambda: machine.get("State") == "degraded", 10, "the service to miss it")
    return before


def test_stopped_daemon_stays_stopped_and_is_found_again(machine, daemon):
    before = stop(machine, daemon)
    why = f'{daemon}.service is stopped, and MemCoord does not start it; "systemctl start {daemon}.service" does'
    wait_until(lambda: machine.show("StatusText") == f"Nothing is moved: {why}.", 10, "the service to say why")
    until = time.monotonic() + STAYS_STOPPED_S
    while time.monotonic() < until:
        assert state_of(machine, f"{daemon}.service") == "inactive"
        assert state_of(machine, f"{daemon}.socket") == "active"
        time.sleep(1)
    assert machine.get("State") == "degraded"
    told = [entry["MESSAGE"] for entry in machine.journal(f"MESSAGE_ID={HYPERVISOR_LOST}")[before:]]
    assert told[-1] == f"Nothing is moved: {why}" and told.count(told[-1]) == 1
    machine.virsh("list")
    assert state_of(machine, f"{daemon}.service") == "active"
    wait_running(machine, BACK_WITHIN_S)


def test_stopped_daemon_is_started_once_when_the_service_starts(machine, daemon):
    stop(machine, daemon)
    machine.run("systemctl", "restart", "memcoordd")
    wait_running(machine)
    assert state_of(machine, f"{daemon}.service") == "active"
    stop(machine, daemon)
    time.sleep(BACK_WITHIN_S)
    assert state_of(machine, f"{daemon}.service") == "inactive"
    machine.run("systemctl", "start", f"{daemon}.service")
    wait_running(machine, BACK_WITHIN_S)


def test_crashed_daemon_is_found_again(machine, daemon):
    pid = machine.run("systemctl", "show", "--value", "--property=MainPID", daemon).stdout.strip()
    machine.run("kill", "-KILL", pid)
    wait_until(lambda: machine.get("State") == "degraded", 10, "the service to miss it")
    wait_running(machine, BACK_WITHIN_S)


def test_restarted_daemon_is_found_again(machine, daemon):
    lost = len(machine.journal(f"MESSAGE_ID={HYPERVISOR_LOST}"))
    machine.run("systemctl", "restart", f"{daemon}.service")
    wait_until(lambda: len(machine.journal(f"MESSAGE_ID={HYPERVISOR_LOST}")) > lost, 10, "the service to miss it")
    wait_running(machine, BACK_WITHIN_S)


def test_daemon_without_vms_does_not_end_while_the_service_is_connected(machine, virtqemud):
    machine.run("systemctl", "start", "memcoordd")
    wait_running(machine)
    time.sleep(8)  # its --timeout is 5 s
    assert state_of(machine, "virtqemud.service") == "active"
    machine.run("systemctl", "stop", "memcoordd")
    wait_until(lambda: state_of(machine, "virtqemud.service") == "inactive", 20, "it to end by itself")
    machine.run("systemctl", "start", "memcoordd")
    wait_running(machine)


def test_virtqemud_lets_it_in_by_the_rule_that_is_installed(machine, virtqemud):
    machine.run("systemctl", "start", "memcoordd")
    wait_running(machine)
    refused = machine.run("virsh", "-c", "qemu:///system", "list", user="visitor", check=False)
    assert refused.returncode != 0
    assert "authentication" in refused.stderr
