# SPDX-License-Identifier: LGPL-2.1-or-later
"""Callers who mean no good, or know no better: the service goes on, for all others as before, and stays within its limits."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from gi.repository import Gio, GLib

from common import MIB, is_sanitized
from common.bus import HOST, MANAGER, NAME, PROPERTIES, ROOT, VM, connect
from common.service import growth, memory, start_service, stop_service
from test_arguments import METHODS

pytestmark = pytest.mark.usefixtures("small_quarantine")

CALLS = 3000
TEXTS = ["", "web", "LowWatermark", "HighWatermark", "HostReserve", "Interval", "StepLimit", "Weight", "Minimum", "Maximum",
         "r1", "x" * 300, "x" * 100_000, "\u202e", "\033[2J", "%s%n%d", "../../etc/passwd", "é" * 256, "\U0001f4a9", "<a/>",
         "'; DROP", "\n", "0", "State", HOST, VM]
NUMBERS = [0, 1, 2, 5, 50, 99, 101, 3600, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 63, 2 ** 64 - 1, *(size * MIB for size in (
    16, 31, 32, 64, 99, 100, 134, 150, 200, 1024, 1 << 20))]
SIMPLE = "ybnqiuxtdsogv"
OF_VM = {"Weight": (1, 10000), "LowWatermark": (16 * MIB, 64 << 30), "HighWatermark": (32 * MIB, 128 << 30)}
OF_HOST = {"LowWatermark": (16 * MIB, 64 << 30), "HighWatermark": (32 * MIB, 128 << 30), "HostReserve": (64 * MIB, 16 << 40),
           "HostUsageLimit": (10, 100), "StepLimit": (1, 50), "Interval": (1, 3600)}


class Fool:
    """Makes up calls."""

    def __init__(self, seed, *without):
        self.random = random.Random(seed)
        self.methods = [each for each in METHODS if each[1] not in without]

    def number(self, bits, signed=False):
        value = self.random.choice(NUMBERS + [self.random.getrandbits(64)]) % 2 ** bits
        return value - 2 ** (bits - 1) if signed else value

    def value(self, kind):
        pick = self.random
        if kind.startswith("a{"):
            return {pick.choice(TEXTS): self.value(kind[3:-1]) for _ in range(pick.randrange(4))}
        if kind.startswith("a"):
            return [self.value(kind[1:]) for _ in range(pick.choice([0, 1, 3, 70]))]
        makers = {
            "y": lambda: self.number(8), "b": lambda: pick.random() < 0.5, "n": lambda: self.number(16, True),
            "q": lambda: self.number(16), "i": lambda: self.number(32, True), "u": lambda: self.number(32),
            "x": lambda: self.number(64, True), "t": lambda: self.number(64), "d": lambda: pick.choice([0.0, 1e308, float("nan")]),
            "s": lambda: pick.choice(TEXTS), "o": lambda: pick.choice(["/", ROOT, f"{ROOT}/vm/_x"]),
            "g": lambda: pick.choice(["", "s", "a{sv}"]), "v": lambda: GLib.Variant("t", self.number(64)),
        }
        return makers[kind]()

    def parameters(self, types):
        return GLib.Variant(f"({''.join(types)})", tuple(self.value(kind) for kind in types))

    def types_of(self, signature):
        return {"a{st}": ["a{st}"], "as": ["as"], "ao": ["ao"]}.get(signature, list(signature))

    def wrong_types(self):
        return [self.random.choice([*SIMPLE, "as", "a{st}", "ay", "at"]) for _ in range(self.random.randrange(5))]

    def call(self, paths):
        """Returns: path, interface, method, parameters"""
        pick = self.random
        path = pick.choice([ROOT, *paths, f"{ROOT}/vm/_gone"])
        if pick.random() < 0.15:
            return (path, PROPERTIES, *pick.choice([
                ("Get", GLib.Variant("(ss)", (pick.choice([HOST, VM, ""]), pick.choice(TEXTS)))),
                ("Set", GLib.Variant("(ssv)", (pick.choice([HOST, VM]), "LowWatermark", GLib.Variant("t", self.number(64))))),
                ("GetAll", GLib.Variant("(s)", (pick.choice([HOST, VM, "x.y"]),)))]))
        interface, method, signature = pick.choice(self.methods)
        if pick.random() < 0.8:
            path = ROOT if interface == HOST else pick.choice(paths)
        types = self.types_of(signature) if pick.random() < 0.75 else self.wrong_types()
        return path, interface, method, self.parameters(types)


def descriptors(service):
    return len(os.listdir(f"/proc/{service.process.pid}/fd"))


def check_limits(service):
    host = service.host()
    for name, (least, most) in OF_HOST.items():
        assert least <= host[name] <= most
    assert host["LowWatermark"] + 16 * MIB <= host["HighWatermark"]
    for vm in service.vms().values():
        for name, (least, most) in OF_VM.items():
            assert least <= vm[name] <= most
        assert vm["Minimum"] <= vm["Maximum"] <= 1024 * MIB
        assert vm["LowWatermark"] < vm["HighWatermark"]


def test_random_calls_of_somebody_who_may(service):
    fool = Fool(11, "Reserve")  # which may take its time; test_mirror.py has it
    paths = [service.path("web"), service.path("db")]
    outcomes = {"ok": 0}
    before = None
    for number in range(CALLS):
        try:
            service.connection.call_with_unix_fd_list_sync(NAME, *fool.call(paths), None, 0, 5000, None, None)
            outcomes["ok"] += 1
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error)
            assert name, error.message
            outcomes[name] = outcomes.get(name, 0) + 1
        if number % 50 == 0:
            check_limits(service)
        if number == CALLS // 3:
            before = memory(service)
    check_limits(service)
    assert memory(service) - before < growth(12)
    assert outcomes["ok"] > CALLS // 10
    for each in ("InvalidArgument", "OutOfRange", "UnknownThreshold", "Conflict", "NotPaused"):
        assert outcomes[f"org.example.MemCoord1.Error.{each}"] > 0
    assert outcomes["org.freedesktop.DBus.Error.InvalidArgs"] > 0


@pytest.fixture
def system_service(system):
    with system.serve("web", "db") as running:
        yield running


def test_random_calls_of_somebody_who_may_not(system, system_service):
    service = system_service
    paths = [service.path("web"), service.path("db")]
    heard = []
    service.connection.signal_subscribe(NAME, HOST, "PolicyChanged", None, None, 0, lambda *signal: heard.append(signal))
    alice, fool = system.caller("alice"), Fool(12)
    outcomes, before = {}, None
    judged = set()  # methods whose arguments were looked at
    for number in range(CALLS // 3):
        call = fool.call(paths)
        answer = alice.call(*call)
        assert answer.get("error") != "local", answer
        kind = answer.get("error", "ok")
        outcomes[kind] = outcomes.get(kind, 0) + 1
        if kind.startswith("org.example."):
            judged.add(call[2])
        if number == CALLS // 9:
            before = memory(service)
    assert memory(service) - before < growth(12)
    assert outcomes["org.freedesktop.DBus.Error.AccessDenied"] > CALLS // 10
    assert judged <= {"GetHistory", "GetMoves"}  # which anybody may call
    while GLib.MainContext.default().iteration(False):
        pass
    assert heard == []


FLOOD = """
from gi.repository import Gio, GLib
bus, denied = Gio.bus_get_sync(Gio.BusType.SYSTEM), []
def take(connection, result):
    try:
        connection.call_finish(result)
    except GLib.Error as error:
        denied.append("AccessDenied" in error.message or "LimitsExceeded" in error.message)  # which is the bus's own
