# SPDX-License-Identifier: LGPL-2.1-or-later
"""The VMs' objects as clients of every kind read them: calls, introspection, what a proxy keeps, and what is on the wire."""

import json
import os
import select
import signal
import subprocess
import xml.etree.ElementTree as tree

import pytest
from gi.repository import Gio, GLib

from common import MIB, wait_until
from common.bus import HOST, MANAGER, NAME, PROPERTIES, ROOT, VM, Client, own_daemon, run_main_context
from common.service import running_service
from test_signals import Heard, variant

INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
PEER = "org.freedesktop.DBus.Peer"
GONE = f"{ROOT}/vm/_00000000_0000_4000_8000_00000000dead"
LONG = "n" * 4 * MIB
POLICY = '<policy xmlns="https://example.org/memcoord/1"><weight>{}</weight></policy>'


def introspect(service, path):
    node = tree.fromstring(service.call(path, INTROSPECTABLE, "Introspect")[0])
    return {each.get("name") for each in node.iter("interface")}, {each.get("name") for each in node.findall("node")}


def refusal(service, path, interface, method, parameters=None):
    """The name of the error and its words."""
    with pytest.raises(GLib.Error) as refused:
        service.call(path, interface, method, parameters)
    name = Gio.DBusError.get_remote_error(refused.value)
    return name.removeprefix("org.freedesktop.DBus.Error."), refused.value.message


# Calls


def test_introspection_of_each_path(service):
    standard = {PROPERTIES, INTROSPECTABLE, PEER}
    nodes = {service.path(name).rpartition("/")[2] for name in ("web", "db")}
    assert introspect(service, "/") == (set(), {"org"})
    assert introspect(service, ROOT) == (standard | {HOST, MANAGER}, {"vm"})
    assert introspect(service, f"{ROOT}/vm") == (set(), nodes)
    assert introspect(service, service.path("web")) == (standard | {VM}, set())
    assert introspect(service, GONE) == (set(), set())


def test_object_manager_is_introspected_as_the_specification_has_it(service):
    node = tree.fromstring(service.call(ROOT, INTROSPECTABLE, "Introspect")[0])
    manager = next(each for each in node.iter("interface") if each.get("name") == MANAGER)
    assert {(member.tag, member.get("name"), tuple(argument.get("type") for argument in member)) for member in manager} == {
        ("method", "GetManagedObjects", ("a{oa{sa{sv}}}",)),
        ("signal", "InterfacesAdded", ("o", "a{sa{sv}}")),
        ("signal", "InterfacesRemoved", ("o", "as")),
    }


def test_errors_are_those_of_every_object(service):
    web = service.path("web")
    assert refusal(service, GONE, VM, "ListDecisions") == (
        "UnknownMethod", f"GDBus.Error:org.freedesktop.DBus.Error.UnknownMethod: Object does not exist at path “{GONE}”")
    for call, error, words in (
            ((VM, "Nothing"), "UnknownMethod", "No such method “Nothing”"),
            (("no.such", "Nothing"), "UnknownMethod", "No such interface “no.such”"),
            ((VM, "ListDecisions", variant("(s)", "x")), "InvalidArgs", "“(s)”, does not match expected type “()”"),
            ((VM, "SetThreshold", variant("(ss)", "x", "y")), "InvalidArgs", "does not match expected type “(st)”"),
            ((PROPERTIES, "GetAll", variant("(s)", "no.such")), "InvalidArgs", "No such interface “no.such”"),
            ((PROPERTIES, "Get", variant("(ss)", "no.such", "Name")), "InvalidArgs", "No such interface “no.such”"),
            ((PROPERTIES, "Get", variant("(ss)", VM, "Nothing")), "InvalidArgs", "No such property “Nothing”"),
            ((PROPERTIES, "Set", variant("(ssv)", VM, "Name", GLib.Variant("s", "x"))), "InvalidArgs", "“Name” is not writable"),
            ((PROPERTIES, "Nothing"), "UnknownMethod", f"No such interface “{PROPERTIES}”"),
            ((MANAGER, "GetManagedObjects"), "UnknownMethod", f"No such interface “{MANAGER}”")):
        name, message = refusal(service, web, *call)
        assert (name, words in message) == (error, True), message
    assert refusal(service, ROOT, MANAGER, "GetManagedObjects", variant("(s)", "x"))[0] == "InvalidArgs"
    assert service.call(web, PEER, "Ping") == ()
    assert service.call(GONE, PEER, "Ping") == ()


def test_every_way_to_read_says_the_same(service):
    web = service.path("web")
    managed = service.call(ROOT, MANAGER, "GetManagedObjects")[0][web][VM]
    together = service.call(web, PROPERTIES, "GetAll", variant("(s)", VM))[0]
    alone = {name: service.call(web, PROPERTIES, "Get", variant("(ss)", VM, name))[0] for name in managed}
    for values in (managed, together, alone):
        del values["StatsTime"]
    assert managed == together == alone


