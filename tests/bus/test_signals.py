# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the bus is told when something changes, and that it is told nothing when nothing does."""

import os
import random
import time

from gi.repository import GLib

from common import MIB
from common.bus import HOST, MANAGER, NAME, ROOT, VM, Client
from common.service import running_service


class Heard:
    """All signals of the service, in the order they came."""

    def __init__(self, service, bus):
        self.service = service
        self.signals = []
        self.client = Client(bus)
        self.client.subscribe(lambda *signal: self.signals.append(signal))
        self.settle()

    def settle(self):
        """All that was sent until now has come: the answer to a call comes behind it."""
        self.client.call(ROOT, "org.freedesktop.DBus.Peer", "Ping")
        context = GLib.MainContext.default()
        while context.iteration(False):
            pass

    def everything(self):
        self.settle()
        return self.signals

    def named(self, name):
        return [(path, arguments) for path, signal, arguments in self.everything() if signal == name]

    def changed(self, path):
        """The properties of an object that were told to have changed, merged."""
        merged = {}
        for where, (_, values, invalidated) in self.named("PropertiesChanged"):
            assert invalidated == []
            if where == path:
                merged |= values
        return merged

    def forget(self):
        self.settle()
        self.signals.clear()


def variant(kind, *values):
    return GLib.Variant(kind, values)


def test_properties_changed_only_for_what_changed(service, bus):
    heard = Heard(service, bus)
    service.call(ROOT, HOST, "SetThreshold", variant("(st)", "LowWatermark", 90 * MIB))
    assert heard.changed(ROOT) == {"LowWatermark": 90 * MIB, "Overridden": ["LowWatermark"]}
    for name in ("web", "db"):
        assert heard.changed(service.path(name)) == {"LowWatermark": 90 * MIB}
    heard.forget()
    service.call(ROOT, HOST, "SetThreshold", variant("(st)", "LowWatermark", 90 * MIB))
    service.tell("cycle")
    assert heard.everything() == []
    service.call(service.path("web"), VM, "SetThreshold", variant("(st)", "Weight", 7))
    assert heard.changed(service.path("web")) == {"Weight": 7, "Overridden": ["Weight"]}
    assert heard.changed(service.path("db")) == {}
    assert heard.changed(ROOT) == {}
    heard.forget()
    service.call(service.path("db"), VM, "Pause", variant("(su)", "backup", 0))
    changed = heard.changed(service.path("db"))
    service.wait_until(lambda: service.vms()["db"]["Status"] == "paused")
    changed = heard.changed(service.path("db"))
    assert set(changed) == {"Status", "StatusDetail", "StatusDetailCode", "StatusSince", "PauseReason"}
    assert (changed["Status"], changed["PauseReason"]) == ("paused", "backup")
    assert heard.changed(service.path("web")) == {}


def test_policy_changed_says_who(service, bus):
    heard = Heard(service, bus)
    me = f"{service.connection.get_unique_name()} uid {os.getuid()}"
    service.call(ROOT, HOST, "SetThresholds", variant("(a{st})", {"LowWatermark": 80 * MIB, "Interval": 3}))
    assert sorted(heard.named("PolicyChanged")) == [
        (ROOT, (ROOT, "Interval", 2, 3, me)),
        (ROOT, (ROOT, "LowWatermark", 100 * MIB, 80 * MIB, me)),
    ]
    heard.forget()
    web = service.path("web")
    service.call(web, VM, "SetThreshold", variant("(st)", "Maximum", 600 * MIB))
    assert heard.named("PolicyChanged") == [(ROOT, (web, "Maximum", 1024 * MIB, 600 * MIB, me))]
    assert service.vms()["web"]["Maximum"] == 600 * MIB
    heard.forget()
    service.call(ROOT, HOST, "SetDryRun", variant("(b)", True))
    service.call(ROOT, HOST, "Pause", variant("(su)", "", 2))
    service.wait_until(lambda: service.host()["State"] == "running")
    told = [(setting, old, new, origin) for _, (_, setting, old, new, origin) in heard.named("PolicyChanged")]
    assert told[0] == ("DryRun", False, True, me)
    assert told[1] == ("Paused", False, True, me)
    assert told[2][0] == "PausedUntil" and told[2][3] == me
    assert told[3] == ("Paused", True, False, "timer")
    assert told[4] == ("PausedUntil", told[2][2], 0, "timer")
    heard.forget()
    service.tell("metadata", "db", '<m:policy xmlns:m="https://example.org/memcoord/1" managed="no"/>')
    service.wait_until(lambda: service.vms()["db"]["Status"] == "opted-out")
    assert heard.named("PolicyChanged") == [(ROOT, (service.path("db"), "Managed", True, False, "metadata"))]


