# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that change things: the bus shows that they did."""

import json
import os
import re
import signal
import subprocess

import pytest

from common import MIB
from common.bus import HOST, ROOT


def test_set_host(service, ctl):
    before = service.host()
    assert (before["LowWatermark"], before["HostUsageLimit"]) == (100 * MIB, 75)
    output = ctl.good("set", "LowWatermark=120M", "host-usage-limit=80%", "interval=3s")
    service.wait_until(lambda: service.host()["LowWatermark"] == 120 * MIB)
    host = service.host()
    assert (host["HostUsageLimit"], host["Interval"]) == (80, 3)
    assert "LowWatermark is 120 MiB now, was 100 MiB.\n" in output
    assert json.loads(ctl.good("set", "step-limit=10", "--json")) == {"StepLimit": 10}


def test_set_host_is_all_or_nothing(service, ctl):
    done = ctl("set", "interval=7", "low-watermark=900M")
    assert (done.returncode, done.stdout) == (1, "")
    assert "LowWatermark" in done.stderr
    assert (service.host()["Interval"], service.host()["LowWatermark"]) == (2, 100 * MIB)


@pytest.mark.parametrize("assignment, code, named", [
    ("bogus=1", 1, "bogus"),
    ("host-usage-limit=101", 1, "101"),
    ("low-watermark=75%", 2, "75%"),
    ("low-watermark=", 2, "low-watermark"),
    ("low-watermark=-1", 2, "-1"),
    ("interval=fast", 2, "fast"),
    ("=5", 2, "=5"),
])
def test_set_refused(service, ctl, assignment, code, named):
    before = service.host()
    done = ctl("set", assignment)
    assert (done.returncode, done.stdout) == (code, "")
    assert named in done.stderr
    assert "GDBus" not in done.stderr
    assert service.host()["LowWatermark"] == before["LowWatermark"]


@pytest.mark.parametrize("order", [["low-watermark=300M", "high-watermark=400M"],
                                   ["high-watermark=400M", "low-watermark=300M"]])
def test_set_vm_in_any_order(service, ctl, order):
    ctl.good("set", "web", *order, "weight=7")
    service.wait_until(lambda: service.vms()["web"]["Weight"] == 7)
    vm = service.vms()["web"]
    assert (vm["LowWatermark"], vm["HighWatermark"]) == (300 * MIB, 400 * MIB)
    assert service.vms()["db"]["Weight"] == 100
    ctl.good("set", "web", "high-watermark=70M", "low-watermark=50M")
    service.wait_until(lambda: service.vms()["web"]["LowWatermark"] == 50 * MIB)


def test_set_vm_is_all_or_nothing(service, ctl):
    done = ctl("set", "web", "weight=9", "managed=no", "host-reserve=1G")
    assert (done.returncode, done.stdout) == (1, "")
    assert "host-reserve" in done.stderr
    done = ctl("set", "web", "managed=no", "minimum=2G")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Minimum" in done.stderr
    assert (service.vms()["web"]["Weight"], service.vms()["web"]["Overridden"]) == (100, [])
    assert service.vms()["web"]["Status"] == "managed"


def test_set_whether_a_vm_is_managed(service, ctl):
    assert ctl.good("set", "web", "managed=no", "minimum=300M") == \
        "Managed is no now, was yes.\nMinimum is 300 MiB now, was 64 MiB.\n"
    service.wait_until(lambda: service.vms()["web"]["Status"] == "opted-out")
    assert service.vms()["web"]["Overridden"] == ["Minimum"]
    assert service.vms()["db"]["Status"] == "managed"
    ctl.good("reset", "web")
    service.wait_until(lambda: service.vms()["web"]["Overridden"] == [])
    assert service.vms()["web"]["Status"] == "opted-out"
    assert ctl.good("set", "web", "Managed=yes") == "Managed is yes now, was no.\n"
    service.wait_until(lambda: service.vms()["web"]["Status"] == "managed")
    assert json.loads(ctl.good("set", "web", "managed=no", "--json")) == {"Managed": 0}
    assert json.loads(ctl.good("reset", "web", "managed", "--json")) == {"reset": ["Managed"]}
    service.wait_until(lambda: service.vms()["web"]["Status"] == "managed")


