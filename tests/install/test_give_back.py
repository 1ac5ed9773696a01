# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which stops, as an admin or a package does them, give a guest back what was taken from it, and which leave it as it is."""

import time

import pytest

from common import MIB, wait_until

MEMORY_MOVED = "91f4d2a7c3e84b5f8a06b1d9e5c7f302"
MAXIMUM, SQUEEZED = 512 * MIB, 300 * MIB
VM = "org.example.MemCoord1.VM"


@pytest.fixture(scope="module")
def guest(machine):
    machine.run("rm", "-f", "/usr/sbin/policy-rc.d")  # a container's way to keep packages' scripts from its services
    machine.run("systemctl", "enable", "--now", "memcoordd")
    yield machine.add_guest("squeezed", MAXIMUM)
    machine.virsh("destroy", "squeezed")
    machine.run("systemctl", "disable", "memcoordd")


def balloon(machine):
    """By libvirt's word, whether the service runs or not."""
    figures = dict(line.split() for line in machine.virsh("dommemstat", "squeezed").stdout.splitlines())
    return int(figures["actual"]) << 10


def is_running(machine):
    return machine.get("State") == "running"


def rests(machine):
    """For longer than an interval: what it still needs after it was squeezed it has been given."""
    before = balloon(machine), len(machine.journal(f"MESSAGE_ID={MEMORY_MOVED}"))
    time.sleep(3)
    return (balloon(machine), len(machine.journal(f"MESSAGE_ID={MEMORY_MOVED}"))) == before


@pytest.fixture
def squeezed(machine, guest):
    """The service runs, and has taken from its guest what its maximum was less for a while."""
    machine.run("systemctl", "reset-failed", "memcoordd", check=False)  # systemd counts how often it is started
    machine.run("systemctl", "start", "memcoordd")
    wait_until(lambda: is_running(machine), 20, "the service to run")
    wait_until(lambda: machine.get("Status", guest.object_path, VM) == "managed", 60, "the guest to be managed")
    machine.run("memcoordctl", "set", "squeezed", f"maximum={SQUEEZED // MIB}M")
    wait_until(lambda: balloon(machine) <= SQUEEZED, 60, "the guest to be squeezed")
    machine.run("memcoordctl", "reset", "squeezed")
    assert machine.get("Maximum", guest.object_path, VM) == MAXIMUM
    wait_until(lambda: rests(machine), 60, "its balloon to rest")
    assert balloon(machine) < MAXIMUM
    yield machine
    machine.run("systemctl", "start", "memcoordd")


def has_it_back(machine):
    wait_until(lambda: balloon(machine) == MAXIMUM, 20, "the guest to have all of it back")
    return True


@pytest.mark.parametrize("command", [
    "systemctl stop memcoordd",
    "systemctl disable --now memcoordd",
    "systemctl mask --now --runtime memcoordd",
    "deb-systemd-invoke stop memcoordd.service",
])
def test_a_stop_for_good_gives_back(squeezed, command):
    began = time.monotonic()
    squeezed.run(*command.split())
    assert time.monotonic() - began < 4, "nothing hangs"
    assert (squeezed.show("ActiveState"), squeezed.show("Result")) == ("inactive", "success")
    assert has_it_back(squeezed)
    reasons = [entry["MEMCOORD_REASON"] for entry in squeezed.journal(f"MESSAGE_ID={MEMORY_MOVED}")]
    assert reasons[-1] == "given-back"
    squeezed.run("systemctl", "unmask", "--runtime", "memcoordd")
    squeezed.run("systemctl", "enable", "memcoordd")


def replace_program(machine):
    """As a package does: another file of that name, and systemd reads its units again."""
    machine.run("sh", "-c", 'cp -p "$0" "$0.new" && mv "$0.new" "$0"', "/usr/libexec/memcoordd")
    machine.run("systemctl", "daemon-reload")


