# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was taken from VMs is given back: by GiveBack(), to one that is not managed any more, and at a stop for good."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gi.repository import Gio, GLib

from common import MIB
from common.bus import HOST, NAME, ROOT, VM
from common.service import start_service, stop_service
from test_signals import Heard

ERROR = "org.example.MemCoord1.Error."
MANAGER = Path(__file__).resolve().parents[1] / "common/service_manager.py"


def give_back(service, *paths):
    return service.call(ROOT, HOST, "GiveBack", GLib.Variant("(ao)", (paths,)))[0]


def refused(service, *paths):
    with pytest.raises(GLib.Error) as error:
        give_back(service, *paths)
    return Gio.DBusError.get_remote_error(error.value).removeprefix(ERROR), error.value.message


def call(service, path, method, types="()", *values):
    return service.call(path, HOST if path == ROOT else VM, method, GLib.Variant(types, values))


def squeeze(bus, *names, **options):
    """The service with VMs that memory was taken from, when the host was short; it has room by now."""
    service = start_service(bus, speed=50, **options)
    for name in names:
        service.tell("add", name, 1024 * MIB)
    service.wait_until(lambda: {vm["Status"] for vm in service.vms().values()} == {"managed"})
    for name in names:
        service.tell("unused", name, 350 * MIB)
    service.tell("host", (8192 - 512 * len(names) - 150) * MIB)
    service.wait_until(lambda: all(vm["Target"] < 500 * MIB for vm in service.vms().values()))
    service.tell("host", 2048 * MIB)
    service.tell("cycle")
    return service


@pytest.fixture
def squeezed(bus):
    service = squeeze(bus, "web", "db")
    yield service
    stop_service(service)


def missing(service, *names):
    return sum(vm["Maximum"] - vm["Target"] for name, vm in service.vms().items() if not names or name in names)


def test_all_of_it(squeezed, bus):
    expected = missing(squeezed)
    heard = Heard(squeezed, bus)
    assert give_back(squeezed) == pytest.approx(expected, abs=64 * MIB)  # the last cycle may have moved them once more
    for vm in squeezed.vms().values():
        assert vm["Target"] == 1024 * MIB
        assert "what was taken from it is given back" in vm["LastReason"]
        assert vm["LastReasonCode"] == "given-back"
    moves = [arguments for _, arguments in heard.named("MemoryMoved") if arguments[2] == 1024 * MIB]
    assert {path for path, *_ in moves} == {squeezed.path("web"), squeezed.path("db")}
    for path, *_ in moves:  # the VM has its new target before it is told to have moved
        order = [(name, where if name == "PropertiesChanged" else arguments[0]) for where, name, arguments in heard.everything()
                 if (name, where) == ("PropertiesChanged", path) and arguments[1].get("Target") == 1024 * MIB
                 or name == "MemoryMoved" and arguments[0] == path and arguments[2] == 1024 * MIB]
        assert order == [("PropertiesChanged", path), ("MemoryMoved", path)]
    assert give_back(squeezed) == 0


def test_one_that_is_named(squeezed):
    assert give_back(squeezed, squeezed.path("web")) > 0
    vms = squeezed.vms()
    assert vms["web"]["Target"] == 1024 * MIB
    assert vms["db"]["Target"] < 1024 * MIB


def test_what_was_never_taken_stays_as_it_is(service):
    """They were started with half of their maximum, and nothing was moved yet."""
    assert give_back(service) == 0
    assert {vm["Target"] for vm in service.vms().values()} == {512 * MIB}
    assert give_back(service, service.path("web")) == 512 * MIB


def test_wrong_vms_are_refused_and_nothing_is_given(service):
    web = service.path("web")
    assert refused(service, web, web)[0] == "InvalidArgument"
    name, message = refused(service, web, f"{ROOT}/vm/_none")
    assert name == "UnknownVM" and "_none" in message
    assert refused(service, ROOT)[0] == "UnknownVM"
    call(service, service.path("db"), "Pause", "(su)", "backup", 0)
    name, message = refused(service, web, service.path("db"))
    assert name == "Failed" and "db" in message and "backup" in message
    assert {vm["Target"] for vm in service.vms().values()} == {512 * MIB}


