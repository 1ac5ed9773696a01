# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that stay: monitor, and top on a terminal and elsewhere."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios

import pytest

from common import MIB, wait_until
from common.service import start_service, stop_service


class Monitor:
    """memcoordctl monitor, and the lines that it prints."""

    def __init__(self, ctl, *arguments):
        self.process = ctl.start("monitor", *arguments, text=False)
        self.pending = b""

    def line(self, seconds=10):
        """The next line, or None when there is none in time."""
        while b"\n" not in self.pending:
            if not select.select([self.process.stdout], [], [], seconds)[0]:
                return None
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, "the monitor has ended"
            self.pending += data
        line, _, self.pending = self.pending.partition(b"\n")
        return line.decode() + "\n"

    def line_with(self, wanted):
        """The next line that has this."""
        lines = []
        while not lines or not re.search(wanted, lines[-1]):
            lines.append(self.line())
            assert lines[-1], f"only {lines}"
        return lines[-1]

    def first_change(self, ctl):
        """Changes a threshold until the monitor, which takes a moment to start, tells of it."""
        for seconds in range(3, 60):
            ctl.good("set", f"interval={seconds}")
            line = self.line(0.2)
            if line:
                return line
        raise AssertionError("the monitor says nothing")

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=10)


@pytest.fixture
def monitor(ctl):
    """Starts monitors, and ends them."""
    running = []

    def start(*arguments):
        running.append(Monitor(ctl, *arguments))
        return running[-1]

    yield start
    for each in running:
        each.end()


def test_monitor_tells_who_changed_what(service, ctl, monitor):
    line = monitor().first_change(ctl)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  host  Interval changed from \d+s to \d+s by :1\.\d+", line)


def test_monitor_json(service, ctl, monitor):
    event = json.loads(monitor("--json").first_change(ctl))
    assert (event["Event"], event["Path"], event["Setting"]) == ("PolicyChanged", "/org/example/MemCoord", "Interval")
    assert event["New"] > event["Old"]
    assert event["Time"] > 1_600_000_000_000_000


def test_monitor_tells_of_vms_and_moves(service, ctl, monitor):
    told = monitor()
    told.first_change(ctl)
    service.tell("add", "late", 512 * MIB)
    assert "  late  started: " in told.line_with("started")
    service.tell("need", "web")
    assert re.search(r"  web  \S+ \S+ → \S+ \S+: \S", told.line_with(" → "))
    service.tell("remove", "late")
    assert "  late  gone" in told.line_with("gone")
    ctl.good("pause", "web", "--for=1h")
    assert re.search(r"  web  PausedUntil changed from - to \d{4}-\d\d-\d\d \d\d:\d\d:\d\d by :1", told.line_with("PausedUntil"))
    assert "  web  " in told.line_with("Status is paused")
    service.tell("rename", "web", "www")
    service.wait_until(lambda: "www" in service.vms())
    ctl.good("resume", "www")
    assert "  www  Paused changed from true to false" in told.line_with("Paused changed")


def test_monitor_outlives_the_service(bus, ctl, monitor):
    service = start_service(bus)
    told = monitor("--json")
    told.first_change(ctl)
    stop_service(service)
    assert json.loads(told.line_with("Service"))["Event"] == "ServiceVanished"
    service = start_service(bus)
    assert json.loads(told.line_with("Service"))["Event"] == "ServiceAppeared"
    assert told.end() == 0
    stop_service(service)


def test_top_is_plain_elsewhere(service, ctl):
    output = ctl.good("top")
    assert "\033" not in output
    lines = output.splitlines()
    assert lines[0].startswith("MemCoord: ")
    assert re.fullmatch(r"\[█+░* +\]", lines[2])
    assert lines[4].split() == ["NAME", "STATUS", "BALLOON", "USED", "UNUSED", "MAXIMUM", "█", "USED", "░", "UNUSED"]
    assert {line.split()[0] for line in lines[5:]} == set(service.vms())
    assert all(re.search(r"\[[█░ ]+\]$", line) for line in lines[5:])
    assert len(json.loads(ctl.good("top", "--json"))["vms"]) == 3


def test_top_as_often_as_asked(service, ctl):
    assert ctl.good("top", "-n", "2", "--interval=1s").count("MemCoord: ") == 2


class Screen:
    """memcoordctl on a terminal of its own."""

    def __init__(self, ctl, *arguments, rows=24, columns=100):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            self.fd = 0
            self.resize(rows, columns)
            os.execvpe("memcoordctl", ["memcoordctl", "--session", *arguments], ctl.environment)
        self.text = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        """Forgets what was drawn and presses keys."""
        self.text = ""
        os.write(self.fd, keys.encode())

    def wait_for(self, pattern, seconds=10):
        wait_until(lambda: re.search(pattern, self.text, re.S), seconds, lambda: f"{pattern}, and not {self.text!r}",
                   lambda left: select.select([self.fd], [], [], left)[0] and self.take())

    def take(self):
        data = os.read(self.fd, 65536)
        self.text = (self.text + data.decode(errors="replace")).replace("\r\r\n", "\r\n")
        return data

    def end(self):
        """What it exits with, after all it had to draw."""
        try:
            while self.take():
                pass
        except OSError:
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status


