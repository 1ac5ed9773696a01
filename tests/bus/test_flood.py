# SPDX-License-Identifier: LGPL-2.1-or-later
"""One user floods the service, on a system bus: everybody else is answered as before, and the service does not grow.

Five seconds each; MEMCOORD_FULL_FAULTS=1 makes each flood a minute long.
"""

import collections
import json
import os
import statistics
import subprocess
import time

import pytest
from gi.repository import Gio, GLib

from common import MIB, SOURCE
from common.bus import HOST, MANAGER, NAME, PROPERTIES, ROOT
from common.service import growth, memory

pytestmark = pytest.mark.usefixtures("small_quarantine")

SECONDS = 60 if os.environ.get("MEMCOORD_FULL_FAULTS") else 5
STATE = f"('{HOST}', 'State')"
FLOODS = {
    "reads, no reply": (PROPERTIES, "Get", STATE, "no"),
    "changes, no reply": (HOST, "SetThreshold", "('Interval', uint64 9)", "no"),
    "inhibitors, no reply": (HOST, "Inhibit", "('me', '')", "no"),
    "plans, no reply": (HOST, "Plan", "", "no"),
    "plans, a hundred at once": (HOST, "Plan", "", "yes"),
    "forecasts, no reply": (HOST, "Forecast", "", "no"),
    "forecasts, a hundred at once": (HOST, "Forecast", "", "yes"),
    "history, a hundred at once": (HOST, "GetHistory", f"(objectpath '{ROOT}', uint64 0, uint64 0, uint32 0)", "yes"),
    "everything, a hundred at once": (MANAGER, "GetManagedObjects", "", "yes"),
}
LONG = f"('{'x' * 100_000}', uint32 0)"


@pytest.fixture
def service(system):
    with system.serve(*(f"vm{number}" for number in range(20)), host=16 << 30) as running:
        yield running


class Flood:
    def __init__(self, system, interface, method, parameters, wants_reply):
        source = (SOURCE / "tests/bus/flooder.py").read_text()
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", source, ROOT, interface, method, parameters, wants_reply],
                                        **system.as_user("alice"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def begin(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def told(self):
        """How many answers of each kind it got until now."""
        self.begin()
        return collections.Counter(json.loads(self.process.stdout.readline()))

    def end(self):
        assert self.process.poll() is None
        self.process.stdin.close()
        self.process.wait(timeout=10)


def timed(caller, *call):
    begin = time.monotonic()
    answer = caller.call(*call, timeout=60_000)
    assert "ok" in answer, answer
    return time.monotonic() - begin


def told(floods):
    return sum((flood.told() for flood in floods), collections.Counter())


def outlive(system, service, floods, enough=lambda: True):
    """Others call meanwhile, for SECONDS and until it is enough. Returns how long each read and each change by root took."""
    root, reader = system.caller("root"), system.caller("olga")
    reads, changes = [], []
    for flood in floods:
        flood.begin()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or not enough():
        reads.append(timed(reader, ROOT, PROPERTIES, "Get", GLib.Variant("(ss)", (HOST, "State"))))
        if len(reads) % 10 == 1:
            changes.append(timed(root, ROOT, HOST, "SetThreshold", GLib.Variant("(st)", ("Interval", 2 + len(reads) % 3))))
        time.sleep(0.02)
    for flood in floods:
        flood.end()
    return reads, changes


def check(service, before, reads, changes):
    print(f"{len(reads)} reads: median {statistics.median(reads) * 1000:.1f} ms, slowest {max(reads) * 1000:.1f} ms; "
          f"{len(changes)} changes: slowest {max(changes) * 1000:.1f} ms; grown by {(memory(service) - before) / MIB:.1f} MiB")
    assert statistics.median(reads) < 0.1
    assert max(reads) < 1
    assert max(changes) < 1
    assert memory(service) - before < growth(10)
    assert service.host()["Interval"] != 9
    assert not service.host()["Inhibited"]
    assert service.tell("cycle") == "ok"


@pytest.mark.parametrize("kind", FLOODS)
def test_flood(system, service, kind):
    before = memory(service)
    reads, changes = outlive(system, service, [Flood(system, *FLOODS[kind])])
    check(service, before, reads, changes)


def test_flood_of_three(system, service):
    before = memory(service)
    floods = [Flood(system, *FLOODS["changes, no reply"]) for _ in range(3)]
    reads, changes = outlive(system, service, floods)
    check(service, before, reads, changes)


POLKIT_RESTS_S = 16
DENIED, TOO_MANY = (f"org.freedesktop.DBus.Error.{name}" for name in ("AccessDenied", "LimitsExceeded"))
REFUSED_BY_POLKIT = {
    "thresholds": (HOST, "SetThreshold", "('Interval', uint64 9)"),
    "pauses": (HOST, "Pause", "('', uint32 0)"),
}


@pytest.mark.parametrize("clients", [1, 8])
@pytest.mark.parametrize("kind", REFUSED_BY_POLKIT)
def test_root_is_answered_while_polkit_refuses(system, service, kind, clients):
    """Polkit has a call of one user's clients to refuse at any time; root's own changes are made as quickly as others read.

    Polkit 122 now and then answers nobody for 15 s: it is waited for, by those who flood. Root and others do not wait for it.
    """
    floods = [Flood(system, *REFUSED_BY_POLKIT[kind], "yes") for _ in range(clients)]
    before, last = memory(service), time.monotonic() + SECONDS + POLKIT_RESTS_S
    answers = collections.Counter()

    def refused_often():
        answers.clear()
        answers.update(told(floods))
        return answers[DENIED] > 10 * SECONDS or time.monotonic() > last

    reads, changes = outlive(system, service, floods, refused_often)
    check(service, before, reads, changes)
    assert statistics.median(changes) < 0.1
    assert set(answers) == {DENIED, TOO_MANY}
    assert answers[DENIED] > 10 * SECONDS
    assert service.host()["State"] == "running"


def test_flood_of_long_calls(system, service):
    """What is let in of them is bounded like any other, and what is longer still is not let in at all."""
    before = memory(service)
    reads, changes = outlive(system, service, [Flood(system, HOST, "Pause", LONG, "no")])
    check(service, before, reads, changes)
    refused = system.caller("alice").call(ROOT, HOST, "Pause", GLib.Variant("(su)", ("x" * 300_000, 0)))
    assert refused["error"] == "org.freedesktop.DBus.Error.LimitsExceeded"
    assert "256 KiB" in refused["message"]


def test_call_without_a_reply_is_carried_out(system, service):
    message = Gio.DBusMessage.new_method_call(NAME, ROOT, HOST, "SetThreshold")
    message.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
    message.set_body(GLib.Variant("(st)", ("Interval", 17)))
    service.connection.send_message(message, Gio.DBusSendMessageFlags.NONE)
    service.wait_until(lambda: service.host()["Interval"] == 17)
