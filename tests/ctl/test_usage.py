# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: help, mistakes, and a service that is not there."""

import re
import subprocess
import time

import pytest

from common import is_sanitized
from common.bus import NAME, ROOT

COMMANDS = ["status", "list", "show", "top", "why", "history", "plan", "check", "metrics", "set", "reset", "give-back", "pause", "resume",
            "dry-run", "reload", "inhibit", "inhibitors", "reserve", "monitor", "world"]


def test_help_lists_every_command(ctl):
    output = ctl.good("--help").partition("Commands:")[2]
    assert re.findall(r"^  ([a-z-]+) +[A-Z]", output, re.M) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(ctl, command):
    output = ctl.good(command, "--help")
    assert f"memcoordctl [OPTION…] {command}" in output
    assert "--json" in output


def test_version(ctl):
    assert re.fullmatch(r"memcoordctl \d+\.\d+\.\d+\n", ctl.good("--version"))


@pytest.mark.parametrize("arguments, named", [
    (["bogus"], "bogus"),
    (["--bogus"], "--bogus"),
    (["status", "--bogus"], "--bogus"),
    (["status", "extra"], "extra"),
    (["show"], "VM"),
    (["show", "a", "b"], "b"),
    (["set"], "NAME=VALUE"),
    (["dry-run"], "on|off"),
    (["dry-run", "maybe"], "maybe"),
    (["pause", "--for", "soon"], "soon"),
    (["pause", "--for", "0"], "0"),
    (["reserve"], "SIZE"),
    (["reserve", "much"], "much"),
    (["reserve", "0"], "0"),
    (["reserve", "1G", "--for=x"], "x"),
    (["inhibit"], "COMMAND"),
    (["top", "--interval", "x"], "x"),
    (["metrics", "--format=xml"], "xml"),
    (["metrics", "--json"], "JSON"),
    (["--color=blue", "status"], "blue"),
    (["status", "--color", "blue"], "blue"),
])
def test_mistakes_are_named(ctl, arguments, named):
    done = ctl(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr.splitlines()[0]
    assert "--help" in done.stderr


@pytest.mark.parametrize("arguments", [
    [], ["status"], ["list"], ["show", "x"], ["top"], ["why", "x"], ["plan"], ["set", "interval=5"], ["reset"],
    ["pause"], ["resume"], ["dry-run", "on"], ["reload"], ["inhibit", "false"], ["inhibitors"], ["reserve", "1G"],
    ["monitor"], ["give-back"], ["give-back", "x"],
])
def test_no_service(ctl, arguments):
    done = ctl(*arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert "memcoordd" in done.stderr


def test_no_bus(ctl):
    done = ctl("status", env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"})
    assert (done.returncode, done.stdout) == (3, "")
    done = ctl("status", session=False, env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"})
    assert (done.returncode, done.stdout) == (3, "")


def test_commands_on_the_command_line_do_not_run_without_the_service(ctl, tmp_path):
    """"inhibit" promises that memory rests while the command runs."""
    assert ctl("inhibit", "touch", str(tmp_path / "ran")).returncode == 3
    assert not (tmp_path / "ran").exists()


def test_start_to_finish_takes_no_longer_than_another_client(service, ctl):
    """gdbus, which reads the same once, and shows it as it is. In turns, since what else the machine does adds to both."""
    other = ["gdbus", "call", "--session", "--dest", NAME, "--object-path", ROOT, "--method", "org.freedesktop.DBus.ObjectManager.GetManagedObjects"]

    def seconds(command):
        start = time.monotonic()
        subprocess.run(command, env=ctl.environment, stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - start
    turns = [(seconds(["memcoordctl", "--session", "status"]), seconds(other)) for _ in range(15)]
    ours, others = (min(each) for each in zip(*turns))
    print(f"{ours * 1000:.1f} ms, and {others * 1000:.1f}")
    # A sanitizer itself takes six times as long to start.
    assert ours < others * (10 if is_sanitized() else 2)