def call_message(service, path, interface, method, body=None, order=None, fds=None):
    message = Gio.DBusMessage.new_method_call(NAME, path, interface, method)
    if body is not None:
        message.set_body(body)
    if order is not None:
        message.set_byte_order(order)
    if fds is not None:
        message.set_unix_fd_list(fds)
    reply, _ = service.connection.send_message_with_reply_sync(message, 0, 5000)
    return reply


@pytest.mark.parametrize("order", [Gio.DBusMessageByteOrder.BIG_ENDIAN, Gio.DBusMessageByteOrder.LITTLE_ENDIAN])
def test_callers_of_both_byte_orders(service, order):
    objects = call_message(service, ROOT, MANAGER, "GetManagedObjects", order=order).get_body().unpack()[0]
    assert {faces[VM]["Name"] for faces in objects.values()} == {"web", "db"}
    web = service.path("web")
    assert call_message(service, web, PROPERTIES, "Get", variant("(ss)", VM, "Name"), order).get_body().unpack() == ("web",)
    set_weight = call_message(service, web, VM, "SetThreshold", variant("(st)", "Weight", 7), order)
    assert set_weight.get_message_type() == Gio.DBusMessageType.METHOD_RETURN
    assert service.vms()["web"]["Weight"] == 7


def test_calls_that_carry_descriptors_are_answered(service):
    """Nobody takes them, but the calls are calls."""
    before = len(os.listdir(f"/proc/{service.process.pid}/fd"))
    for _ in range(20):
        with open("/dev/null", encoding="ascii") as null:
            fds = Gio.UnixFDList.new()
            fds.append(null.fileno())
        for path, interface, method in ((ROOT, MANAGER, "GetManagedObjects"), (service.path("web"), VM, "ListDecisions")):
            reply = call_message(service, path, interface, method, fds=fds)
            assert reply.get_message_type() == Gio.DBusMessageType.METHOD_RETURN
    assert len(os.listdir(f"/proc/{service.process.pid}/fd")) == before
    assert len(service.vms()) == 2


def test_descriptor_of_an_inhibitor_comes_amid_all_that_changes(service):
    for number in range(10):
        service.tell("unused", "web", (200 + 2 * number) * MIB)
        service.tell("cycle")
        _, fds = service.connection.call_with_unix_fd_list_sync(
            NAME, ROOT, HOST, "Inhibit", variant("(ss)", "test", ""), None, 0, 5000, None, None)
        assert fds.get_length() == 1
        os.close(fds.steal_fds()[0])
    service.wait_until(lambda: not service.host()["Inhibited"])


# What comes and changes


def test_a_change_is_told_before_the_call_that_made_it_is_answered(service, bus):
    """On one connection, so that the order is that of the service."""
    client, order = Client(bus), []

    def note(_, message, incoming):
        if incoming and message.get_message_type() == Gio.DBusMessageType.METHOD_RETURN:
            order.append("answer")
        elif incoming and message.get_member() == "PropertiesChanged" and message.get_path() == web:
            order.append(sorted(message.get_body().unpack()[1]))
        return message

    web = service.path("web")
    client.subscribe(lambda *_: None)
    client.call(ROOT, PEER, "Ping")
    client.connection.add_filter(note)
    client.call(web, VM, "SetThreshold", variant("(st)", "Weight", 9))
    assert client.objects()[web][VM]["Weight"] == 9
    client.call(web, VM, "Pause", variant("(su)", "why", 0))
    assert order[:3] == [["Overridden", "Weight"], "answer", "answer"]
    assert "PauseReason" in order[3] and order[4] == "answer"


def test_proxy_keeps_what_is_signalled(service, bus):
    connection = Client(bus).connection
    proxy = Gio.DBusProxy.new_sync(connection, 0, None, NAME, service.path("web"), VM, None)
    assert proxy.get_cached_property("Name").unpack() == "web"
    assert set(proxy.get_cached_property_names()) == set(service.vms()["web"])
    proxy.call_sync("SetThreshold", variant("(st)", "Weight", 11), 0, 5000, None)
    wait_until(lambda: proxy.get_cached_property("Weight").unpack() == 11, 10, "the weight", run_main_context)
    assert proxy.get_cached_property("Overridden").unpack() == ["Weight"]
    service.tell("unused", "web", 200 * MIB)
    service.tell("cycle")
    wait_until(lambda: proxy.get_cached_property("Unused").unpack() == 200 * MIB, 10, "the figure", run_main_context)


def test_object_manager_client_follows(service, bus):
    connection = Client(bus).connection
    manager = Gio.DBusObjectManagerClient.new_sync(connection, 0, NAME, ROOT, None, None, None)

    def known():
        return {each.get_interface(VM).get_cached_property("Name").unpack() for each in manager.get_objects()}

    assert known() == {"web", "db"}
    service.tell("add", "spät", 512 * MIB)
    wait_until(lambda: known() == {"web", "db", "spät"}, 10, "the VM", run_main_context)
    service.tell("rename", "spät", "later")
    service.tell("cycle")
    wait_until(lambda: known() == {"web", "db", "later"}, 10, "its name", run_main_context)
    service.tell("remove", "later")
    wait_until(lambda: known() == {"web", "db"}, 10, "its end", run_main_context)