@pytest.mark.parametrize("value", ["", "maybe", "0", "YES"])
def test_managed_is_yes_or_no(service, ctl, value):
    done = ctl("set", "web", f"managed={value}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "yes" in done.stderr and "no" in done.stderr


@pytest.mark.parametrize("command", [["set", "interval=5"], ["set", "interval=5", "low-watermark=60M"]])
def test_set_of_a_vm_that_is_called_like_a_threshold(service, ctl, command):
    service.tell("rename", "web", "interval=5")
    service.wait_until(lambda: "interval=5" in service.vms())
    uuid = service.vms()["interval=5"]["UUID"]
    done = ctl(*command)
    assert (done.returncode, done.stdout) == (4, "")
    assert uuid in done.stderr and '"Interval"' in done.stderr
    assert service.host()["Interval"] == 2
    ctl.good("set", uuid, "weight=7")
    service.wait_until(lambda: service.vms()["interval=5"]["Weight"] == 7)
    ctl.good("set", "Interval=5")
    service.wait_until(lambda: service.host()["Interval"] == 5)


def test_reset_of_a_vm_that_is_called_like_a_threshold(service, ctl):
    service.tell("rename", "web", "interval")
    service.wait_until(lambda: "interval" in service.vms())
    ctl.good("set", "Interval=9")
    done = ctl("reset", "interval")
    assert (done.returncode, done.stdout) == (4, "")
    assert service.vms()["interval"]["UUID"] in done.stderr
    assert service.host()["Interval"] == 9
    ctl.good("reset", "Interval")
    service.wait_until(lambda: service.host()["Interval"] == 2)


def test_set_vm_without_thresholds(service, ctl):
    done = ctl("set", "web")
    assert done.returncode == 2


def test_reset_host(service, ctl):
    ctl.good("set", "interval=9", "step-limit=9")
    ctl.good("reset", "interval")
    service.wait_until(lambda: service.host()["Interval"] == 2)
    assert service.host()["StepLimit"] == 9
    ctl.good("reset")
    service.wait_until(lambda: service.host()["StepLimit"] == 20)


def test_reset_vm(service, ctl):
    ctl.good("set", "web", "weight=9", "minimum=300M")
    service.wait_until(lambda: service.vms()["web"]["Weight"] == 9)
    ctl.good("reset", "web", "Weight")
    service.wait_until(lambda: service.vms()["web"]["Weight"] == 100)
    assert service.vms()["web"]["Minimum"] == 300 * MIB
    assert json.loads(ctl.good("reset", "web", "--json")) == {"reset": []}
    service.wait_until(lambda: service.vms()["web"]["Minimum"] != 300 * MIB)


def test_reset_unknown(service, ctl):
    done = ctl("reset", "web", "bogus")
    assert done.returncode == 1
    assert "bogus" in done.stderr


def test_give_back(service, ctl):
    assert ctl.good("give-back") == "There is nothing to give back.\n"  # nothing was taken
    assert json.loads(ctl.good("give-back", "--json")) == {"Bytes": 0, "DryRun": False}
    ctl.good("dry-run", "on")
    assert ctl.good("give-back", "web") == "Dry run: 512 MiB would be given back.\n"
    assert json.loads(ctl.good("give-back", "web", "--json")) == {"Bytes": 512 * MIB, "DryRun": True}
    ctl.good("dry-run", "off")
    assert service.vms()["web"]["Target"] == 512 * MIB
    assert ctl.good("give-back", "web", service.vms()["db"]["UUID"]) == "1 GiB are given back.\n"
    service.wait_until(lambda: service.vms()["web"]["Target"] == service.vms()["db"]["Target"] == 1024 * MIB)


@pytest.mark.parametrize("named", [["web", "db"], []])
def test_give_back_says_what_the_host_lacks(service, ctl, named):
    """Room for a part of it. Without names it is about those from which the service took something."""
    def of_both(member):
        return [service.vms()[name][member] for name in ("web", "db")]

    if not named:
        ctl.good("give-back", "web", "db")
        for name in ("web", "db"):
            service.tell("unused", name, 350 * MIB)
        service.tell("host", (8192 - 1024 - 150) * MIB)
        service.wait_until(lambda: max(of_both("Target")) < 600 * MIB)
    service.tell("host", (8192 - 1024 - 1100) * MIB)
    service.tell("cycle")
    said = ctl.good("give-back", *named)
    given, missing = re.fullmatch(r"(\d+) MiB are given back\.\n(\d+) MiB are still missing: the host, or a limit .*, has no more\.\n", said).groups()
    assert int(given) > 100
    assert int(missing) == pytest.approx((sum(of_both("Maximum")) - sum(of_both("Target"))) / MIB, abs=1)


def test_give_back_that_is_refused(service, ctl):
    done = ctl("give-back", "web", "nobody")
    assert (done.returncode, done.stdout) == (4, "")
    assert "nobody" in done.stderr
    done = ctl("give-back", "web", "web")
    assert (done.returncode, done.stdout) == (1, "")
    ctl.good("pause", "web", "--reason", "backup")
    service.wait_until(lambda: service.vms()["web"]["Status"] == "paused")
    done = ctl("give-back", "web")
    assert (done.returncode, done.stdout) == (1, "")
    assert "web" in done.stderr and "backup" in done.stderr
    assert service.vms()["web"]["Target"] == 512 * MIB


def test_pause_and_resume(service, ctl):
    assert ctl.good("pause", "host maintenance", "--for", "10m") == "Paused for 10m.\n"
    service.wait_until(lambda: service.host()["State"] == "paused")
    host = service.host()
    assert host["PauseReason"] == "host maintenance"
    assert host["PausedUntil"] > 0
    status = ctl.good()
    assert "host maintenance" in status
    assert "until 2" in status
    assert ctl.good("resume") == "Resumed.\n"
    service.wait_until(lambda: service.host()["State"] == "running")
    assert "maintenance" not in ctl.good()


def test_pause_with_a_word_for_a_reason(service, ctl):
    done = ctl("pause", "maintenance")
    assert done.returncode == 4
    assert service.host()["State"] == "running"
    ctl.good("pause", "--reason=maintenance")
    service.wait_until(lambda: service.host()["PauseReason"] == "maintenance")
    ctl.good("resume")


def test_pause_one_vm(service, ctl):
    told = json.loads(ctl.good("pause", "web", "snapshot", "--for=1h", "--json"))
    assert told == {"VM": "web", "Reason": "snapshot", "Seconds": 3600}
    service.wait_until(lambda: service.vms()["web"]["Status"] == "paused")
    assert service.vms()["web"]["PauseReason"] == "snapshot"
    assert service.vms()["db"]["Status"] != "paused"
    assert service.host()["State"] == "running"
    assert "snapshot" in ctl.good("show", "web")
    assert json.loads(ctl.good("resume", "web", "--json")) == {"VM": "web"}
    service.wait_until(lambda: service.vms()["web"]["Status"] != "paused")


def test_resume_what_is_not_paused(service, ctl):
    done = ctl("resume")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr != ""


def test_dry_run(service, ctl):
    ctl.good("dry-run", "on")
    service.wait_until(lambda: service.host()["DryRun"])
    assert "dry run" in ctl.good("status")
    assert json.loads(ctl.good("dry-run", "off", "--json")) == {"DryRun": False}
    service.wait_until(lambda: not service.host()["DryRun"])
    assert "dry run" not in ctl.good("status")


def test_reload(service, ctl):
    assert ctl.good("reload") == "Configuration reloaded.\n"
    assert json.loads(ctl.good("reload", "--json")) == {"reloaded": True}


def test_inhibit_holds_while_the_command_runs(service, ctl):
    command = "memcoordctl --session inhibitors --json; memcoordctl --session status"
    output = ctl.good("inhibit", "--who", "a test", "--why=to see it", "sh", "-c", command)
    listed, end = json.JSONDecoder().raw_decode(output)
    assert len(listed) == 1
    assert (listed[0]["Who"], listed[0]["Why"], listed[0]["UID"]) == ("a test", "to see it", os.getuid())
    assert listed[0]["PID"] > 0
    assert "Inhibited" in output[end:]
    service.wait_until(lambda: not service.host()["Inhibited"])


def test_inhibit_names_the_command_by_itself(service, ctl):
    output = ctl.good("inhibit", "sh", "-c", "memcoordctl --session inhibitors")
    assert "sh -c memcoordctl --session inhibitors" in output


@pytest.mark.parametrize("command, code", [
    (["true"], 0),
    (["sh", "-c", "exit 7"], 7),
    (["sh", "-c", "kill -9 $$"], 128 + 9),
    (["/etc/passwd"], 126),
    (["there-is-no-such-command"], 127),
])
def test_exit_code_of_the_command(service, ctl, command, code):
    assert ctl("inhibit", *command).returncode == code
    assert ctl("reserve", "1M", *command).returncode == code


def test_inhibit_leaves_options_to_the_command(service, ctl):
    assert ctl.good("inhibit", "printf", "%s|", "--json", "--help") == "--json|--help|"
    assert ctl.good("inhibit", "--", "printf", "%s|", "--", "-x") == "--|-x|"


def test_inhibit_ends_with_the_command_whatever_it_leaves_behind(service, ctl):
    """A process that the command leaves behind does not inherit the inhibitor."""
    output = ctl.good("inhibit", "sh", "-c", "sleep 60 >&- 2>&- & echo $!")
    try:
        service.wait_until(lambda: not service.host()["Inhibited"])
        assert service.call(ROOT, HOST, "ListInhibitors")[0] == []
    finally:
        os.kill(int(output), signal.SIGTERM)


def test_inhibit_ends_when_killed(service, ctl):
    process = ctl.start("inhibit", "sh", "-c", "echo here; exec sleep 60", start_new_session=True)
    assert process.stdout.readline() == "here\n"
    assert len(service.call(ROOT, HOST, "ListInhibitors")[0]) == 1
    process.kill()
    process.wait(timeout=10)
    service.wait_until(lambda: not service.host()["Inhibited"])
    os.killpg(process.pid, signal.SIGKILL)


def test_inhibit_hands_on_sigterm(service, ctl):
    process = ctl.start("inhibit", "sh", "-c", "trap 'echo asked; exit 5' TERM; echo here; while :; do sleep 0.05; done")
    assert process.stdout.readline() == "here\n"
    process.terminate()
    assert process.communicate(timeout=10)[0] == "asked\n"
    assert process.returncode == 5


def test_inhibit_hands_on_a_sigterm_that_comes_at_once(service, ctl):
    command = "trap 'exit 5' TERM; kill -TERM $PPID; while :; do sleep 0.05; done"
    assert ctl("inhibit", "sh", "-c", command).returncode == 5


def test_inhibited_command_has_stdin(service, ctl):
    done = subprocess.run(["memcoordctl", "--session", "inhibit", "cat"], env=ctl.environment, input="through\n",
                          capture_output=True, text=True, timeout=10, check=True)
    assert done.stdout == "through\n"


def test_reserve_for_a_command(service, ctl):
    output = ctl.good("reserve", "64M", "--for", "1h", "sh", "-c", "memcoordctl --session --json")
    told, _ = json.JSONDecoder().raw_decode(output[output.index("{"):])
    assert output.startswith("Holding 64 MiB.\n")
    assert told["host"]["Reserved"] == 64 * MIB
    service.wait_until(lambda: service.host()["Reserved"] == 0)


def test_reserve_until_the_end(service, ctl):
    process = ctl.start("reserve", "64M", "--json")
    told = json.loads(process.stdout.readline())
    assert (told["Asked"], told["Granted"], told["Seconds"]) == (64 * MIB, 64 * MIB, 0)
    service.wait_until(lambda: service.host()["Reserved"] == 64 * MIB)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
    service.wait_until(lambda: service.host()["Reserved"] == 0)


def test_reserve_for_a_time(service, ctl):
    assert ctl.good("reserve", "64M", "--for", "1s") == "Holding 64 MiB.\n"
    service.wait_until(lambda: service.host()["Reserved"] == 0)


def test_reserve_more_than_there_is(service, ctl, tmp_path):
    before = service.host()["Reserved"], [vm["Target"] for vm in service.vms().values()]
    done = ctl("reserve", "1T", "touch", str(tmp_path / "ran"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "--partial" in done.stderr
    service.tell("cycle")
    assert (service.host()["Reserved"], [vm["Target"] for vm in service.vms().values()]) == before
    assert not (tmp_path / "ran").exists()
    service.wait_until(lambda: service.host()["Reserved"] == 0)
    done = ctl("reserve", "1T", "--partial", "true")
    assert done.returncode == 0
    assert re.fullmatch(r"Holding .*, less than the 1 TiB asked for\.\n", done.stdout)
