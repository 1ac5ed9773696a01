# SPDX-License-Identifier: LGPL-2.1-or-later
"""On a terminal no line is wider than it is, in no language, and nothing is lost; a pipe gets whole lines."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

import pytest

from common import MIB
from test_usage import COMMANDS

LANGUAGES = ["C", "de", "fr", "zh_CN"]
LONG = "production-database-of-the-shop-in-the-north-with-a-name-that-says-it-all-01"
CHINESE = "生产环境数据库服务器的虚拟机一号名称很长很长很长很长很长很长很长很长很长"
ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78])")


def cells(text):
    return sum(0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


def on_terminal(ctl, *arguments, columns=80, env=None):
    """What it shows on a terminal of that width, as lines."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(["memcoordctl", "--session", *arguments], env=ctl.environment | (env or {}),
                               stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.STDOUT)
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 65536):
            shown += data
    except OSError:  # its end
        pass
    os.close(ours)
    assert process.wait(timeout=30) == 0, shown
    return ESCAPES.sub("", shown.decode()).replace("\r", "").split("\n")


@pytest.fixture
def crowded(service, ctl):
    """VMs with long names, thresholds of their own, and long reasons."""
    service.tell("rename", "db", LONG)
    service.tell("add", CHINESE, 512 * MIB)
    service.tell("add", LONG.replace("north", "south"), 600 * MIB)
    service.wait_until(lambda: {CHINESE, LONG} <= set(service.vms()))
    vm = service.vms()
    ctl.good("set", LONG, "weight=9", "minimum=300M", "low-watermark=50M", "high-watermark=90M")
    ctl.good("set", "step-limit=15", "interval=3", "low-watermark=101M", "high-watermark=1G", "host-usage-limit=76")
    ctl.good("pause", CHINESE, "--reason", "because of a snapshot that takes a while, as it is said in the plan of the night")
    service.tell("need", "web")
    service.wait_until(lambda: service.vms()["web"]["LastReason"])
    service.wait_until(lambda: service.vms()[CHINESE]["Status"] == "paused")
    assert vm[LONG]["UUID"]
    return service


SHOWING = [["status"], ["list"], ["show", LONG], ["show", CHINESE], ["why", "web"], ["why", LONG], ["why", CHINESE], ["plan"],
           ["top", "--count=1"], ["inhibitors"]]
STEERING = [["set", LONG, "weight=8"], ["reset", LONG], ["pause", LONG], ["resume", LONG], ["pause", "--for", "1h"], ["resume"],
            ["dry-run", "on"], ["give-back", LONG], ["dry-run", "off"], ["reload"], ["reserve", "10M", "true"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_is_wider_than_the_terminal(crowded, ctl, language):
    with subprocess.Popen(["memcoordctl", "--session", "inhibit", "--who", "a backup of everything, " * 4, "--why", "reasons " * 12,
                           "sleep", "100"], env=ctl.environment) as inhibitor:
        crowded.wait_until(lambda: crowded.host()["Inhibited"])
        for arguments in SHOWING:
            for line in on_terminal(ctl, *arguments, env={"LANGUAGE": language}):
                assert cells(line) <= 80, (arguments, line)
        inhibitor.kill()
    crowded.wait_until(lambda: not crowded.host()["Inhibited"])
    for arguments in STEERING:
        for line in on_terminal(ctl, *arguments, env={"LANGUAGE": language}):
            assert cells(line) <= 80, (arguments, line)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_no_line_of_the_help_is_wider(ctl, language, command):
    for line in on_terminal(ctl, *command.split(), "--help", env={"LANGUAGE": language}):
        assert cells(line) <= 80, line


@pytest.mark.parametrize("columns", [20, 40, 60, 132, 300])
def test_other_widths(crowded, ctl, columns):
    for arguments in SHOWING:
        if arguments[0] != "top":  # it has a line for each VM
            assert max(map(cells, on_terminal(ctl, *arguments, columns=columns))) <= max(columns, 40), arguments


def in_both(crowded, ctl, *arguments):
    """What a pipe gets, and what is on a terminal, of one state: memory may move between two readings."""
    readings = []

    def stands_still():
        readings[:] = ctl.good(*arguments), "".join(on_terminal(ctl, *arguments)), ctl.good(*arguments)
        readings[:] = (re.sub(r"\s|\d", "", text) for text in readings)
        return readings[0] == readings[2]

    crowded.wait_until(stands_still)
    return readings[:2]


def test_nothing_is_lost(crowded, ctl):
    """All that a pipe gets is on the terminal, too."""
    for arguments in (["list"], ["show", LONG], ["why", LONG], ["plan"]):
        whole, shown = in_both(crowded, ctl, *arguments)
        assert "…" not in shown
        assert sorted(shown) == sorted(whole), arguments
    assert any(LONG[:20] in line for line in on_terminal(ctl, "status"))


def test_status_of_a_dry_run_fits_and_says_all_that_is_overridden(crowded, ctl):
    ctl.good("dry-run", "on")
    crowded.wait_until(lambda: crowded.host()["DryRun"])
    lines = on_terminal(ctl, "status")
    assert max(map(cells, lines)) <= 80
    words = " ".join(" ".join(lines).split())
    for told in ("turned on at run time", "step limit 15 %*", "interval 3s*", "host usage limit 76 %*", "low 101 MiB*", "(LowWatermark, HighWatermark, Minimum, Weight)"):
        assert told in words, told


def test_two_names_that_differ_in_the_middle_are_told_apart(crowded, ctl):
    vms, south = crowded.vms(), LONG.replace("north", "south")
    for lines in (on_terminal(ctl, "top", "--count=1"), ctl.good("top").splitlines()):
        names = [line.split()[0] for line in lines if line.startswith("prod")]
        assert sorted(name.rpartition("#")[2] for name in names) == sorted(str(vms[name]["Id"]) for name in (LONG, south))


def test_columns_of_the_environment(crowded, ctl):
    assert max(map(cells, on_terminal(ctl, "plan", columns=80, env={"COLUMNS": "120"}))) > 80
    assert max(map(cells, on_terminal(ctl, "plan", columns=80, env={"COLUMNS": "50"}))) <= 50
    for nonsense in ("", "0", "-5", "wide"):
        assert max(map(cells, on_terminal(ctl, "plan", columns=80, env={"COLUMNS": nonsense}))) in range(51, 81)


def test_pipe_gets_a_line_for_each_row(crowded, ctl):
    """Whatever COLUMNS is: scripts and cron jobs may have it."""
    for env in ({}, {"COLUMNS": "40"}):
        assert len(ctl.good("list", env=env).splitlines()) == 1 + len(crowded.vms())
        table = ctl.good("plan", env=env).split("\n\n")[1]
        assert len(table.splitlines()) == 1 + len(crowded.vms())
        assert any(LONG in line for line in ctl.good("status", env=env).splitlines())