def heard_by(environment, command, mark, action):
    """The line with @mark in it that a tool prints at last."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tool:
        printed, marked = b"", []
        while not marked:
            action()
            if select.select([tool.stdout], [], [], 0.1)[0]:
                printed += os.read(tool.stdout.fileno(), 1 << 16)
            marked = [line for line in printed.decode().split("\n")[:-1] if mark in line]
        tool.terminate()
    return marked[0]


def test_signals_as_gdbus_and_busctl_print_them(service, environment):
    web, unused = service.path("web"), iter(range(200, 10_000, 2))

    def change():
        service.tell("unused", "web", next(unused) * MIB)
        service.tell("cycle")

    gdbus = heard_by(environment, ["gdbus", "monitor", "--session", "--dest", NAME, "--object-path", web], "PropertiesChanged", change)
    assert gdbus.startswith(f"{web}: {PROPERTIES}.PropertiesChanged ('{VM}', {{'")
    assert "'Unused': <uint64 " in gdbus and gdbus.endswith("}, @as [])")
    busctl = heard_by(environment, ["busctl", "--user", "--json=short", "monitor", f"--match=type='signal',path='{web}'"],
                      "PropertiesChanged", change)
    message = json.loads(busctl)
    assert (message["type"], message["path"], message["interface"]) == ("signal", web, PROPERTIES)
    assert message["payload"]["type"] == "sa{sv}as"
    interface, values, invalidated = message["payload"]["data"]
    assert (interface, invalidated, values["Unused"]["type"]) == (VM, [], "t")


def test_figure_that_changes_back_before_it_is_published_says_nothing(service, bus):
    heard = Heard(service, bus)
    before = service.vms()["web"]["Unused"]
    service.tell("unused", "web", 300 * MIB)
    service.tell("unused", "web", before)
    service.tell("cycle")
    assert heard.changed(service.path("web")) == {}


def test_vm_that_has_gone_is_gone_for_every_call(service, bus):
    heard = Heard(service, bus)
    web = service.path("web")
    service.tell("remove", "web")
    assert heard.named("InterfacesRemoved") == [(ROOT, (web, [VM]))]
    assert "Object does not exist" in refusal(service, web, PROPERTIES, "GetAll", variant("(s)", VM))[1]
    assert "Object does not exist" in refusal(service, web, VM, "Pause", variant("(su)", "", 0))[1]
    assert introspect(service, web) == (set(), set())
    assert list(service.vms()) == ["db"]


# Much of it


def remove_long(service, number):
    """The service on the steered hypervisor prints each name at its end."""
    for each in range(number):
        service.tell("remove", f"{each}{LONG}")


def test_answer_that_no_bus_takes_is_refused(bus):
    """A system bus takes 32 MiB, and ends the connection of whoever sends more."""
    with running_service(bus, {}) as service:
        for number in range(7):
            service.tell("add", f"{number}{LONG}", 512 * MIB)
        assert len(service.objects()) == 7
        service.tell("add", f"7{LONG}", 512 * MIB)
        name, message = refusal(service, ROOT, MANAGER, "GetManagedObjects")
        assert (name, "32 MiB" in message) == ("LimitsExceeded", True)
        plan = service.call(ROOT, HOST, "Plan")[0]
        assert service.call(plan[0][0], PROPERTIES, "Get", variant("(ss)", VM, "Name"))[0].endswith("nnn")
        remove_long(service, 8)


def test_changes_wait_for_a_bus_that_does_not_read():
    """They are not kept for it one by one: it is told what is then, when it reads again."""
    with own_daemon() as (daemon, bus), running_service(bus, {"web": 1024 * MIB}) as service:
        heard = Heard(service, bus)
        web = service.path("web")
        daemon.send_signal(signal.SIGSTOP)
        for number in range(5):
            service.tell("add", f"{number}{LONG}", 512 * MIB)
        for number in range(15):
            service.tell("unused", "web", (200 + 2 * number) * MIB)
            service.tell("metadata", "web", POLICY.format(number + 1))
            service.tell("cycle")
        daemon.send_signal(signal.SIGCONT)
        assert (service.vms()["web"]["Unused"], service.vms()["web"]["Weight"]) == (228 * MIB, 15)
        service.tell("cycle")
        changed = heard.changed(web)
        assert (changed["Unused"], changed["Weight"]) == (228 * MIB, 15)
        assert len([where for where, _ in heard.named("PropertiesChanged") if where == web]) < 5
        assert len(heard.named("InterfacesAdded")) == 5
        remove_long(service, 5)