for _ in range(3000):
    bus.call("org.example.MemCoord", "/org/example/MemCoord", "org.example.MemCoord1", "SetThreshold",
             GLib.Variant("(st)", ("Interval", 9)), None, 0, 60000, None, take)
while len(denied) < 3000:
    GLib.MainContext.default().iteration(True)
print(all(denied))
"""


def test_flood_of_calls_that_polkit_has_to_refuse(system, system_service):
    service = system_service
    before = memory(service)
    flood = subprocess.Popen(["/usr/bin/python3", "-c", FLOOD], **system.as_user("alice"), stdout=subprocess.PIPE, text=True)
    root = system.caller("root")
    slowest, made = 0, 0
    while flood.poll() is None or made < 20:
        begin = time.monotonic()
        assert "ok" in root.call(ROOT, HOST, "SetThreshold", GLib.Variant("(st)", ("Interval", 2 + made % 3)))
        slowest = max(slowest, time.monotonic() - begin)
        made += 1
    assert flood.stdout.read() == "True\n"
    assert slowest < 2
    assert memory(service) - before < growth(12)
    assert service.host()["Interval"] != 9


def slowest_call(service, while_true, calls=20):
    """The longest that anybody else waits for an answer."""
    slowest, made = 0, 0
    while made < calls or while_true():
        before = time.monotonic()
        service.call(ROOT, PROPERTIES, "Get", GLib.Variant("(ss)", (HOST, "State")), timeout_s=20)
        slowest = max(slowest, time.monotonic() - before)
        made += 1
    return slowest


def test_client_that_calls_ten_thousand_times(service, bus):
    """All are answered, those that are too many with an error that says so, and others among them at once."""
    caller, answers = connect(bus), []
    calls = 2_000 if is_sanitized() else 10_000

    def take(connection, result):
        try:
            connection.call_finish(result)
            answers.append("ok")
        except GLib.Error as error:
            answers.append(Gio.DBusError.get_remote_error(error))

    for _ in range(calls):
        caller.call(NAME, ROOT, PROPERTIES, "GetAll", GLib.Variant("(s)", (HOST,)), None, 0, 60_000, None, take)

    def going_on():
        while GLib.MainContext.default().iteration(False):
            pass
        return len(answers) < calls

    assert slowest_call(service, going_on) < 10
    assert answers.count("ok") >= 128
    assert set(answers) <= {"ok", "org.freedesktop.DBus.Error.LimitsExceeded"}
    assert service.tell("cycle") == "ok"


def test_costly_calls_at_once_are_refused_with_the_reason(service, bus):
    caller, answers = connect(bus), []

    def take(connection, result):
        try:
            answers.append(connection.call_finish(result) and "ok")
        except GLib.Error as error:
            answers.append(error.message)

    for _ in range(50):
        caller.call(NAME, ROOT, HOST, "Plan", None, None, 0, 60_000, None, take)
    while len(answers) < 50:
        GLib.MainContext.default().iteration(True)
    assert answers.count("ok") >= 4
    refused = [answer for answer in answers if answer != "ok"]
    assert refused and all("LimitsExceeded" in text and "that list every VM" in text and "4" in text for text in refused)
    for _ in range(20):
        service.call(ROOT, HOST, "Plan")  # one after the other they are no flood


DEAF = """
import os, signal, sys
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
bus.signal_subscribe("org.example.MemCoord", None, None, None, None, 0, lambda *_: None)
bus.call_sync("org.example.MemCoord", "/org/example/MemCoord", "org.freedesktop.DBus.Peer", "Ping", None, None, 0, 5000)
for _ in range(3000):
    bus.call("org.example.MemCoord", "/org/example/MemCoord", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
             None, None, 0, -1, None, None)