@pytest.mark.parametrize("command", [
    "systemctl restart memcoordd",
    "systemctl try-restart memcoordd",
    "deb-systemd-invoke restart memcoordd.service",
    "systemctl restart dbus-org.example.MemCoord.service",
])
def test_a_restart_and_an_upgrade_move_nothing(squeezed, command):
    before, moves = balloon(squeezed), len(squeezed.journal(f"MESSAGE_ID={MEMORY_MOVED}"))
    ended = squeezed.show("MainPID")
    replace_program(squeezed)
    squeezed.run(*command.split())
    wait_until(lambda: is_running(squeezed), 20, "the service to run")
    assert squeezed.show("MainPID") != ended
    assert balloon(squeezed) == before
    assert len(squeezed.journal(f"MESSAGE_ID={MEMORY_MOVED}")) == moves


def test_a_kill_moves_nothing_and_what_was_taken_is_still_known(squeezed):
    before, killed = balloon(squeezed), squeezed.show("MainPID")
    squeezed.run("systemctl", "kill", "--signal=KILL", "memcoordd")
    wait_until(lambda: squeezed.show("MainPID") not in ("0", killed), 20, "systemd to start it again")
    wait_until(lambda: is_running(squeezed), 20, "the service to run")
    assert balloon(squeezed) == before
    wait_until(lambda: "given back" in squeezed.run("memcoordctl", "give-back").stdout, 20, "it to be given back")
    assert has_it_back(squeezed)


def test_a_signal_that_systemd_does_not_know_of_moves_nothing(squeezed):
    before = balloon(squeezed)
    squeezed.run("kill", "-TERM", squeezed.show("MainPID"))
    wait_until(lambda: squeezed.show("ActiveState") == "inactive", 20, "the service to end")
    time.sleep(2)
    assert balloon(squeezed) == before


def test_libvirt_that_is_away_does_not_hold_up_a_stop(squeezed):
    before = balloon(squeezed)
    sockets = ("libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket")
    squeezed.run("systemctl", "stop", "libvirtd.service", *sockets)
    wait_until(lambda: not is_running(squeezed), 20, "the service to miss libvirt")
    began = time.monotonic()
    squeezed.run("systemctl", "stop", "memcoordd")
    assert time.monotonic() - began < 4
    assert "Not all that was taken from VMs is given back" in str(squeezed.journal("--lines=10"))
    squeezed.run("systemctl", "start", "libvirtd.socket")
    assert balloon(squeezed) == before


def test_libvirt_that_hangs_delays_a_stop_by_no_more_than_is_documented(squeezed):
    libvirtd = squeezed.run("systemctl", "show", "--value", "--property=MainPID", "libvirtd").stdout.strip()
    squeezed.run("kill", "-STOP", libvirtd)
    try:
        began = time.monotonic()
        squeezed.run("systemctl", "stop", "memcoordd")
        assert time.monotonic() - began < 15
    finally:
        squeezed.run("kill", "-CONT", libvirtd)
    assert (squeezed.show("ActiveState"), squeezed.show("Result")) == ("inactive", "success"), "systemd has not killed it"


def test_on_stop_keep_leaves_it_as_it_is(squeezed):
    before = balloon(squeezed)
    configuration = squeezed.run("cat", "/etc/memcoord/memcoord.conf").stdout
    squeezed.run("sh", "-c", r'printf "[Policy]\non-stop=keep\n" >/etc/memcoord/memcoord.conf')
    squeezed.run("systemctl", "reload", "memcoordd")
    squeezed.run("systemctl", "stop", "memcoordd")
    assert balloon(squeezed) == before
    squeezed.run("sh", "-c", 'printf %s "$0" >/etc/memcoord/memcoord.conf', configuration)


def test_only_who_may_gives_back(squeezed):
    before = balloon(squeezed)
    refused = squeezed.run("memcoordctl", "give-back", user="visitor", check=False)
    assert (refused.returncode, refused.stdout) == (5, "")
    assert balloon(squeezed) == before