def test_what_is_set_of_a_vm_at_once_is_told_of_each(service, bus):
    heard = Heard(service, bus)
    me, web = f"{service.connection.get_unique_name()} uid {os.getuid()}", service.path("web")
    service.call(web, VM, "SetThresholds", variant("(a{st})", {"LowWatermark": 200 * MIB, "HighWatermark": 300 * MIB, "Managed": 0}))
    assert sorted(heard.named("PolicyChanged")) == [
        (ROOT, (web, "HighWatermark", 150 * MIB, 300 * MIB, me)),
        (ROOT, (web, "LowWatermark", 100 * MIB, 200 * MIB, me)),
        (ROOT, (web, "Managed", True, False, me)),
    ]
    service.wait_until(lambda: service.vms()["web"]["Status"] == "opted-out")
    heard.forget()
    service.call(web, VM, "SetManaged", variant("(b)", False))
    service.call(web, VM, "ResetThresholds", variant("(as)", []))
    assert {setting for _, (_, setting, *_) in heard.named("PolicyChanged")} == {"LowWatermark", "HighWatermark"}
    heard.forget()
    service.call(web, VM, "SetManaged", variant("(b)", True))
    assert heard.named("PolicyChanged") == [(ROOT, (web, "Managed", False, True, me))]
    service.wait_until(lambda: service.vms()["web"]["Status"] == "managed")
    heard.forget()
    service.call(web, VM, "ResetThresholds", variant("(as)", ["Managed"]))
    assert heard.named("PolicyChanged") == []


def test_inhibitor_cannot_pretend_to_be_somebody_else(service, bus):
    """What it calls itself is one thing, and who it is another."""
    heard = Heard(service, bus)
    me = f"{service.connection.get_unique_name()} uid {os.getuid()}"
    _, fds = service.connection.call_with_unix_fd_list_sync(
        NAME, ROOT, HOST, "Inhibit", variant("(ss)", "configuration", ""), None, 0, 5000, None, None)
    assert heard.named("PolicyChanged") == [(ROOT, (ROOT, "Inhibited", False, True, me))]
    heard.forget()
    os.close(fds.steal_fds()[0])
    service.wait_until(lambda: not service.host()["Inhibited"])
    assert heard.named("PolicyChanged") == [(ROOT, (ROOT, "Inhibited", True, False, me))]


def test_properties_are_new_before_policy_changed(service, bus):
    heard = Heard(service, bus)
    service.call(ROOT, HOST, "SetThreshold", variant("(st)", "StepLimit", 11))
    names = [name for path, name, _ in heard.everything() if path == ROOT]
    assert names == ["PropertiesChanged", "PolicyChanged"]


def test_setting_what_is_set_is_no_change(service, bus):
    heard = Heard(service, bus)
    service.call(ROOT, HOST, "SetThreshold", variant("(st)", "Interval", 2))
    service.call(ROOT, HOST, "ResetThresholds", variant("(as)", []))
    service.call(ROOT, HOST, "SetDryRun", variant("(b)", False))
    service.call(service.path("web"), VM, "ResetThresholds", variant("(as)", []))
    assert heard.named("PolicyChanged") == []


def test_objects_come_and_go_with_vms(service, bus):
    heard = Heard(service, bus)
    service.tell("add", "late", 512 * MIB)
    path = service.path("late")
    (where, (added, interfaces)), = heard.named("InterfacesAdded")
    assert (where, added, set(interfaces)) == (ROOT, path, {VM})
    assert (interfaces[VM]["Name"], interfaces[VM]["Balloon"]) == ("late", 256 * MIB)
    service.tell("remove", "late")
    assert heard.named("InterfacesRemoved") == [(ROOT, (path, [VM]))]
    assert path not in service.call(ROOT, MANAGER, "GetManagedObjects")[0]


def test_memory_moved_tells_each_target(service, bus):
    heard = Heard(service, bus)
    web = service.path("web")
    service.tell("need", "web")
    service.wait_until(lambda: heard.named("MemoryMoved"))
    _, (path, before, after, why) = heard.named("MemoryMoved")[0]
    assert (path, before) == (web, 512 * MIB)
    assert before < after <= before + 1024 * MIB // 5
    assert "20 MiB" in why
    decisions = service.call(web, VM, "ListDecisions")[0]
    moved = [arguments for _, arguments in heard.named("MemoryMoved")]
    assert [(web, *decision[1:]) for decision in decisions] == moved[:len(decisions)]
    for (_, _, end, _), (_, start, _, _) in zip(moved, moved[1:]):
        assert start == end


def test_a_guest_that_moves_little_makes_no_signals(service, bus):
    heard = Heard(service, bus)
    random.seed(1)
    for _ in range(10):
        service.tell("unused", "web", 125 * MIB + random.randrange(MIB // 2))
        service.tell("cycle")
    assert heard.everything() == []
    service.tell("unused", "web", 130 * MIB)
    service.tell("cycle")
    assert set(heard.changed(service.path("web"))) == {"Unused", "Usable"}


def test_a_host_that_moves_little_makes_no_signals(service, bus):
    """Each figure is told when it has moved by a thousandth of the host's memory."""
    heard = Heard(service, bus)
    for used in (1020, 1027, 1030, 1024):
        service.tell("host", used * MIB)
        service.tell("cycle")
    assert heard.everything() == []
    service.tell("host", 1034 * MIB)
    service.tell("cycle")
    assert set(heard.changed(ROOT)) == {"HostAvailable", "HostUsedPercent", "FreeForNewVM"}
    assert heard.changed(ROOT)["HostAvailable"] == (8192 - 1034 - 1024) * MIB


def test_at_rest_nothing_is_said(bus):
    with running_service(bus, {f"vm{number}": 64 * MIB for number in range(50)}) as service:
        service.tell("cycle")
        heard = Heard(service, bus)
        before = service.vms()["vm7"]["StatsTime"]
        time.sleep(4)  # twenty of the service's seconds, ten cycles
        assert heard.everything() == []
        assert service.vms()["vm7"]["StatsTime"] > before