bus.flush_sync()
os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_client_that_never_reads(service, environment):
    client = subprocess.Popen([sys.executable, "-c", DEAF], env=environment)
    try:
        os.waitid(os.P_PID, client.pid, os.WSTOPPED | os.WNOWAIT)
        before = memory(service)
        for number in range(300):
            service.call(ROOT, HOST, "SetThreshold", GLib.Variant("(st)", ("LowWatermark", (90 + number % 10) * MIB)))
        assert slowest_call(service, lambda: False) < 1
        assert service.tell("cycle") == "ok"
        assert memory(service) - before < growth(12)
    finally:
        os.kill(client.pid, signal.SIGKILL)
        client.wait()
    assert service.host()["State"] == "running"


def test_client_with_a_thousand_match_rules(service, bus):
    listener = connect(bus)
    for number in range(1000):
        rule = f"type='signal',sender='{NAME}',path='{ROOT}/vm/_{number}'"
        listener.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch",
                           GLib.Variant("(s)", (rule,)), None, 0, 5000)
    before = time.monotonic()
    for number in range(100):
        service.call(ROOT, HOST, "SetThreshold", GLib.Variant("(st)", ("LowWatermark", (90 + number % 10) * MIB)))
    assert time.monotonic() - before < 5
    assert slowest_call(service, lambda: False) < 1


def test_inhibitors_have_a_limit_and_leave_nothing_behind(service):
    before = descriptors(service)
    held = []
    for _ in range(256):
        _, fds = service.connection.call_with_unix_fd_list_sync(
            NAME, ROOT, HOST, "Inhibit", GLib.Variant("(ss)", ("many", "")), None, 0, 5000, None, None)
        held += fds.steal_fds()
    with pytest.raises(GLib.Error, match="LimitsExceeded.*256"):
        service.call(ROOT, HOST, "Inhibit", GLib.Variant("(ss)", ("one more", "")))
    assert len(service.call(ROOT, HOST, "ListInhibitors")[0]) == 256
    for descriptor in held:
        os.close(descriptor)
    service.wait_until(lambda: not service.host()["Inhibited"])
    assert descriptors(service) == before


def test_what_is_written_to_an_inhibitor_does_not_wake_the_service(service):
    _, fds = service.connection.call_with_unix_fd_list_sync(
        NAME, ROOT, HOST, "Inhibit", GLib.Variant("(ss)", ("chatty", "")), None, 0, 5000, None, None)
    (descriptor,) = fds.steal_fds()
    os.write(descriptor, b"x" * 1000)
    begin = cpu_seconds(service)
    context, ended = GLib.MainContext.default(), []
    GLib.timeout_add(1500, lambda: ended.append(True))
    while not ended:
        context.iteration(True)
    assert cpu_seconds(service) - begin < 0.5
    assert service.host()["Inhibited"]
    os.close(descriptor)
    service.wait_until(lambda: not service.host()["Inhibited"])


def cpu_seconds(service):
    with open(f"/proc/{service.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_vms_that_come_and_go_leave_nothing_behind(bus):
    service = start_service(bus, speed=50)
    service.connection.signal_subscribe(NAME, MANAGER, None, None, None, 0, lambda *_: None)

    def come_and_go(times):
        for _ in range(times):
            service.tell("add", "guest", 64 * MIB)
            service.tell("remove", "guest")

    come_and_go(50)
    before, open_before = memory(service), descriptors(service)
    come_and_go(250)
    assert memory(service) - before < growth(3)
    assert descriptors(service) == open_before
    assert service.vms() == {}
    stop_service(service)
