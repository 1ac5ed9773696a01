# SPDX-License-Identifier: LGPL-2.1-or-later
"""Room for a VM about to start: Reserve(), Release(), FreeForNewVM, and all that ends a reservation."""

import pytest
from gi.repository import Gio, GLib

from common import MIB
from common.bus import HOST, NAME, ROOT, connect
from common.service import running_service

ERROR = "org.example.MemCoord1.Error."


@pytest.fixture
def quick(bus):
    """A service whose half minute of patience is no second of ours."""
    with running_service(bus, {"web": 4096 * MIB}, speed=50) as service:
        yield service


def reserve(service, size, seconds=0, connection=None):
    connection = connection or service.connection
    return connection.call_sync(NAME, ROOT, HOST, "Reserve", GLib.Variant("(tu)", (size, seconds)), None, 0, 20000).unpack()


def refused(function, *arguments):
    with pytest.raises(GLib.Error) as error:
        function(*arguments)
    return Gio.DBusError.get_remote_error(error.value).removeprefix(ERROR), error.value.message


def test_what_is_reserved_is_not_free_for_others(quick):
    free = quick.host()["FreeForNewVM"]
    granted, identifier = reserve(quick, 512 * MIB)
    assert granted == 512 * MIB
    host = quick.host()
    assert (host["Reserved"], host["FreeForNewVM"]) == (512 * MIB, free - 512 * MIB)
    quick.call(ROOT, HOST, "Release", GLib.Variant("(s)", (identifier,)))
    host = quick.host()
    assert (host["Reserved"], host["FreeForNewVM"]) == (0, free)
    assert refused(quick.call, ROOT, HOST, "Release", GLib.Variant("(s)", (identifier,)))[0] == "UnknownReservation"


def test_vms_give_what_they_can_spare(quick):
    """The host has not enough by itself; a VM has what it does not use."""
    quick.tell("unused", "web", 1500 * MIB)
    quick.tell("host", (8192 - 2048 - 500) * MIB)
    quick.tell("cycle")
    before = quick.vms()["web"]["Balloon"]
    granted, _ = reserve(quick, 800 * MIB)
    assert granted == 800 * MIB
    assert quick.vms()["web"]["Balloon"] < before
    assert quick.host()["HostAvailable"] >= 800 * MIB


def test_less_is_granted_where_there_is_no_more(quick):
    granted, _ = reserve(quick, 1 << 50)
    assert 0 < granted <= quick.host()["HostAvailable"] - 200 * MIB


def test_nothing_is_granted_where_there_is_nothing(quick):
    quick.tell("host", (8192 - 2048 - 100) * MIB)
    quick.tell("cycle")
    assert quick.host()["FreeForNewVM"] == 0
    name, message = refused(reserve, quick, MIB)
    assert name == "NoMemory" and "Nothing of 1 MiB can be freed" in message
    assert message.endswith("HostReserve 200 MiB, 0 B reserved and what was promised, and no VM can spare any; "
                            "stop a VM, or lower HostReserve")
    assert quick.host()["Reserved"] == 0


def test_it_ends_when_its_time_is_up(quick):
    reserve(quick, 64 * MIB, 2)
    assert quick.host()["Reserved"] == 64 * MIB
    quick.wait_until(lambda: quick.host()["Reserved"] == 0)


def test_it_ends_when_its_caller_leaves(quick, bus):
    caller = connect(bus)
    caller.set_exit_on_close(False)
    reserve(quick, 64 * MIB, connection=caller)
    assert quick.host()["Reserved"] == 64 * MIB
    caller.close_sync()
    quick.wait_until(lambda: quick.host()["Reserved"] == 0)


def test_a_vm_that_starts_uses_it_up(quick):
    reserve(quick, 600 * MIB)
    quick.tell("add", "new", 1024 * MIB)
    quick.wait_until(lambda: quick.host()["Reserved"] == (600 - 512) * MIB)


def start_waiting(quick, connection):
    """A reservation whose memory does not come: the VM that is to give it hangs."""
    answers = []
    quick.tell("unused", "web", 1500 * MIB)
    quick.tell("host", (8192 - 2048 - 300) * MIB)
    quick.tell("cycle")
    quick.tell("hang", "web")
    connection.call(NAME, ROOT, HOST, "Reserve", GLib.Variant("(tu)", (900 * MIB, 0)), None, 0, 20000, None,
                    lambda source, result: answers.append(result))
    quick.wait_until(lambda: quick.host()["Reserved"] > 0)
    return answers


def test_lost_hypervisor_ends_the_wait(quick):
    answers = start_waiting(quick, quick.connection)
    quick.tell("disconnect")
    quick.wait_until(lambda: answers)
    with pytest.raises(GLib.Error) as error:
        quick.connection.call_finish(answers[0])
    assert Gio.DBusError.get_remote_error(error.value) == f"{ERROR}NotConnected"
    quick.tell("reconnect")
    quick.wait_until(lambda: quick.host()["Reserved"] == 0)


def test_caller_that_leaves_ends_the_wait(quick, bus):
    caller = connect(bus)
    caller.set_exit_on_close(False)
    start_waiting(quick, caller)
    caller.close_sync()
    quick.wait_until(lambda: quick.host()["Reserved"] == 0)


def test_service_that_ends_while_somebody_waits(bus):
    with running_service(bus, {"web": 4096 * MIB}) as service:
        start_waiting(service, service.connection)
