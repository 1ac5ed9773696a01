# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may change what: decided by a real polkitd, on a system bus, for a service that runs as its own user."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time

import pytest
from gi.repository import GLib

from common import BUILD, MIB, wait_until
from common.bus import HOST, MANAGER, NAME, PROPERTIES, ROOT, VM, Client
from system import USERS
from test_arguments import METHODS

DENIED = "org.freedesktop.DBus.Error.AccessDenied"
READING = {"Plan", "Forecast", "GetHistory", "GetMoves", "ListInhibitors", "ListDecisions", "GetDecisions"}
RESTING = {"Pause", "Resume", "Inhibit"}
RIGHT = {"SetThreshold": ("(st)", ("LowWatermark", 90 * MIB)), "SetThresholds": ("(a{st})", ({"LowWatermark": 80 * MIB},)),
         "SetManaged": ("(b)", (True,)), "ResetThresholds": ("(as)", ([],)), "SetDryRun": ("(b)", (True,)), "Reserve": ("(tu)", (MIB, 1)),
         "Release": ("(s)", ("r1",)), "GiveBack": ("(ao)", ([],)), "Pause": ("(su)", ("mine", 0)), "Inhibit": ("(ss)", ("me", "")),
         "GetHistory": ("(ottu)", (ROOT, 0, 0, 0)), "GetMoves": ("(ott)", (ROOT, 0, 0))}


@pytest.fixture
def service(system):
    with system.serve("web") as running:
        yield running


def path_of(service, interface):
    return ROOT if interface == HOST else service.path("web")


def right(method):
    return GLib.Variant(*RIGHT[method]) if method in RIGHT else None


def settings(service):
    moving = ("HostAvailable", "HostUsedPercent", "FreeForNewVM", "StatsTime")
    return [{name: value for name, value in properties.items() if name not in moving}
            for properties in (service.host(), service.vms()["web"])]


def test_the_service_runs_as_its_own_user(system, service):
    with open(f"/proc/{service.process.pid}/status", encoding="ascii") as status:
        assert f"Uid:\t{USERS['memcoord']}\t" in status.read()


def test_root_may(system, service):
    root = system.caller("root")
    assert "ok" in root.call(ROOT, HOST, "GiveBack", right("GiveBack"))
    for interface, method, _ in METHODS:
        if method in ("Resume", "Release", "GiveBack"):
            continue  # they follow what they end; nothing is given back in a pause
        answer = root.call(path_of(service, interface), interface, method, right(method))
        assert "ok" in answer, (method, answer)
    assert "ok" in root.call(ROOT, HOST, "Resume")
    assert "ok" in root.call(ROOT, HOST, "Release", GLib.Variant("(s)", ("r1",)))
    assert service.host()["LowWatermark"] == 100 * MIB  # reset last


def test_user_may_read_and_change_nothing(system, service):
    alice = system.caller("alice")
    before = settings(service)
    assert "<'running'>" in alice.call(ROOT, PROPERTIES, "GetAll", GLib.Variant("(s)", (HOST,)))["ok"]
    assert "'web'" in alice.call(ROOT, MANAGER, "GetManagedObjects")["ok"]
    changing = 0
    for interface, method, _ in METHODS:
        answer = alice.call(path_of(service, interface), interface, method, right(method))
        if method in READING:
            assert "ok" in answer, (method, answer)
            continue
        changing += 1
        assert answer["error"] == DENIED, (method, answer)
        assert method in answer["message"] or "org.example.MemCoord1." in answer["message"]
        assert ("pause" if method in RESTING else "configure") in answer["message"]
    assert changing == 17
    assert settings(service) == before


def test_rule_can_allow_a_group(system, service):
    olga = system.caller("olga")
    assert "ok" in olga.call(ROOT, HOST, "Pause", GLib.Variant("(su)", ("shift", 0)))
    assert service.host()["PauseReason"] == "shift"
    assert "ok" in olga.call(ROOT, HOST, "Resume")
    assert "ok" in olga.call(service.path("web"), VM, "Pause", GLib.Variant("(su)", ("one", 0)))
    assert olga.call(ROOT, HOST, "SetThreshold", right("SetThreshold"))["error"] == DENIED
    assert olga.call(service.path("web"), VM, "SetThreshold", GLib.Variant("(st)", ("Weight", 5)))["error"] == DENIED


