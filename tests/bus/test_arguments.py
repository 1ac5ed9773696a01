# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever is wrong with a call, its answer says what, and nothing has changed."""

import xml.etree.ElementTree as tree

import pytest
from gi.repository import Gio, GLib

from common import MIB, SOURCE
from common.bus import HOST, NAME, ROOT, VM, own_bus
from common.service import running_service

ERROR = "org.example.MemCoord1.Error."
INVALID_ARGS = "org.freedesktop.DBus.Error.InvalidArgs"
MOST = 2 ** 64 - 1
LONG = "x" * 257

METHODS = [(interface.get("name"), method.get("name"),
            "".join(argument.get("type") for argument in method.iter("arg") if argument.get("direction") == "in"))
           for path in sorted((SOURCE / "introspection").glob("*.xml"))
           for interface in tree.parse(path).getroot().iter("interface")
           for method in interface.iter("method")]

# interface, method, types, values, error, and what its message has to name: the argument or the value, and the limit
WRONG = [
    *[(interface, "SetThreshold", "(st)", values, error, named) for interface in (HOST, VM) for values, error, named in [
        (("Bogus", 5), "UnknownThreshold", ["Bogus"]),
        (("", 5), "UnknownThreshold", [""]),
        (("low-watermark", 100 * MIB), "UnknownThreshold", ["low-watermark"]),
        (("LowWatermark", 0), "OutOfRange", ["LowWatermark", "16M"]),
        (("LowWatermark", MOST), "OutOfRange", ["LowWatermark", "64G"]),
        (("HighWatermark", 1), "OutOfRange", ["HighWatermark", "32M"]),
        (("LowWatermark", 149 * MIB), "Conflict", ["LowWatermark", "HighWatermark", "150M"]),
        (("HighWatermark", 101 * MIB), "Conflict", ["LowWatermark", "HighWatermark", "100M"]),
    ]],
    (HOST, "SetThreshold", "(st)", ("HostReserve", 1), "OutOfRange", ["HostReserve", "64M"]),
    (HOST, "SetThreshold", "(st)", ("HostReserve", 1 << 43), "Conflict", ["HostReserve", "8 TiB", "HostTotal"]),
    (HOST, "SetThreshold", "(st)", ("HostUsageLimit", 101), "OutOfRange", ["HostUsageLimit", "101", "100"]),
    (HOST, "SetThreshold", "(st)", ("HostUsageLimit", 9), "OutOfRange", ["HostUsageLimit", "9", "10"]),
    (HOST, "SetThreshold", "(st)", ("StepLimit", 0), "OutOfRange", ["StepLimit", "0", "1"]),
    (HOST, "SetThreshold", "(st)", ("StepLimit", 51), "OutOfRange", ["StepLimit", "51", "50"]),
    (HOST, "SetThreshold", "(st)", ("Interval", 0), "OutOfRange", ["Interval", "0", "1"]),
    (HOST, "SetThreshold", "(st)", ("Interval", 2 ** 32 + 2), "OutOfRange", ["Interval", str(2 ** 32 + 2), "3600"]),
    (HOST, "SetThreshold", "(st)", ("Weight", 5), "UnknownThreshold", ["Weight"]),
    (HOST, "SetThresholds", "(a{st})", ({},), "InvalidArgument", ["values", "empty"]),
    (HOST, "SetThresholds", "(a{st})", ({"Interval": 5, "Bogus": 1},), "UnknownThreshold", ["Bogus"]),
    (HOST, "SetThresholds", "(a{st})", ({"Interval": 5, "StepLimit": 99},), "OutOfRange", ["StepLimit", "99", "50"]),
    (HOST, "SetThresholds", "(a{st})", ({"LowWatermark": 300 * MIB, "HighWatermark": 300 * MIB},), "Conflict",
     ["LowWatermark", "HighWatermark", "300M"]),
    (HOST, "SetThresholds", "(a{st})", ({f"n{number}": 1 for number in range(65)},), "InvalidArgument", ["values"]),
    (HOST, "SetThresholds", "(a{st})", ({"": 1},), "InvalidArgument", ["values"]),
    (VM, "SetThresholds", "(a{st})", ({},), "InvalidArgument", ["values", "empty"]),
    (VM, "SetThresholds", "(a{st})", ({"": 1},), "InvalidArgument", ["values"]),
    (VM, "SetThresholds", "(a{st})", ({"Weight": 5, "Interval": 5},), "UnknownThreshold", ["Interval"]),
    (VM, "SetThresholds", "(a{st})", ({"Weight": 5, "Minimum": MOST},), "OutOfRange", ["Minimum", "64T"]),
    (VM, "SetThresholds", "(a{st})", ({"Weight": 5, "Minimum": 600 * MIB, "Maximum": 500 * MIB},), "Conflict",
     ["Minimum", "600M", "Maximum", "500M"]),
    (VM, "SetThresholds", "(a{st})", ({"Managed": 0, "LowWatermark": 149 * MIB},), "Conflict", ["LowWatermark", "150M"]),
    (VM, "SetThresholds", "(a{st})", ({"Weight": 5, "Managed": 2},), "OutOfRange", ["Managed", "2", "neither 0", "nor 1"]),
    (HOST, "SetThresholds", "(a{st})", ({"Managed": 0},), "UnknownThreshold", ["Managed"]),
    *[(interface, "ResetThresholds", "(as)", values, error, named) for interface in (HOST, VM) for values, error, named in [
        ((["Bogus"],), "UnknownThreshold", ["Bogus"]),
        ((["LowWatermark", "Bogus"],), "UnknownThreshold", ["Bogus"]),
        ((["a"] * 65,), "InvalidArgument", ["names"]),
        (([LONG],), "InvalidArgument", ["names", "256"]),
        (([""],), "InvalidArgument", ["names", "empty"]),
    ]],
    *[(interface, "Pause", "(su)", values, error, named) for interface in (HOST, VM) for values, error, named in [
        ((LONG, 5), "InvalidArgument", ["reason", "256"]),
        (("\033[2J", 5), "InvalidArgument", ["reason"]),
        (("two\nlines", 5), "InvalidArgument", ["reason"]),
        (("\u202egnihton", 5), "InvalidArgument", ["reason"]),
    ]],
    *[(interface, "Resume", "()", (), "NotPaused", ["not paused"]) for interface in (HOST, VM)],
    (HOST, "Inhibit", "(ss)", ("", "why"), "InvalidArgument", ["who", "empty"]),
    (HOST, "Inhibit", "(ss)", (LONG, "why"), "InvalidArgument", ["who", "256"]),
    (HOST, "Inhibit", "(ss)", ("who", LONG), "InvalidArgument", ["why", "256"]),
    (HOST, "Inhibit", "(ss)", ("who\n", ""), "InvalidArgument", ["who"]),
    (HOST, "Reserve", "(tu)", (0, 5), "InvalidArgument", ["bytes", "0"]),
    (HOST, "Release", "(s)", ("r99",), "UnknownReservation", ["r99"]),
    (HOST, "Release", "(s)", ("",), "UnknownReservation", ["reservation"]),
    (VM, "SetThreshold", "(st)", ("HostReserve", 500 * MIB), "UnknownThreshold", ["HostReserve"]),
    (VM, "SetThreshold", "(st)", ("Weight", 0), "OutOfRange", ["Weight", "0", "1"]),
    (VM, "SetThreshold", "(st)", ("Weight", 10001), "OutOfRange", ["Weight", "10001", "10000"]),
    (VM, "SetThreshold", "(st)", ("Maximum", 31 * MIB), "OutOfRange", ["Maximum", "32M"]),
    (VM, "SetThreshold", "(st)", ("Minimum", MOST), "OutOfRange", ["Minimum", "64T"]),
    (VM, "SetThreshold", "(st)", ("Minimum", 1025 * MIB), "Conflict", ["Minimum", "1G"]),
]


