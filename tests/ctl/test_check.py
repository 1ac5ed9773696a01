# SPDX-License-Identifier: LGPL-2.1-or-later
"""memcoordctl check: the line and the exit status that a monitoring system goes by."""

import json
import re
import subprocess

import pytest

from common import MIB
from common.bus import HOST, ROOT
from gi.repository import GLib

# Monitoring Plugins Development Guidelines: 'label'=value[UOM];[warn];[crit];[min];[max]
NUMBER = r"-?\d+(?:\.\d+)?"
FIGURE = re.compile(rf"([a-z_]+)=({NUMBER})(%|B|)(?:;({NUMBER}:?)?)?(?:;({NUMBER}:?)?)?(?:;({NUMBER})?)?(?:;({NUMBER})?)?")
NAMES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]


def check(ctl, *arguments, **options):
    """(exit status, text, figures); it is one line, of the form that every monitoring system reads."""
    done = ctl("check", *arguments, **options)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1 and done.stdout.endswith("\n")
    line = done.stdout[:-1]
    assert len(line.encode()) < 1400
    text, bar, figures = line.partition(" | ")
    assert "|" not in text + figures
    assert text.startswith(f"MEMCOORD {NAMES[done.returncode]}: ")
    return done.returncode, text, parse(figures) if bar else {}


def parse(figures):
    found = {}
    for each in figures.split(" "):
        match = FIGURE.fullmatch(each)
        assert match, each
        assert match.group(1) not in found
        found[match.group(1)] = float(match.group(2))
    return found


def test_all_is_well(service, ctl):
    code, text, figures = check(ctl)
    host = service.host()
    assert (code, text.split(":")[0]) == (0, "MEMCOORD OK")
    assert f"host {host['HostCondition']}: " in text and text.endswith("3 VMs")
    assert abs(figures["host_available"] - host["HostAvailable"]) < 64 * MIB
    assert (figures["vms"], figures["vms_managed"], figures["vms_in_need"], figures["vms_lost"]) == (3, 3, 0, 0)
    assert figures["reclaimed"] == sum(vm["Maximum"] - vm["Balloon"] for vm in service.vms().values())


def test_figures_are_the_same_in_each_language(service, ctl):
    for language in ("de", "fr", "zh_CN"):
        code, text, figures = check(ctl, env={"LANGUAGE": language, "LC_NUMERIC": "de_DE.UTF-8"})
        assert code == 0 and text.startswith("MEMCOORD OK: ") and "host_used" in figures


def test_host_that_is_critical(service, ctl):
    """A warning at first, as it may pass; critical once it has lasted."""
    service.tell("host", 64 << 40)
    service.wait_until(lambda: service.host()["HostCondition"] == "critical")
    code, text, figures = check(ctl, "--critical=1h")
    assert code == 1 and "the host is critical for " in text and figures["host_available"] == service.host()["HostAvailable"]
    assert check(ctl, "--critical=0")[0] == 2


