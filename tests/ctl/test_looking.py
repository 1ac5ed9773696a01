# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that look: what they print is what the bus says."""

import json
import re
import socket
import subprocess

import pytest

from common import BUILD, MIB, wait_until
from common.bus import HOST, ROOT, VM


def size(count):
    """As people read it."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1023.95 or unit == "TiB":
            return f"{count:.1f}".removesuffix(".0") + f" {unit}"
        count /= 1024
    return None


def rows(text):
    """A table's lines as lists of cells."""
    return [re.split(r"  +", line.strip()) for line in text.splitlines()]


def test_status_shows_host_and_vms(service, ctl):
    host, vms = service.host(), service.vms()
    output = ctl.good("status")
    above, below = output.split("\n\n")
    assert host["State"] in above
    assert f"{host['HostCondition']}: " in above
    assert f"{size(host['HostAvailable'])} of {size(host['HostTotal'])} available" in above
    assert f"low {size(host['LowWatermark'])}, high {size(host['HighWatermark'])}" in above
    assert (f"host reserve {size(host['HostReserve'])}, host usage limit {host['HostUsageLimit']} %, "
            f"step limit {host['StepLimit']} %, interval {host['Interval']}s") in above
    table = rows(below)
    assert table[0] == ["NAME", "STATUS", "BALLOON", "TARGET", "UNUSED", "USABLE", "MINIMUM", "MAXIMUM", "AGE", "DETAIL"]
    assert {row[0] for row in table[1:]} == set(vms)
    for row in table[1:]:
        vm = vms[row[0]]
        assert row[1] == vm["Status"]
        shown = [size(vm[key]) if vm[key] else "-" for key in ("Balloon", "Target", "Unused", "Usable", "Minimum", "Maximum")]
        assert row[2:8] == shown
        assert row[8] == "-" or re.fullmatch(r"\d+[smhd]", row[8])


def test_status_marks_what_was_changed_at_run_time(service, ctl):
    assert "*" not in ctl.good("status").split("\n\n")[0]
    ctl.good("set", "step-limit=15")
    service.wait_until(lambda: service.host()["Overridden"] == ["StepLimit"])
    above = ctl.good("status").split("\n\n")[0]
    assert "step limit 15 %*" in above and "interval 2s\n" in above
    assert '* changed at run time; "memcoordctl reset"' in above
    ctl.good("reset")
    service.wait_until(lambda: service.host()["Overridden"] == [])
    assert "*" not in ctl.good("status").split("\n\n")[0]


def test_overridden_of_a_vm_are_its_own(service, ctl):
    assert service.vms()["web"]["Overridden"] == []
    ctl.good("set", "web", "weight=9", "minimum=300M")
    service.wait_until(lambda: service.vms()["web"]["Overridden"] == ["Minimum", "Weight"])
    assert service.vms()["db"]["Overridden"] == []


def test_show_marks_what_is_a_vms_own(service, ctl):
    assert "*" not in ctl.good("show", "db")
    ctl.good("set", "db", "weight=9", "minimum=300M")
    service.wait_until(lambda: service.vms()["db"]["Overridden"] == ["Minimum", "Weight"])
    lines = ctl.good("show", "db").splitlines()
    assert [line.split()[0] for line in lines if line.endswith("*")] == ["Minimum", "Weight"]
    assert '* this VM\'s own; "memcoordctl reset VM"' in lines[-1]
    ctl.good("reset", "db")
    service.wait_until(lambda: service.vms()["db"]["Overridden"] == [])
    assert "*" not in ctl.good("show", "db")