def test_refusal_says_who_inhibits_and_why(service):
    fds = service.connection.call_with_unix_fd_list_sync(
        NAME, ROOT, HOST, "Inhibit", GLib.Variant("(ss)", ("rsync", "nightly backup")), None, 0, 5000, None, None)[1]
    service.wait_until(lambda: service.host()["Inhibited"])
    error, message = refused(service)
    assert error == "Failed" and "paused" not in message
    assert f"inhibited by rsync (uid {os.getuid()}, pid {os.getpid()}): nightly backup; it resumes when that ends" in message
    for path, name in ((ROOT, "Balancing"), (service.path("web"), "web")):
        with pytest.raises(GLib.Error, match=f"{name} is not paused itself. All balancing is inhibited by rsync"):
            call(service, path, "Resume")
    for fd in fds.steal_fds():
        os.close(fd)
    service.wait_until(lambda: not service.host()["Inhibited"])
    call(service, ROOT, "Pause", "(su)", "kernel update", 0)
    assert 'paused: kernel update; resume it with "memcoordctl resume"' in refused(service)[1]


def test_nothing_is_given_while_all_is_paused_or_nobody_answers(service):
    call(service, ROOT, "Pause", "(su)", "", 0)
    assert refused(service, service.path("web"))[0] == "Failed"
    call(service, ROOT, "Resume")
    service.tell("disconnect")
    name, message = refused(service)
    assert name == "NotConnected" and "the test has taken it away" in message


def test_host_that_has_nothing(service):
    service.tell("host", (8192 - 1024 - 200) * MIB)
    service.tell("cycle")
    name, message = refused(service, service.path("web"))
    assert name == "NoMemory"
    assert re.search(r"\d MiB available, HostReserve 200 MiB, \d.* promised; stop a VM, or lower HostReserve$", message)


def test_dry_run_tells_how_much(service):
    call(service, ROOT, "SetDryRun", "(b)", True)
    assert give_back(service, service.path("web")) == 512 * MIB
    assert service.vms()["web"]["Target"] == 512 * MIB
    sentences = [sentence for *_, sentence in service.call(service.path("web"), VM, "ListDecisions")[0]]
    assert any(sentence.startswith("dry run: what was taken from it is given back") for sentence in sentences)


@pytest.mark.parametrize("set_managed", [True, False])
def test_one_that_is_not_managed_any_more(squeezed, set_managed):
    if set_managed:
        call(squeezed, squeezed.path("web"), "SetManaged", "(b)", False)
    else:
        squeezed.tell("metadata", "web", '<m:policy xmlns:m="https://example.org/memcoord/1" managed="no"/>')
    squeezed.wait_until(lambda: squeezed.vms()["web"]["Target"] == 1024 * MIB)
    assert squeezed.vms()["web"]["Status"] == "opted-out"
    assert squeezed.vms()["db"]["Target"] < 1024 * MIB


@pytest.fixture
def told(environment):
    """Starts the service manager on the bus, with what it tells."""
    running = []

    def start(*words):
        running.append(subprocess.Popen([sys.executable, MANAGER, *words], env=environment, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout.readline() == "ready\n"

    yield start
    for manager in running:
        manager.kill()
        manager.wait()


def left_behind(service):
    """Stops the service. Returns the targets of its VMs afterwards, and how long that took."""
    began = time.monotonic()
    stop_service(service)
    seconds = time.monotonic() - began
    return {name: int(size) for name, size in (line.split() for line in service.process.stdout.read().splitlines())}, seconds


@pytest.fixture
def stopping(bus):
    service = squeeze(bus, "web")
    yield service
    if service.process.poll() is None:
        stop_service(service)


@pytest.mark.parametrize("state", ["running", "degraded", "starting"])
def test_stop_for_good_gives_back(stopping, told, state):
    told("stop", state)
    assert left_behind(stopping)[0] == {"web": 1024 * MIB}


@pytest.mark.parametrize("job, state", [
    ("restart", "running"), ("stop", "stopping"), ("none", "running"), ("try-restart", "running"), ("hang", "running")])
def test_any_other_stop_keeps(stopping, told, job, state):
    told(job, state)
    targets, seconds = left_behind(stopping)
    assert targets["web"] < 1024 * MIB
    assert seconds < 5


def test_stop_of_which_systemd_does_not_say_in_time_what_it_is_is_logged(bus, told, tmp_path):
    with (tmp_path / "log").open("w") as log:
        service = squeeze(bus, "web", stderr=log)
    told("hang", "running")
    stop_service(service)
    assert "systemd has not said within 1000 ms whether this stop is for good: nothing is given back" in (tmp_path / "log").read_text()


def test_stop_that_nobody_says_anything_of_keeps(stopping):
    assert left_behind(stopping)[0]["web"] < 1024 * MIB


def test_what_is_paused_is_kept(stopping, told):
    told("stop", "running")
    call(stopping, stopping.path("web"), "Pause", "(su)", "", 0)
    assert left_behind(stopping)[0]["web"] < 1024 * MIB