def test_host_that_is_tight(service, ctl):
    total = service.host()["HostTotal"]
    used = sum(vm["Resident"] for vm in service.vms().values())
    service.tell("host", total * 85 // 100 - used)
    service.wait_until(lambda: service.host()["HostCondition"] == "tight")
    assert check(ctl, "--warning=1h")[0] == 0
    code, text, _ = check(ctl, "--warning=0")
    assert code == 1 and "the host is tight for " in text and "75 %" in text


def test_hypervisor_that_is_lost(service, ctl):
    service.tell("disconnect")
    service.wait_until(lambda: service.host()["State"] == "degraded")
    code, text, _ = check(ctl, "--critical=1h")
    assert code == 1 and "degraded for " in text and "fake:///" in text
    assert "% used" not in text  # what was read last is not what is there now
    code, text, _ = check(ctl, "--critical=0", "--warning=0")
    assert code == 2
    assert "cannot be managed" not in text  # one cause, one finding
    service.tell("reconnect")


def test_vm_in_need_that_is_given_nothing(service, ctl):
    service.tell("host", 64 << 40)
    service.tell("need", "web")
    service.wait_until(lambda: service.vms()["web"]["ShortSince"] > 0)
    assert "in need" not in check(ctl, "--warning=1h")[1]
    code, text, figures = check(ctl, "--warning=0", "--critical=1h")
    assert code == 1 and re.search(r"in need of memory, and given none: [^;]*web \(\d+s\)", text)
    assert figures["vms_in_need"] >= 1


def test_vm_that_is_lost(service, ctl):
    """One that never reported is as somebody made it; one that has stopped reporting is lost."""
    service.tell("freeze", "web")
    service.tell("add", "mute", 512 * MIB)
    service.tell("mute", "mute")
    service.wait_until(lambda: {"stale", "no-stats"} <= {vm["Status"] for vm in service.vms().values()}, 60)
    code, text, figures = check(ctl, "--warning=0")
    assert code == 1 and re.search(r"cannot be managed: web \(stale, \d+s\)", text)
    assert "mute" not in text and figures["vms_lost"] == 1
    assert check(ctl, "--warning=1h")[0] == 0


def test_process_that_hangs_is_lost_until_it_answers(service, ctl):
    service.tell("hang", "web")
    service.wait_until(lambda: service.vms()["web"]["Status"] == "busy", 30)
    code, text, figures = check(ctl, "--warning=0")
    assert code == 1 and re.search(r"cannot be managed: web \(busy, \d+s\)", text) and figures["vms_lost"] == 1
    service.tell("release", "web")
    service.wait_until(lambda: service.vms()["web"]["Status"] == "managed", 30)
    assert check(ctl, "--warning=0")[0] == 0


def test_pause_with_an_end_and_without(service, ctl):
    ctl.good("pause", "--for", "2h", "--reason", "a kernel | update")
    service.wait_until(lambda: service.host()["State"] == "paused")
    code, text, _ = check(ctl, "--warning=0")
    assert code == 0 and "paused until " in text and "a kernel ? update" in text
    ctl.good("pause", "--reason", "forgotten")
    service.wait_until(lambda: service.host()["PausedUntil"] == 0)
    assert check(ctl, "--warning=1h")[0] == 0
    code, text, _ = check(ctl, "--warning=0")
    assert code == 1 and "memcoordctl resume" in text and "forgotten" in text


def test_inhibited(service, ctl):
    process = ctl.start("inhibit", "sleep", "60")
    service.wait_until(lambda: service.host()["Inhibited"])
    code, text, _ = check(ctl, "--warning=0")
    assert code == 0 and "memcoordctl inhibitors" in text
    process.terminate()
    process.wait(timeout=10)


def test_vm_that_is_paused_is_no_alarm(service, ctl):
    ctl.good("pause", "web")
    service.wait_until(lambda: service.vms()["web"]["Status"] == "paused")
    code, _, figures = check(ctl, "--warning=0", "--critical=0")
    assert code == 0 and figures["vms_paused"] == 1


def test_dry_run(service, ctl):
    ctl.good("dry-run", "on")
    service.wait_until(lambda: service.host()["DryRun"])
    code, text, _ = check(ctl)
    assert code == 1 and "dry run, turned on at run time" in text


def test_names_cannot_break_the_line(service, ctl):
    name = "x|'a'=1;\u202e" + "long" * 40 + "虚拟机"
    service.tell("rename", "web", name)
    service.wait_until(lambda: name in service.vms())
    service.tell("freeze", name)
    for number in range(8):
        service.tell("add", f"{number}" + "é" * 200, 512 * MIB)
    service.wait_until(lambda: service.vms()[name]["Status"] == "stale", 60)
    code, text, figures = check(ctl, "--warning=0")
    assert code == 1 and "x?'a'=1;?long" in text and "…" in text and "虚拟机 (stale" in text
    assert figures["vms"] == 11


def test_json(service, ctl):
    found = json.loads(ctl.good("check", "--json"))
    assert (found["Health"], found["Findings"]) == ("OK", [])
    assert found["host"]["State"] == service.host()["State"]
    ctl.good("dry-run", "on")
    service.wait_until(lambda: service.host()["DryRun"])
    done = ctl("check", "--json")
    assert done.returncode == 1
    assert [each["Health"] for each in json.loads(done.stdout)["Findings"]] == ["WARNING"]


def test_service_that_is_not_there(bus, ctl):
    code, text, figures = check(ctl)
    assert (code, text, figures) == (2, "MEMCOORD CRITICAL: memcoordd is not running", {})
    assert json.loads(ctl("check", "--json").stdout)["Health"] == "CRITICAL"


def test_bus_that_is_not_there(ctl):
    code, text, figures = check(ctl, env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"})
    assert (code, figures) == (3, {}) and text.startswith("MEMCOORD UNKNOWN: ")


def test_service_that_does_not_answer(service, ctl):
    """It is known to be there: that is as bad as one that is not."""
    service.process.send_signal(19)
    try:
        code, text, _ = check(ctl)
        assert (code, text) == (2, "MEMCOORD CRITICAL: memcoordd does not answer")
    finally:
        service.process.send_signal(18)


@pytest.mark.parametrize("arguments", [["--warning=soon"], ["--critical"], ["--bogus"], ["web"]])
def test_mistakes_are_unknown(ctl, arguments):
    done = ctl("check", *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert "--help" in done.stderr


def test_configuration_that_was_refused(bus, ctl, tmp_path):
    """Shown by all that an admin looks at, until a reload succeeds."""
    from common.service import running_service
    config = tmp_path / "memcoord.conf"
    config.write_text("[Policy]\ndry-run=true\n")
    with running_service(bus, {"web": 1024 * MIB}, f"--config={config}") as service:
        code, text, _ = check(ctl)
        assert code == 0 and "dry run, as configured" in text
        config.write_text("[Policy]\nspeed=high\n")
        done = ctl("reload")
        assert done.returncode == 1 and f"{config}:2: speed" in done.stderr
        service.wait_until(lambda: "speed" in service.host()["ReloadError"])
        status = ctl.good("status")
        assert "refused; the settings in force stay" in status and f"{config}:2: speed" in status
        code, text, _ = check(ctl)
        assert code == 1 and "the last reload was refused" in text and f"{config}:2: speed" in text
        config.write_text("[Policy]\ndry-run=true\n")
        ctl.good("reload")
        service.wait_until(lambda: service.host()["ReloadError"] == "")
        assert "refused" not in ctl.good("status") and check(ctl)[0] == 0


def test_example_of_a_timer_tells_what_is_critical_alone(service, ctl, source_root):
    """The man page's one-liner."""
    page = (source_root / "data/man/memcoordctl.rst").read_text()
    script = re.search(r"^ +'(line=.*)'$", page, re.M).group(1).replace("mail -s MemCoord root", "cat")
    script = script.replace("memcoordctl check", "memcoordctl --session check $ARGUMENTS")

    def run(arguments):
        return subprocess.run(["sh", "-c", script], env=ctl.environment | {"ARGUMENTS": arguments}, capture_output=True, text=True,
                              check=True, timeout=30).stdout
    assert run("") == ""
    service.call(ROOT, HOST, "SetDryRun", GLib.Variant("(b)", (True,)))
    assert run("") == ""
    service.tell("disconnect")
    service.wait_until(lambda: service.host()["State"] == "degraded")
    assert run("--critical=0").startswith("MEMCOORD CRITICAL: ")