def test_watermarks_of_a_small_vm_are_shown_as_they_are_in_force(service, ctl):
    service.tell("add", "small", 256 * MIB)
    service.wait_until(lambda: service.vms()["small"]["Status"] == "managed")
    small, web = service.vms()["small"], service.vms()["web"]
    assert abs(small["LowWatermark"] - 256 * MIB // 5) < MIB and abs(small["HighWatermark"] - 256 * MIB * 3 // 10) < MIB
    assert (web["LowWatermark"], web["HighWatermark"]) == (100 * MIB, 150 * MIB)


def test_decisions_have_their_age(service, ctl):
    make_move(service, ctl)
    line = next(line for line in ctl.good("status").splitlines() if line.startswith("web "))
    assert re.search(r" \d+[smhd]  ", line)
    assert re.search(r"^\d+[smhd] ago: ", ctl.good("why", "web"), re.M)
    assert re.match(r"Decided now, on reports of managed VMs up to \d+s old\.\n\n", ctl.good("plan"))


def test_plan_while_degraded_says_so(service, ctl):
    service.tell("disconnect")
    service.wait_until(lambda: service.host()["State"] == "degraded")
    output = ctl.good("plan")
    assert "No VMs are active" not in output
    assert output.startswith("The service is degraded, and plans nothing. Nothing is moved: ")
    assert json.loads(ctl.good("plan", "--json")) == []
    service.tell("reconnect")


def test_status_says_what_it_is_good_for_and_what_it_costs(service, ctl, speaking):
    service.wait_until(lambda: service.host()["Reclaimed"] == sum(vm["Maximum"] - vm["Balloon"] for vm in service.vms().values()))
    assert service.host()["Reclaimed"] == 1280 * MIB
    held = "1.3 GiB"
    assert f"Reclaimed  3 VMs hold {held} less than their maximum; 0s in need in the last hour\n" in ctl.good("status")
    assert f"3 VMs haben {held} weniger als ihr Maximum; 0s Mangel in der letzten Stunde" in ctl.good("status", env=speaking("de"))
    assert f"3 VM ont {held} de moins que leur maximum" in ctl.good("status", env=speaking("fr"))
    assert f"3 台虚拟机比其最大值共少 {held}；" in ctl.good("status", env=speaking("zh_CN"))
    service.tell("host", 7 << 30)  # nothing is left to give
    service.tell("need", "web")
    wait_until(lambda: service.host()["NeedSecondsLastHour"] >= 3, 20, "need that is counted")
    service.tell("host", 1 << 30)
    service.wait_until(lambda: service.vms()["web"]["LastReason"].endswith("free"))
    shown = re.search(r"less than their maximum; (\d+)s in need in the last hour", ctl.good("status"))
    assert int(shown.group(1)) >= 3
    status = json.loads(ctl.good("status", "--json"))
    assert status["host"]["NeedSecondsLastHour"] >= 3 and status["host"]["Reclaimed"] > 0
    for name in ("db", str(service.vms()["db"]["Id"])):
        service.tell("remove", name)
    service.wait_until(lambda: len(service.vms()) == 1 and service.host()["Reclaimed"] < 1024 * MIB)
    assert re.search(r"1 VM holds [\d.]+ MiB less than its maximum; ", ctl.good("status"))
    service.tell("remove", "web")
    service.wait_until(lambda: not service.vms())
    assert "no VM holds less than its maximum; " in ctl.good("status")


def test_show_has_what_was_counted_of_the_vm(service, ctl):
    make_move(service, ctl)
    service.wait_until(lambda: service.vms()["web"]["Status"] == "managed")
    lines = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in ctl.good("show", "web").splitlines() if "  " in line.strip())
    assert re.fullmatch(r"(\d+m )?\d+s", lines["Time in need"])
    assert re.fullmatch(r"[\d.]+ [MG]iB", lines["Given in all"]) and lines["Taken in all"] == "0 B"


def test_who_knows_no_vms_yet_does_not_say_that_there_are_none(ctl, tmp_path):
    """While libvirtd does not answer, from the start on."""
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(tmp_path / "socket"))
    silent.listen()
    uri = f"qemu+unix:///system?socket={tmp_path}/socket"
    daemon = subprocess.Popen([BUILD / "src/memcoordd", "--session", "--uri", uri], env=ctl.environment)
    told = {"plan": set(), "status": set()}

    def has_told(command, what):
        told[command].update(ctl(command).stdout.splitlines()[-1:])
        return what in told[command]

    wait_until(lambda: has_told("plan", "The service is degraded, and plans nothing."), 20, "it to be degraded")
    wait_until(lambda: has_told("status", "The service is degraded, and knows no VMs."), 20, "its VMs not to be known")
    daemon.kill()
    daemon.wait()
    silent.close()
    assert "No VMs are active." not in told["plan"] | told["status"]


