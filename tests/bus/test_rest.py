# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was set by the bus lasts as long as it should: over restarts, until a time, or while somebody is there."""

import os
import signal
import subprocess
import sys
import time

import pytest
from gi.repository import Gio, GLib

from common import MIB
from common.bus import HOST, NAME, ROOT, VM
from common.service import kill_service, start_service, stop_service

ERROR = "org.example.MemCoord1.Error."


@pytest.fixture
def begin(bus, tmp_path):
    """Starts the service on a configuration and a state of its own, as often as needed."""
    running = []
    (tmp_path / "memcoord.conf").write_text("[Thresholds]\nlow-watermark=80M\n")

    def start():
        service = start_service(bus, f"--config={tmp_path}/memcoord.conf", f"--state-dir={tmp_path}")
        service.tell("add", "web", 1024 * MIB)
        running.append(service)
        return service

    yield start
    for service in running:
        if service.process.poll() is None:
            stop_service(service)


def call(service, path, method, types="()", *values):
    return service.call(path, HOST if path == ROOT else VM, method, GLib.Variant(types, values))


@pytest.mark.parametrize("end", [stop_service, kill_service])
def test_settings_outlive_the_service(begin, end):
    service = begin()
    assert service.host()["LowWatermark"] == 80 * MIB
    call(service, ROOT, "SetThresholds", "(a{st})", {"LowWatermark": 90 * MIB, "StepLimit": 10})
    call(service, ROOT, "SetDryRun", "(b)", True)
    end(service)
    service = begin()
    host = service.host()
    assert (host["LowWatermark"], host["StepLimit"], host["DryRun"]) == (90 * MIB, 10, True)
    call(service, ROOT, "ResetThresholds", "(as)", ["LowWatermark"])
    host = service.host()
    assert (host["LowWatermark"], host["StepLimit"]) == (80 * MIB, 10)
    end(service)
    service = begin()
    host = service.host()
    assert (host["LowWatermark"], host["StepLimit"]) == (80 * MIB, 10)
    call(service, ROOT, "ResetThresholds", "(as)", [])
    end(service)
    assert begin().host()["StepLimit"] == 20


def test_reload_takes_the_configuration_whole_or_not_at_all(begin, tmp_path):
    service = begin()
    config = tmp_path / "memcoord.conf"
    call(service, ROOT, "SetThreshold", "(st)", "StepLimit", 10)
    config.write_text("[Thresholds]\nlow-watermark=95M\nstep-limit=30\n")
    call(service, ROOT, "Reload")
    host = service.host()
    assert (host["LowWatermark"], host["StepLimit"]) == (95 * MIB, 10)
    config.write_text("[Thresholds]\nlow-watermark=70M\nfrobnicate=yes\n")
    with pytest.raises(GLib.Error) as error:
        call(service, ROOT, "Reload")
    assert Gio.DBusError.get_remote_error(error.value) == f"{ERROR}Failed"
    for named in (str(config), ":3", "frobnicate"):
        assert named in error.value.message
    assert service.host()["LowWatermark"] == 95 * MIB
    assert service.host()["ReloadError"] == error.value.message.partition(": ")[2]
    call(service, ROOT, "ResetThresholds", "(as)", [])
    assert service.host()["StepLimit"] == 30
    config.write_text("[Thresholds]\nlow-watermark=70M\n")
    call(service, ROOT, "Reload")
    assert (service.host()["ReloadError"], service.host()["LowWatermark"]) == ("", 70 * MIB)


def test_dry_run_of_the_configuration_is_told_apart(begin, tmp_path):
    (tmp_path / "memcoord.conf").write_text("[Policy]\ndry-run=true\n")
    service = begin()
    assert (service.host()["DryRun"], service.host()["DryRunConfigured"]) == (True, True)
    call(service, ROOT, "SetDryRun", "(b)", False)
    assert (service.host()["DryRun"], service.host()["DryRunConfigured"]) == (False, True)
    (tmp_path / "memcoord.conf").write_text("")
    call(service, ROOT, "Reload")
    assert (service.host()["DryRun"], service.host()["DryRunConfigured"]) == (False, False)


def test_since_when_things_are_as_they_are(begin):
    service = begin()
    service.wait_until(lambda: service.vms()["web"]["Status"] == "managed")
    host, vm = service.host(), service.vms()["web"]
    assert host["StateSince"] > 1_600_000_000_000_000 and host["HostConditionSince"] > 1_600_000_000_000_000
    assert vm["StatusSince"] >= host["HostConditionSince"] and vm["ShortSince"] == 0
    call(service, ROOT, "Pause", "(su)", "backup", 0)
    service.wait_until(lambda: service.vms()["web"]["Status"] == "paused")
    assert service.host()["StateSince"] > host["StateSince"]
    assert service.host()["HostConditionSince"] == host["HostConditionSince"]
    assert service.vms()["web"]["StatusSince"] > vm["StatusSince"]


@pytest.mark.parametrize("whole", [True, False])
def test_pause_ends_by_itself(begin, whole):
    service = begin()
    path = ROOT if whole else service.path("web")
    before = time.time() * 1_000_000
    call(service, path, "Pause", "(su)", "backup", 5)
    of = service.host() if whole else service.vms()["web"]
    assert of["PauseReason"] == "backup"
    assert 4_000_000 < of["PausedUntil"] - before < 60_000_000
    service.wait_until(lambda: service.vms()["web"]["Status"] == "paused")
    service.wait_until(lambda: service.vms()["web"]["Status"] != "paused")
    of = service.host() if whole else service.vms()["web"]
    assert (of["PauseReason"], of["PausedUntil"]) == ("", 0)


