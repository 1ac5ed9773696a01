# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every member of both interfaces is there, as the installed description says, for every kind of client."""

import json
import subprocess
import xml.etree.ElementTree as tree

import pytest
from gi.repository import GLib

from common import MIB, SOURCE
from common.bus import HOST, MANAGER, NAME, PROPERTIES, ROOT, VM
from common.service import start_service, stop_service

DESCRIBED = {interface.get("name"): interface
             for path in (SOURCE / "introspection").glob("*.xml")
             for interface in tree.parse(path).getroot().iter("interface")}


def signature(interface):
    """What a client is promised: members, arguments, types and access."""
    members = set()
    for member in interface:
        if member.tag == "property":
            members.add(("property", member.get("name"), member.get("type"), member.get("access")))
        elif member.tag in ("method", "signal"):
            arguments = tuple((argument.get("name"), argument.get("type"), argument.get("direction", "out"))
                              for argument in member.iter("arg"))
            members.add((member.tag, member.get("name"), arguments))
    return members


def properties_of(name):
    return {member.get("name"): member.get("type") for member in DESCRIBED[name].iter("property")}


def tool(environment, *command):
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=20).stdout


@pytest.mark.parametrize("interface", [HOST, VM])
def test_it_is_what_its_description_says(service, interface):
    path = ROOT if interface == HOST else service.path("web")
    told = tree.fromstring(service.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")[0])
    found = {each.get("name"): each for each in told.iter("interface")}
    assert signature(found[interface]) == signature(DESCRIBED[interface])
    assert len(signature(found[interface])) > 20


@pytest.mark.parametrize("interface", [HOST, VM])
def test_all_properties_have_their_type_and_can_only_be_read(service, interface):
    path = ROOT if interface == HOST else service.path("web")
    values = service.connection.call_sync(NAME, path, PROPERTIES, "GetAll", GLib.Variant("(s)", (interface,)),
                                          None, 0, 5000).get_child_value(0)
    found = {}
    for index in range(values.n_children()):
        entry = values.get_child_value(index)
        found[entry.get_child_value(0).get_string()] = entry.get_child_value(1).get_variant()
    assert {name: value.get_type_string() for name, value in found.items()} == properties_of(interface)
    for name, value in found.items():
        assert service.call(path, PROPERTIES, "Get", GLib.Variant("(ss)", (interface, name))) == (value.unpack(),) \
            or name in ("HostAvailable", "HostUsedPercent", "StatsTime")
        with pytest.raises(GLib.Error, match=f"{name}.*not writable") as refused:
            service.call(path, PROPERTIES, "Set", GLib.Variant("(ssv)", (interface, name, value)))
        assert "org.freedesktop.DBus.Error.InvalidArgs" in refused.value.message


def test_host_tells_what_is(service):
    host = service.host()
    assert host["Version"].count(".") == 2
    assert (host["State"], host["DryRun"], host["HostCondition"]) == ("running", False, "comfortable")
    assert (host["HypervisorUri"], host["HypervisorConnected"]) == ("fake:///", True)
    assert host["HostTotal"] == 8 << 30
    assert host["HostAvailable"] == (8 << 30) - (1 << 30) - 2 * 512 * MIB
    assert host["HostUsedPercent"] == pytest.approx(25)
    assert (host["LowWatermark"], host["HighWatermark"], host["HostReserve"]) == (100 * MIB, 150 * MIB, 200 * MIB)
    assert (host["HostUsageLimit"], host["StepLimit"], host["Interval"]) == (75, 20, 2)
    assert (host["PauseReason"], host["PausedUntil"], host["Inhibited"], host["Reserved"]) == ("", 0, False, 0)
    assert (host["Overridden"], host["DryRunConfigured"], host["ReloadError"]) == ([], False, "")
    assert 0 < host["FreeForNewVM"] <= host["HostAvailable"] - host["HostReserve"]


def test_vm_tells_what_is(service):
    vm = service.vms()["web"]
    assert (vm["Name"], vm["UUID"], vm["Id"], vm["Persistent"]) == ("web", "00000000-0000-4000-8000-000000000001", 1, True)
    assert service.path("web") == f"{ROOT}/vm/_00000000_0000_4000_8000_000000000001"
    assert (vm["Status"], vm["StatusDetail"], vm["StatusDetailCode"]) == ("managed", "Its memory follows its need.", "follows-need")
    assert (vm["Maximum"], vm["Balloon"], vm["Target"], vm["Resident"]) == (1024 * MIB, 512 * MIB, 512 * MIB, 512 * MIB)
    assert (vm["Unused"], vm["Usable"], vm["Available"]) == (125 * MIB, 125 * MIB, 472 * MIB)
    assert (vm["SwapInRate"], vm["SwapOutRate"]) == (0, 0)
    assert 0 < vm["Minimum"] < vm["Balloon"]
    assert (vm["LowWatermark"], vm["HighWatermark"], vm["Weight"]) == (100 * MIB, 150 * MIB, 100)
    assert (vm["PauseReason"], vm["PausedUntil"], vm["LastReason"], vm["LastReasonCode"], vm["LastChange"]) == ("", 0, "", "", 0)
    assert vm["StatsTime"] > 1_600_000_000_000_000


def test_what_a_guest_does_not_report_is_nothing_and_a_status_says_so(bus):
    service = start_service(bus, speed=50)  # a guest is given a minute to boot
    service.tell("add", "mute", 512 * MIB)
    service.tell("mute", "mute")
    service.wait_until(lambda: service.vms()["mute"]["Status"] == "no-stats", 30)
    vm = service.vms()["mute"]
    assert (vm["Unused"], vm["Usable"], vm["Available"], vm["StatsTime"]) == (0, 0, 0, 0)
    assert "driver" in vm["StatusDetail"] and vm["StatusDetailCode"] == "no-driver"
    stop_service(service)


def test_busctl(service, environment):
    host = service.host()
    for name, value in host.items():
        if name in ("HostAvailable", "HostUsedPercent", "FreeForNewVM"):
            continue
        told = json.loads(tool(environment, "busctl", "--user", "--json=short", "get-property", NAME, ROOT, HOST, name))
        assert told == {"type": properties_of(HOST)[name], "data": value}
    tree_told = tool(environment, "busctl", "--user", "--list", "tree", NAME)
    assert {ROOT, service.path("web"), service.path("db")} <= set(tree_told.split())
    tool(environment, "busctl", "--user", "call", NAME, ROOT, HOST, "SetThreshold", "st", "LowWatermark", str(110 * MIB))
    assert service.host()["LowWatermark"] == 110 * MIB
    introspected = tool(environment, "busctl", "--user", "introspect", NAME, service.path("db"), VM)
    for member in DESCRIBED[VM]:
        if member.get("name"):
            assert f".{member.get('name')} " in introspected


def test_gdbus(service, environment):
    for path, interface in ((ROOT, HOST), (service.path("web"), VM)):
        told = tool(environment, "gdbus", "introspect", "--session", "--dest", NAME, "--object-path", path)
        for member in DESCRIBED[interface]:
            if member.get("name"):
                assert member.get("name") in told
    told = tool(environment, "gdbus", "call", "--session", "--dest", NAME, "--object-path", ROOT,
                "--method", f"{HOST}.SetThresholds", "{'LowWatermark': 83886080, 'Interval': 3}")
    assert told == "()\n"
    assert (service.host()["LowWatermark"], service.host()["Interval"]) == (80 * MIB, 3)


def test_methods_that_ask(service):
    plan = service.call(ROOT, HOST, "Plan")[0]
    assert sorted(path for path, *_ in plan) == sorted(service.path(name) for name in ("web", "db"))
    for _, before, after, status, why in plan:
        assert (before, after, status) == (512 * MIB, 512 * MIB, "managed")
        assert why
    assert service.call(ROOT, HOST, "ListInhibitors") == ([],)
    assert service.call(service.path("web"), VM, "ListDecisions") == ([],)
    assert service.call(service.path("web"), VM, "GetDecisions") == ([],)


def test_decisions_have_the_code_of_their_reason(service):
    """Those of a dry run, too, which their sentences alone tell apart."""
    web = service.path("web")
    service.call(ROOT, HOST, "SetDryRun", GLib.Variant("(b)", (True,)))
    service.tell("need", "web")
    service.tell("cycle")
    service.wait_until(lambda: service.call(web, VM, "GetDecisions")[0])
    (*_, code, sentence), = service.call(web, VM, "GetDecisions")[0]
    assert sentence.startswith("dry run: ") and code == service.vms()["web"]["LastReasonCode"] != ""
    service.call(ROOT, HOST, "SetDryRun", GLib.Variant("(b)", (False,)))
    service.wait_until(lambda: len(service.call(web, VM, "GetDecisions")[0]) > 1)
    decisions = service.call(web, VM, "GetDecisions")[0]
    assert {code for *_, code, _ in decisions} <= {"needs", "swapping", "grows"}
    assert [(when, before, after, why) for when, before, after, _, why in decisions] \
        == service.call(web, VM, "ListDecisions")[0][:len(decisions)]


def test_plan_tells_what_is_then_done(service):
    service.call(ROOT, HOST, "SetDryRun", GLib.Variant("(b)", (True,)))
    service.tell("need", "web")
    service.tell("cycle")
    planned = {path: (before, after, why) for path, before, after, _, why in service.call(ROOT, HOST, "Plan")[0]}
    before, after, why = planned[service.path("web")]
    assert after > before
    assert "20 MiB" in why
    told = service.call(service.path("web"), VM, "ListDecisions")[0][-1]
    # What is free is looked at anew in each cycle, and may be known better.
    assert told[1:3] == (before, after)
    assert told[3].rpartition(" of ")[0] == f"dry run: {why}".rpartition(" of ")[0]
    assert service.vms()["web"]["Target"] == before
    service.call(ROOT, HOST, "SetDryRun", GLib.Variant("(b)", (False,)))
    service.wait_until(lambda: service.vms()["web"]["Target"] >= after)
    assert service.call(service.path("web"), VM, "ListDecisions")[0][-1][1] == before


def test_forecast_of_vms_at_rest(service):
    vms, sums = service.call(ROOT, HOST, "Forecast")
    assert sorted(vms) == sorted((service.path(name), 512 * MIB, 512 * MIB, "managed", "enough") for name in ("web", "db"))
    assert sums == {"Taken": 0, "TakenFrom": 0, "Given": 0, "GivenTo": 0, "Short": 0, "Seconds": 0, "AtRest": True,
                    "HostAvailable": service.host()["HostAvailable"]}


def test_forecast_changes_nothing_and_is_what_is_then_done(service):
    service.call(ROOT, HOST, "SetDryRun", GLib.Variant("(b)", (True,)))
    service.tell("need", "web")
    service.tell("cycle")
    before = service.vms()["web"]
    vms, sums = service.call(ROOT, HOST, "Forecast")
    ends = {path: (start, end) for path, start, end, _, _ in vms}
    start, end = ends[service.path("web")]
    assert (start, ends[service.path("db")]) == (512 * MIB, (512 * MIB, 512 * MIB))
    assert start < end <= before["Maximum"]
    assert (sums["Given"], sums["GivenTo"], sums["TakenFrom"]) == (end - start, 1, 0)
    assert service.vms()["web"]["Target"] == before["Target"] == 512 * MIB
    service.call(ROOT, HOST, "SetDryRun", GLib.Variant("(b)", (False,)))
    # A balloon that was granted memory may be granted a little more: what is worth a move is a hundredth of it.
    service.wait_until(lambda: abs(service.vms()["web"]["Balloon"] - end) <= 1024 * MIB // 10, 30)


def test_forecasts_for_many_at_once_are_the_same(service):
    """One forecast is for all who have asked by then; each gets an answer."""
    answers = []
    for _ in range(4):
        service.connection.call(NAME, ROOT, HOST, "Forecast", None, None, 0, 60_000, None,
                                lambda connection, result: answers.append(connection.call_finish(result).unpack()))
    service.wait_until(lambda: len(answers) == 4)
    assert all(len(vms) == 2 and sums["AtRest"] for vms, sums in answers)


def test_object_manager_lists_every_vm_with_all_it_has(service):
    objects = service.call(ROOT, MANAGER, "GetManagedObjects")[0]
    assert set(objects) == {service.path("web"), service.path("db")}
    for interfaces in objects.values():
        assert set(interfaces) == {VM}
        assert set(interfaces[VM]) == set(properties_of(VM))