NOT_MANAGED = '<policy xmlns="https://example.org/memcoord/1" managed="no"/>'


@pytest.mark.parametrize("status, make", [
    ("paused", lambda service, ctl: ctl.good("pause", "web")),
    ("paused", lambda service, ctl: ctl.good("pause", "web", "a backup: nightly")),
    ("opted-out", lambda service, ctl: service.tell("metadata", "web", NOT_MANAGED)),
], ids=["pause", "pause-with-reason", "not-managed"])
def test_detail_ends_with_the_command_that_has_it_managed_again(service, ctl, status, make):
    make(service, ctl)
    service.wait_until(lambda: service.vms()["web"]["Status"] == status)
    command = service.vms()["web"]["StatusDetail"].rpartition(": memcoordctl ")[2]
    ctl.good(*command.split())
    service.wait_until(lambda: service.vms()["web"]["Status"] == "managed")


def test_detail_of_invalid_metadata_names_the_command_that_removes_it(service, ctl):
    service.tell("metadata", "web", NOT_MANAGED.replace("no", "maybe"))
    service.wait_until(lambda: service.vms()["web"]["Status"] == "opted-out")
    assert "virsh metadata web --uri https://example.org/memcoord/1 --remove --live --config" in ctl.good("show", "web")


@pytest.mark.parametrize("count", [1, 3])
def test_plan_says_of_whom_it_knows_nothing(service, ctl, count):
    names = list(service.vms())[:count]
    for name in names:
        service.tell("mute", name)
    service.wait_until(lambda: [service.vms()[name]["Status"] for name in names] == ["no-stats"] * count)
    output = ctl.good("plan")
    told = " ".join(output.split())
    assert f"Not known of {count} of 3 VMs, whose guests report nothing yet, or no longer: ask again when they do." in told
    assert ("Nothing would be moved while guests use what they use now." in told) == (count < 3)
    ctl.good("dry-run", "on")
    service.wait_until(lambda: service.host()["DryRun"])
    assert f"would move nothing yet; {count} of 3 VMs do not report" in ctl.good("status")


def test_status_is_the_default(service, ctl):
    assert ctl.good() == ctl.good("status")
    assert json.loads(ctl.good("--json")).keys() == {"host", "vms"}


def test_status_without_vms(service, ctl):
    for name in list(service.vms()):
        service.tell("remove", name)
    service.wait_until(lambda: not service.vms())
    assert "No VMs are active." in ctl.good("status")


def quiet(properties):
    """Without what changes by itself from one call to the next."""
    moving = ("StatsTime", "HostUsedPercent", "HostAvailable")
    return {key: value for key, value in properties.items() if key not in moving}


def test_json_is_what_the_bus_says(service, ctl):
    status = json.loads(ctl.good("status", "--json"))
    assert quiet(status["host"]) == quiet(service.host())
    expected = service.vms()
    assert {vm["Name"]: quiet(vm) for vm in status["vms"]} == {name: quiet(vm) for name, vm in expected.items()}
    assert [vm["Name"] for vm in json.loads(ctl.good("list", "--json"))] == sorted(expected)
    assert quiet(json.loads(ctl.good("show", "web", "--json"))) == quiet(expected["web"])


def test_list(service, ctl):
    table = rows(ctl.good("list"))
    expected = [[str(vm["Id"]), name, vm["UUID"], vm["Status"]] for name, vm in sorted(service.vms().items())]
    assert table == [["ID", "NAME", "UUID", "STATUS"]] + expected


def test_vm_by_name_uuid_and_id(service, ctl):
    vm = service.vms()["web"]
    for what in ("web", vm["UUID"], vm["UUID"].upper(), str(vm["Id"])):
        assert json.loads(ctl.good("show", what, "--json"))["UUID"] == vm["UUID"]