def test_policy_changed_names_the_user(system, service):
    heard = []
    watcher = Client(system.address)
    watcher.subscribe(lambda path, member, arguments: heard.append(arguments), HOST, "PolicyChanged")
    watcher.call(ROOT, "org.freedesktop.DBus.Peer", "Ping")
    system.caller("olga").call(ROOT, HOST, "Pause", GLib.Variant("(su)", ("", 0)))
    service.wait_until(lambda: heard)
    assert heard[0][1] == "Paused"
    assert heard[0][4].endswith(f" uid {USERS['olga']}")


def test_inhibitor_is_listed_with_who_holds_it(system, service):
    olga = system.caller("olga")
    assert "ok" in olga.call(ROOT, HOST, "Inhibit", GLib.Variant("(ss)", ("backup", "nightly")))
    (who, why, uid, pid, since), = service.call(ROOT, HOST, "ListInhibitors")[0]
    assert (who, why, uid, pid) == ("backup", "nightly", USERS["olga"], olga.process.pid)
    assert since > 1_600_000_000_000_000


def test_password_is_asked_for_only_where_the_caller_allows_it(system, service):
    alice = system.caller("alice", agent=True)
    silent = alice.call(ROOT, HOST, "SetThreshold", right("SetThreshold"))
    assert (silent["error"], silent["asked"]) == (DENIED, 0)
    asking = alice.call(ROOT, HOST, "SetThreshold", right("SetThreshold"), interactive=True)
    assert (asking["error"], asking["asked"]) == (DENIED, 1)
    assert service.host()["LowWatermark"] == 100 * MIB


def test_polkit_that_hangs_delays_nobody_else(system, service):
    alice, olga, root = system.caller("alice"), system.caller("olga"), system.caller("root")
    system.signal_polkit(signal.SIGSTOP)
    try:
        alice.begin(ROOT, HOST, "SetThreshold", right("SetThreshold"), timeout=20000)
        olga.begin(ROOT, HOST, "Pause", right("Pause"), timeout=20000)
        begin, slowest = time.monotonic(), 0
        while time.monotonic() - begin < 2:
            before = time.monotonic()
            assert "ok" in root.call(ROOT, PROPERTIES, "GetAll", GLib.Variant("(s)", (HOST,)))
            assert "ok" in root.call(ROOT, HOST, "SetThreshold", right("SetThreshold"))
            slowest = max(slowest, time.monotonic() - before)
        assert slowest < 0.5
        assert service.tell("cycle") == "ok"
        for waiting in (alice, olga):
            answer = waiting.answer()
            assert answer["error"] == DENIED
            assert "in time" in answer["message"]
        assert service.host()["PauseReason"] == ""
    finally:
        system.signal_polkit(signal.SIGCONT)
    assert "ok" in olga.call(ROOT, HOST, "Pause", right("Pause"))


def test_without_polkit_only_root_may(system, service):
    olga, root = system.caller("olga"), system.caller("root")
    system.polkit.kill()
    system.polkit.wait()
    try:
        answer = olga.call(ROOT, HOST, "Pause", right("Pause"))
        assert answer["error"] == DENIED
        assert "polkit is not available" in answer["message"]
        assert "ok" in root.call(ROOT, HOST, "Pause", right("Pause"))
    finally:
        system.start_polkit()
    assert "ok" in olga.call(ROOT, HOST, "Resume")


def test_nobody_else_may_have_the_name(system):
    done = subprocess.run(["gdbus", "call", "--system", "--dest=org.freedesktop.DBus", "--object-path=/org/freedesktop/DBus",
                           "--method=org.freedesktop.DBus.RequestName", NAME, "0"],
                          env=system.environment, user=USERS["alice"], group=USERS["alice"], extra_groups=[], cwd="/",
                          capture_output=True, text=True)
    assert done.returncode != 0
    assert DENIED in done.stderr