def test_top_on_a_terminal(service, ctl):
    screen = Screen(ctl, "top")
    screen.wait_for(r"by name.*q quit")
    assert "\033[?1049h" in screen.text
    for name in service.vms():
        assert name in screen.text
    screen.press("q")
    assert screen.end() == 0
    assert screen.text.rstrip().endswith("\033[?1049l")


def test_top_keys(service, ctl):
    screen = Screen(ctl, "top")
    screen.wait_for("by name")
    for key, title in (("b", "balloon"), ("u", "used"), ("f", "unused"), ("n", "name")):
        screen.press(key)
        screen.wait_for(f"by {title}")
    screen.wait_for(r"\[K\d.*\[Kdb .*\[Kweb .*by name")
    screen.press("r")
    screen.wait_for(r"\[Kweb .*\[Kdb .*\[K\d.*by name")
    screen.press("p")
    screen.wait_for("PAUSED, by name")
    screen.press("p")
    screen.wait_for(r"\[J(\033\[2m)?by name")
    screen.press("x\033[A\033[B\033[5~\033[6~\033jkb")
    screen.wait_for("by balloon")
    screen.press("q")
    assert screen.end() == 0


def test_top_follows_what_changes(service, ctl):
    screen = Screen(ctl, "top")
    screen.wait_for("by name")
    service.tell("add", "newcomer", 512 * MIB)
    screen.wait_for("newcomer")
    screen.press("q")
    assert screen.end() == 0


def test_top_scrolls(service, ctl):
    for number in range(30):
        service.tell("add", f"vm{number:02}", 512 * MIB)
    service.wait_until(lambda: len(service.vms()) == 33)
    screen = Screen(ctl, "top", rows=10)
    screen.wait_for("by name")
    screen.resize(10, 100)
    screen.press("n")
    screen.wait_for("by name")
    assert "vm29" not in screen.text
    screen.press("\033[6~" * 10)
    screen.wait_for("web.*by name")
    screen.press("q")
    assert screen.end() == 0


def test_top_fits_the_terminal_it_gets(service, ctl):
    screen = Screen(ctl, "top", columns=200)
    screen.wait_for("by name")
    screen.text = ""
    screen.resize(24, 78)
    screen.wait_for(r"by name.*quit")
    drawn = re.sub(r"\033\[[0-9;?]*[A-Za-z]", "", screen.text)
    assert max(len(line) for line in drawn.split("\r\n")) <= 78
    screen.press("q")
    assert screen.end() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_top_leaves_the_terminal_as_it_was(service, ctl, number):
    screen = Screen(ctl, "top")
    screen.wait_for("by name")
    assert termios.tcgetattr(screen.fd)[3] & (termios.ICANON | termios.ECHO) == 0
    os.kill(screen.pid, number)
    screen.wait_for(r"\033\[\?1049l")
    flags = termios.ICANON | termios.ECHO
    assert termios.tcgetattr(screen.fd)[3] & flags == flags
    assert screen.end() == 0


def test_top_without_a_service(bus, ctl):
    screen = Screen(ctl, "top")
    assert screen.end() == 3
    assert "memcoordd" in screen.text


def test_top_outlives_the_service(bus, ctl):
    service = start_service(bus)
    screen = Screen(ctl, "top")
    screen.wait_for("by name")
    stop_service(service)
    screen.wait_for("does not answer")
    service = start_service(bus)
    screen.text = ""
    screen.wait_for("by name")
    screen.press("q")
    assert screen.end() == 0
    stop_service(service)


def test_colours_on_a_terminal(service, ctl):
    screen = Screen(ctl, "status")
    assert screen.end() == 0
    assert "\033[32m" in screen.text
    environment = ctl.environment
    try:
        ctl.environment = environment | {"NO_COLOR": "1"}
        screen = Screen(ctl, "status")
    finally:
        ctl.environment = environment
    assert screen.end() == 0
    assert "\033" not in screen.text


def test_lines_are_broken_at_the_terminals_width(service, ctl):
    screen = Screen(ctl, "plan", columns=40)
    assert screen.end() == 0
    drawn = re.sub(r"\033\[[0-9;?]*[A-Za-z]", "", screen.text)
    assert max(len(line) for line in drawn.splitlines()) <= 40
    assert "…" not in drawn