@pytest.mark.parametrize("command", ["show", "why", "pause", "resume", "reset"])
def test_ambiguous_vm(service, ctl, command):
    vms = service.vms()
    ambiguous = str(vms["db"]["Id"])
    done = ctl(command, ambiguous)
    assert done.returncode == 4
    assert done.stdout == ""
    for name in ("db", ambiguous):
        assert vms[name]["UUID"] in done.stderr


@pytest.mark.parametrize("command", [["show"], ["why"], ["resume"], ["pause"], ["reset"], ["set"]])
def test_unknown_vm(service, ctl, command):
    done = ctl(*command, "nope", *(["weight=5"] if command == ["set"] else []))
    assert (done.returncode, done.stdout) == (4, "")
    assert '"nope"' in done.stderr


def test_show_names_everything(service, ctl):
    vm = service.vms()["web"]
    lines = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in ctl.good("show", "web").splitlines() if "  " in line.strip())
    assert lines["UUID"] == vm["UUID"]
    assert lines["Status"] == vm["Status"]
    assert lines["Balloon"] == size(vm["Balloon"])
    for name in ("Minimum", "Maximum", "Low watermark", "High watermark"):
        assert lines[name] == size(vm[name.title().replace(" ", "")])
    assert lines["Weight"] == str(vm["Weight"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|-", lines["Last report"])


def make_move(service, ctl):
    """Has one VM in need of memory until it was given some."""
    before = len(service.call(service.path("web"), VM, "ListDecisions")[0])
    service.tell("need", "web")
    service.wait_until(lambda: len(service.call(service.path("web"), VM, "ListDecisions")[0]) > before)


def test_why_tells_the_decisions(service, ctl):
    make_move(service, ctl)
    decisions = service.call(service.path("web"), VM, "GetDecisions")[0]
    told = json.loads(ctl.good("why", "web", "--json"))
    count = len(decisions)
    listed = [(each["Time"], each["From"], each["To"], each["ReasonCode"], each["Sentence"]) for each in told["Decisions"]]
    assert listed[:count] == decisions
    output = ctl.good("why", "web")
    assert output.startswith("web has ")
    for _, before, after, _, sentence in decisions:
        assert f"{size(before)} → {size(after)}" in output
        assert sentence in output


def test_why_of_a_vm_that_never_moved(service, ctl):
    assert "Nothing was moved yet." in ctl.good("why", "db")


def test_plan(service, ctl):
    plan = service.call(ROOT, HOST, "Plan")[0]
    told = json.loads(ctl.good("plan", "--json"))
    assert {(each["VM"], each["Status"]) for each in told} == {(each[0], each[3]) for each in plan}
    assert {each["Name"] for each in told} == set(service.vms())
    output = ctl.good("plan")
    for each in told:
        assert each["Name"] in output
        assert each["Sentence"] in output


def test_plan_shows_where_it_would_end(service, ctl):
    assert "Nothing would be moved while guests use what they use now." in ctl.good("plan")
    ctl.good("dry-run", "on")
    service.tell("need", "web")
    service.tell("cycle")
    service.wait_until(lambda: service.vms()["web"]["LastReason"].startswith("dry run: "))
    vms, sums = service.call(ROOT, HOST, "Forecast")
    balloon, end = next(each[1:3] for each in vms if each[0] == service.path("web"))
    assert end > balloon
    told = {each["Name"]: each["EndsAt"] for each in json.loads(ctl.good("plan", "--json"))}
    assert told["web"] == pytest.approx(end, abs=64 * MIB)
    output = ctl.good("plan")
    assert "ENDS AT" in output
    assert re.search(r"^In all: 0 B taken from 0 of 3 VMs, [\d.]+ [MG]iB given to 1\.$", output, re.M)
    assert re.search(r"^After about \d+[smh] the host would have [\d.]+ GiB available\.$", output, re.M)
    assert re.search(r"^ *Dry run  would take 0 B and give [\d.]+ [MG]iB in all; see \"memcoordctl plan\"$", ctl.good("status"), re.M)
    assert json.loads(ctl.good("status", "--json"))["forecast"].keys() == sums.keys()
    assert all(len(line) <= 80 for line in output.splitlines() if line.startswith(("In all", "After")))
    ctl.good("dry-run", "off")
    service.wait_until(lambda: not service.host()["DryRun"])
    assert "would take" not in ctl.good("status")


def test_inhibitors_when_there_are_none(service, ctl):
    assert ctl.good("inhibitors") == "No inhibitors.\n"
    assert json.loads(ctl.good("inhibitors", "--json")) == []


def test_colours(service, ctl):
    escape = "\033["
    assert escape not in ctl.good("status")
    assert escape in ctl.good("status", "--color=always")
    assert escape in ctl.good("--color=always", "status", env={"NO_COLOR": "1"})
    assert escape not in ctl.good("status", "--color=never")
    assert escape not in ctl.good("status", "--json", "--color=always")
    plain = re.sub(r"\033\[[0-9;]*m", "", ctl.good("list", "--color=always"))
    assert plain == ctl.good("list")


def test_ascii_where_the_locale_is(service, ctl):
    make_move(service, ctl)
    assert ctl.good("why", "web", env={"LC_ALL": "C"}).isascii()
    assert ctl.good("top", env={"LC_ALL": "C"}).isascii()
    assert " -> " in ctl.good("why", "web", env={"LC_ALL": "C"})


def test_german(service, ctl, speaking):
    german = speaking("de")
    assert ctl.good("inhibitors", env=german) == "Niemand hemmt den Ausgleich.\n"
    assert "Zustand" in ctl.good("status", env=german)
    assert ctl("show", "nope", env=german).stderr == (
        'memcoordctl: keine VM hat den Namen, die UUID oder die Id „nope“: „memcoordctl list“ zeigt die, die laufen\n')
    assert ctl.good("status", "--json", env=german).startswith("{")


def test_chinese_titles_stay_in_line(service, ctl, speaking):
    output = ctl.good("list", env=speaking("zh_CN"))
    assert output.splitlines()[0].split() == ["编号", "名称", "UUID", "状态"]
    # Each of those characters is two columns wide: two of them and the gap are as wide as a padded id and its gap.
    assert re.match(r" +\d+  ", output.splitlines()[1]).end() == len("编号") * 2 + 2


ODD = "evil\u202eeman\u009b2J\033[31m"
PLAIN = "evil?eman?2J?[31m"


def test_names_cannot_steer_the_terminal(service, ctl):
    """Neither in a table, nor in an error, a decision or the command that undoes a pause."""
    service.tell("rename", "web", ODD)
    service.tell("rename", "db", "a;reboot")
    service.wait_until(lambda: {ODD, "a;reboot"} <= set(service.vms()))
    vm = service.vms()[ODD]
    uuid = vm["UUID"]
    for command in (["status"], ["list"], ["show", uuid], ["why", uuid], ["plan"], ["top"]):
        output = ctl.good(*command)
        assert PLAIN in output and ODD not in output
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", output), command
    for command in (["show", ODD + "x"], ["set", ODD + "x", "weight=1"], [ODD], ["set", ODD + "="], ["top", ODD]):
        done = ctl(*command)
        assert done.returncode != 0 and "evil?eman" in done.stderr
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.stderr), command
    ctl.good("pause", uuid)
    ctl.good("pause", "a;reboot")
    service.wait_until(lambda: [vm["Status"] for vm in service.vms().values()].count("paused") == 2)
    details = {name: vm["StatusDetail"] for name, vm in service.vms().items()}
    assert details[ODD].endswith(f"memcoordctl resume {uuid}")
    assert details["a;reboot"].endswith("memcoordctl resume 'a;reboot'")


def test_full_disk_is_an_error(service, ctl):
    with open("/dev/full", "w", encoding="utf-8") as full:
        process = ctl.start("list", stdout=full)
        assert process.wait(timeout=10) == 1
        process = ctl.start("list", "--json", stdout=full)
        assert process.wait(timeout=10) == 1


def test_reader_that_leaves(service, ctl):
    """A pipe that is closed ends it at once and silently, as it does every filter."""
    process = ctl.start("top", "--count=0", stderr=-1)
    assert process.stdout.readline().startswith("MemCoord: ")
    process.stdout.close()
    assert process.wait(timeout=10) == -13
    assert process.stderr.read() == ""