@pytest.fixture(scope="module")
def lasting():
    """One service for all: a call that is refused leaves it as it was."""
    with own_bus() as address, running_service(address, {"web": 1024 * MIB}) as service:
        yield service


def refuse(service, interface, method, parameters):
    """Makes a call that has to be refused. Returns the error's name and its message."""
    path = ROOT if interface == HOST else service.path("web")
    with pytest.raises(GLib.Error) as refused:
        service.call(path, interface, method, parameters)
    name = Gio.DBusError.get_remote_error(refused.value)
    return name, refused.value.message.removeprefix(f"GDBus.Error:{name}: ")


def settings(service):
    """All that a call could have changed."""
    changing = ("HostAvailable", "HostUsedPercent", "HostPromised", "FreeForNewVM", "StatsTime")
    return [{name: value for name, value in properties.items() if name not in changing}
            for properties in (service.host(), service.vms()["web"])]


@pytest.mark.parametrize("interface, method, types, values, error, named", WRONG,
                         ids=[f"{case[0].rpartition('.')[2]}.{case[1]}-{number}" for number, case in enumerate(WRONG)])
def test_wrong_value_is_named(lasting, interface, method, types, values, error, named):
    before = settings(lasting)
    name, message = refuse(lasting, interface, method, GLib.Variant(types, values))
    assert name == ERROR + error
    for each in named:
        assert each in message
    assert settings(lasting) == before