@pytest.mark.parametrize("end", [stop_service, kill_service])
def test_pause_outlives_the_service(begin, end):
    service = begin()
    call(service, ROOT, "Pause", "(su)", "maintenance", 0)
    end(service)
    service = begin()
    service.wait_until(lambda: service.host()["State"] == "paused")
    assert service.host()["PauseReason"] == "maintenance"
    service.tell("need", "web")
    service.tell("cycle")
    assert service.vms()["web"]["Target"] == 512 * MIB
    call(service, ROOT, "Resume")
    service.wait_until(lambda: service.vms()["web"]["Target"] > 512 * MIB)


def test_later_pause_takes_the_place_of_the_first(begin):
    service = begin()
    call(service, ROOT, "Pause", "(su)", "short", 1)
    call(service, ROOT, "Pause", "(su)", "long", 0)
    ended, context = [], GLib.MainContext.default()
    GLib.timeout_add(600, lambda: ended.append(True))  # three of its seconds
    while not ended:
        context.iteration(True)
    assert (service.host()["PauseReason"], service.host()["PausedUntil"]) == ("long", 0)


def inhibit(service, who, why=""):
    """Returns the descriptor."""
    _, fds = service.connection.call_with_unix_fd_list_sync(
        NAME, ROOT, HOST, "Inhibit", GLib.Variant("(ss)", (who, why)), None, 0, 5000, None, None)
    return fds.steal_fds()[0]


def test_inhibitor_lasts_while_any_copy_is_open(begin):
    service = begin()
    first, second = inhibit(service, "one"), inhibit(service, "two", "because")
    copy = os.dup(first)
    assert [(who, why) for who, why, *_ in service.call(ROOT, HOST, "ListInhibitors")[0]] == [("one", ""), ("two", "because")]
    service.wait_until(lambda: service.host()["State"] == "paused" and service.host()["Inhibited"])
    service.tell("need", "web")
    service.tell("cycle")
    assert service.vms()["web"]["Target"] == 512 * MIB
    os.close(second)
    service.wait_until(lambda: len(service.call(ROOT, HOST, "ListInhibitors")[0]) == 1)
    os.close(first)
    service.tell("cycle")
    assert service.host()["Inhibited"]
    os.close(copy)
    service.wait_until(lambda: not service.host()["Inhibited"])
    service.wait_until(lambda: service.vms()["web"]["Target"] > 512 * MIB)


HOLDER = """
import os, signal
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
held = bus.call_with_unix_fd_list_sync("org.example.MemCoord", "/org/example/MemCoord", "org.example.MemCoord1", "Inhibit",
                                       GLib.Variant("(ss)", ("holder", "")), None, 0, 5000, None, None)
print("held", flush=True)
signal.pause()
"""


def test_inhibitor_ends_when_its_holder_is_killed(begin, environment):
    service = begin()
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], env=environment, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    (who, _, uid, pid, _), = service.call(ROOT, HOST, "ListInhibitors")[0]
    assert (who, uid, pid) == ("holder", os.getuid(), holder.pid)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    service.wait_until(lambda: not service.host()["Inhibited"])
    assert service.call(ROOT, HOST, "ListInhibitors")[0] == []


def test_resume_does_not_end_inhibitors(begin):
    service = begin()
    descriptor = inhibit(service, "one")
    with pytest.raises(GLib.Error, match="NotPaused"):
        call(service, ROOT, "Resume")
    call(service, ROOT, "Pause", "(su)", "", 0)
    call(service, ROOT, "Resume")
    assert service.host()["State"] == "paused"
    os.close(descriptor)
    service.wait_until(lambda: service.host()["State"] == "running")


def test_dry_run_moves_nothing_and_tells(begin):
    service = begin()
    call(service, ROOT, "SetDryRun", "(b)", True)
    service.tell("need", "web")
    service.tell("cycle")
    service.wait_until(lambda: service.call(service.path("web"), VM, "ListDecisions")[0])
    vm = service.vms()["web"]
    assert (vm["Target"], vm["Balloon"]) == (512 * MIB, 512 * MIB)
    assert vm["LastReason"].startswith("dry run: ")
    assert len(service.call(service.path("web"), VM, "ListDecisions")[0]) == 1


def test_what_a_vm_was_told_lives_with_it(begin):
    service = begin()
    path = service.path("web")
    call(service, path, "SetThreshold", "(st)", "Minimum", 300 * MIB)
    service.tell("metadata", "web", '<p:policy xmlns:p="https://example.org/memcoord/1"><p:minimum>200M</p:minimum></p:policy>')
    service.wait_until(lambda: service.vms()["web"]["Minimum"] == 200 * MIB)
    service.tell("metadata", "web", '<p:policy xmlns:p="https://example.org/memcoord/1"><p:minimum>lots</p:minimum></p:policy>')
    service.wait_until(lambda: "lots" in service.vms()["web"]["StatusDetail"])
    assert service.vms()["web"]["Minimum"] == 200 * MIB
    call(service, path, "ResetThresholds", "(as)", [])
    service.wait_until(lambda: service.vms()["web"]["Minimum"] == 64 * MIB)
    assert "lots" not in service.vms()["web"]["StatusDetail"]