def test_memcoordctl_says_who_may_not(system, service):
    assert system.ctl("alice", "status").returncode == 0
    for arguments in (["pause"], ["set", "interval=5"], ["reset"], ["dry-run", "on"], ["reload"], ["give-back"], ["reserve", "1M", "true"],
                      ["inhibit", "true"], ["set", "web", "weight=5"], ["pause", "web"]):
        done = system.ctl("alice", *arguments)
        assert (done.returncode, done.stdout) == (5, ""), done
        assert "org.example.MemCoord1." in done.stderr
    assert system.ctl("olga", "inhibit", "true").returncode == 0
    assert system.ctl("root", "set", "interval=5").returncode == 0


AGENT = """mkfifo "$1" && { pkttyagent --process $$ --notify-fd 3 3> "$1" & cat "$1"; } && exec "$2" pause"""


def test_memcoordctl_on_a_terminal_lets_polkit_ask_there(system, service):
    """There is no login session here, so the agent that memcoordctl brings is not asked by polkit: there is one before it."""
    shared = system.directory / "agent"
    shared.mkdir()
    shared.chmod(0o777)
    master, terminal = pty.openpty()
    process = subprocess.Popen(["sh", "-c", AGENT, "sh", shared / "ready", system.directory / "memcoordctl"],
                               **system.as_user("alice"), stdin=terminal, stdout=terminal, stderr=terminal,
                               preexec_fn=lambda: take_terminal(terminal))
    os.close(terminal)
    assert "Authentication is required to pause or resume the sharing of memory" in read_until(master, "Password:")
    wait_until_unseen(master)
    os.write(master, b"wrong\n")
    read_until(master, "memcoordctl: ")
    assert process.wait(timeout=20) == 5
    assert service.host()["State"] == "running"
    os.close(master)


def take_terminal(terminal):
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 1)


def wait_until_unseen(master):
    """What is typed before the agent has turned the echo off is thrown away with it."""
    wait_until(lambda: not termios.tcgetattr(master)[3] & termios.ECHO, 20, "a password that is not seen")


def read_until(descriptor, wanted):
    text = ""
    while wanted not in text:
        assert select.select([descriptor], [], [], 20)[0], text
        text += os.read(descriptor, 4096).decode()
    return text


LOG = ("/org/freedesktop/LogControl1", PROPERTIES)


def level(value):
    return GLib.Variant("(ssv)", ("org.freedesktop.LogControl1", "LogLevel", value))


def test_log_level_is_for_root_to_change(system, tmp_path):
    daemon = subprocess.Popen([BUILD / "src/memcoordd", "--uri=test:///default", f"--state-dir={tmp_path}"],
                              env=system.environment, stderr=subprocess.DEVNULL)
    try:
        subprocess.run(["gdbus", "wait", "--system", "--timeout=20", NAME], env=system.environment, check=True)
        alice, root = system.caller("alice"), system.caller("root")
        read = GLib.Variant("(ss)", ("org.freedesktop.LogControl1", "LogLevel"))
        assert alice.call(*LOG, "Get", read)["ok"] == "(<'info'>,)"
        assert alice.call(*LOG, "Set", level(GLib.Variant("s", "debug")))["error"] == DENIED
        assert "ok" in root.call(*LOG, "Set", level(GLib.Variant("s", "debug")))
        assert alice.call(*LOG, "Get", read)["ok"] == "(<'debug'>,)"
        refused = root.call(*LOG, "Set", level(GLib.Variant("s", "loud")))
        assert refused["error"] == "org.freedesktop.DBus.Error.InvalidArgs"
        assert "loud" in refused["message"] and "warning" in refused["message"]
        assert root.call(*LOG, "Set", level(GLib.Variant("u", 7)))["error"] == "org.freedesktop.DBus.Error.InvalidArgs"
    finally:
        system.end_callers()
        daemon.terminate()
        assert daemon.wait(timeout=10) == 0