@pytest.mark.parametrize("interface, method, types", METHODS)
def test_wrong_type_is_named(lasting, interface, method, types):
    """Every other number and type of arguments than those that it has."""
    before = settings(lasting)
    for wrong in ("()", "(s)", "(t)", "(st)", "(sti)", "(a{sv})", "(v)", "(ay)", "(ts)", "(u)", "(as)", "(b)", "(o)"):
        if wrong == f"({types})":
            continue
        name, message = refuse(lasting, interface, method, example(wrong))
        assert name == INVALID_ARGS
        assert f"({types})" in message
    assert settings(lasting) == before


def example(types):
    values = {"(s)": ("",), "(t)": (5,), "(st)": ("", 5), "(sti)": ("", 5, 5), "(a{sv})": ({},), "(ay)": ([],),
              "(v)": (GLib.Variant("u", 5),), "(ts)": (5, ""), "(u)": (5,), "(as)": ([],), "(b)": (True,), "(o)": ("/",)}
    return GLib.Variant(types, values.get(types, ()))


def test_name_that_comes_twice_is_named(lasting):
    twice = GLib.Variant.parse(None, "([{'Interval', uint64 5}, {'Interval', 6}],)", None, None)
    name, message = refuse(lasting, HOST, "SetThresholds", twice)
    assert name == f"{ERROR}InvalidArgument"
    assert "Interval" in message and "more than once" in message


@pytest.mark.parametrize("interface", [HOST, VM])
def test_method_that_there_is_not(lasting, interface):
    name, message = refuse(lasting, interface, "Nothing", None)
    assert name == "org.freedesktop.DBus.Error.UnknownMethod"
    assert "Nothing" in message


def test_vm_that_there_is_not(lasting):
    with pytest.raises(GLib.Error, match="_00000000_0000_4000_8000_00000000ffff"):
        lasting.call(f"{ROOT}/vm/_00000000_0000_4000_8000_00000000ffff", VM, "Resume")


def test_vm_that_cannot_be_written_to(service):
    service.tell("fail", 1)
    name, message = refuse(service, VM, "SetThreshold", GLib.Variant("(st)", ("Weight", 5)))
    assert name == f"{ERROR}Failed"
    assert message
    assert service.vms()["web"]["Weight"] == 100
    service.tell("disconnect")
    name, message = refuse(service, VM, "SetThreshold", GLib.Variant("(st)", ("Weight", 5)))
    assert name == f"{ERROR}NotConnected"
    assert "connected" in message
    name, message = refuse(service, HOST, "Reserve", GLib.Variant("(tu)", (MIB, 5)))
    assert name == f"{ERROR}NotConnected"
    assert "connected" in message


def test_vm_that_goes_while_it_is_written_to(service):
    """The answer waits for the hypervisor, which hangs; when the VM goes, there is one all the same."""
    path, answers = service.path("web"), []
    service.tell("hang", "web")
    service.connection.call(NAME, path, VM, "SetThreshold", GLib.Variant("(st)", ("Weight", 5)), None, 0, 5000, None,
                            lambda connection, result: answers.append(result))
    service.call(ROOT, HOST, "Plan")  # the one before is under way
    service.tell("remove", "web")
    service.wait_until(lambda: answers or "web" in service.vms())
    while not answers:
        GLib.MainContext.default().iteration(True)
    with pytest.raises(GLib.Error) as refused:
        service.connection.call_finish(answers[0])
    assert Gio.DBusError.get_remote_error(refused.value) == f"{ERROR}UnknownVM"
