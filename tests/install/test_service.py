# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service as it is installed: started by systemd with all of its unit's restrictions, as its own user, against the
distribution's libvirtd with polkit, on a machine of its own.
"""

import contextlib
import os
import re
import shutil
import time

import pytest

from common import MIB, wait_until

MEMORY_MOVED = "91f4d2a7c3e84b5f8a06b1d9e5c7f302"
HYPERVISOR_BACK = "7e5c3a1908f64d2bb0d9e7c5a3f18264"
INHIBITED = "b75d3f1e8c6a4029a1e4d0c9f2b87a63"
ROOT = ("org.example.MemCoord", "/org/example/MemCoord", "org.example.MemCoord1")
LOW_WATERMARK = ("SetThreshold", "st", "LowWatermark", str(120 * MIB))
LIBVIRT_SOCKETS = ("libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket")
CONFIGURATION = "/etc/memcoord/memcoord.conf"
POLKITS_HELPER = "polkit-agent-helper.socket"


def start(machine):
    # The unit's limit is for starts that fail, and counts others, too: these tests start it more often.
    machine.run("systemctl", "reset-failed", "memcoordd", check=False)  # fails where it is not loaded
    machine.run("systemctl", "start", "memcoordd")
    wait_until(lambda: machine.get("State") == "running", 20, "the service to run")


@pytest.fixture
def service(machine):
    """Runs, with the configuration that is installed and nothing set."""
    start(machine)
    yield machine
    start(machine)
    machine.run("memcoordctl", "reset")


def read(machine, path):
    return machine.run("cat", path).stdout


def write(machine, path, text):
    machine.run("sh", "-c", 'mkdir -p "$(dirname "$0")"; printf %s "$1" >"$0"', path, text)


def call(machine, *words, **options):
    return machine.run("busctl", "call", *ROOT, *words, **options)


def main_pid(machine):
    return machine.show("MainPID")


# The unit


def test_unit_has_no_faults(machine):
    done = machine.run("systemd-analyze", "verify", "/usr/lib/systemd/system/memcoordd.service")
    assert done.stdout + done.stderr == ""


def test_it_stops_before_libvirt_does(machine):
    """The settings of VMs are restored while it still answers, whichever daemon it is."""
    after = set(machine.show("After").split())
    assert {"libvirtd.socket", "libvirtd.service", "virtqemud.socket", "virtqemud.service"} <= after


def test_service_is_enabled_for_every_start(machine):
    machine.run("systemctl", "enable", "memcoordd")
    assert machine.run("systemctl", "is-enabled", "memcoordd").stdout == "enabled\n"
    assert machine.run("systemctl", "show", "--value", "--property=Wants", "multi-user.target").stdout.find("memcoordd") >= 0
    machine.run("systemctl", "disable", "memcoordd")


def test_process_has_its_own_user_and_no_rights(service):
    status = dict(re.findall(r"^(\w+):\s*(.*)$", read(service, f"/proc/{main_pid(service)}/status"), re.M))
    uid = service.run("id", "-u", "memcoord").stdout.strip()
    assert uid != "0"
    assert status["Uid"].split() == [uid] * 4
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def test_process_can_write_nothing_but_its_state(service):
    mounts = [line.split() for line in read(service, f"/proc/{main_pid(service)}/mountinfo").splitlines()]
    writable = {fields[4] for fields in mounts if "rw" in fields[5].split(",")}
    assert "/" not in writable and "/etc" not in writable
    assert "/var/lib/memcoord" in writable
    # Since systemd 254 a unit may tell the kernel when it wants to hear of its own memory's pressure.
    own_pressure = "/sys/fs/cgroup/system.slice/memcoordd.service/memory.pressure"
    assert [path for path in writable - {own_pressure} if path.startswith(("/home", "/root", "/sys"))] == []


def test_process_has_no_network(service):
    devices = read(service, f"/proc/{main_pid(service)}/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]
    namespaces = [service.run("readlink", f"/proc/{pid}/ns/net").stdout for pid in (1, main_pid(service))]
    assert namespaces[0] != namespaces[1]


# libvirt and polkit


def test_libvirt_lets_it_in_by_the_rule_that_is_installed(service):
    assert service.get("HypervisorConnected")
    refused = service.run("virsh", "-c", "qemu:///system", "list", user="visitor", check=False)
    assert refused.returncode != 0
    assert "authentication" in refused.stderr


def test_libvirt_that_restarts_lets_it_in_again(service):
    before = len(service.journal(f"MESSAGE_ID={HYPERVISOR_BACK}"))
    service.run("systemctl", "restart", "libvirtd")
    wait_until(lambda: len(service.journal(f"MESSAGE_ID={HYPERVISOR_BACK}")) > before, 30, "libvirt to be back")
    wait_until(lambda: service.get("State") == "running", 10, "the service to run")


def test_it_starts_before_libvirt_and_waits(service):
    service.run("systemctl", "stop", "memcoordd", "libvirtd.service", *LIBVIRT_SOCKETS)
    service.run("systemctl", "start", "memcoordd")
    wait_until(lambda: service.get("State") == "degraded", 10, "the service to miss libvirt")
    told = service.run("memcoordctl").stdout
    assert re.search(r"^ +State +degraded$", told, re.M)
    assert re.search(r"^ +Host +not known yet$", told, re.M)
    service.run("systemctl", "start", "libvirtd.socket")
    wait_until(lambda: service.get("State") == "running", 20, "libvirt to be found")


def test_everybody_reads_and_only_root_changes(service):
    visitor = service.run("memcoordctl", user="visitor").stdout
    assert "qemu:///system, connected" in visitor
    refused = call(service, *LOW_WATERMARK, user="visitor", check=False)
    assert refused.returncode != 0
    assert service.get("LowWatermark") == 100 * MIB
    call(service, *LOW_WATERMARK)
    assert service.get("LowWatermark") == 120 * MIB


def test_nobody_else_may_take_its_name(service):
    service.run("systemctl", "stop", "memcoordd")
    refused = service.run("/usr/libexec/memcoordd", "--uri", "test:///default", "--state-dir", "/tmp/visitor", user="visitor",
                          check=False)
    assert refused.returncode == 1
    assert "Cannot own bus name org.example.MemCoord: another memcoordd has it, or the bus does not allow it" in refused.stderr


def test_the_rule_of_the_readme_lets_a_group_pause(service, source_root):
    rule = re.search(r"^    (polkit\.addRule.*?^    \}\);)$", (source_root / "README.md").read_text(), re.M | re.S).group(1)
    assert "operators" in rule
    assert service.run("memcoordctl", "pause", "--reason", "update", user="operator", check=False).returncode == 5
    write(service, "/etc/polkit-1/rules.d/60-memcoord.rules", rule)
    wait_until(lambda: service.run("memcoordctl", "pause", "--reason", "update", user="operator",
               check=False).returncode == 0, 10, "polkit to have read the rule")
    assert service.get("PauseReason") == "update"
    assert service.run("memcoordctl", "pause", user="visitor", check=False).returncode == 5
    assert service.run("memcoordctl", "set", "low-watermark=90M", user="operator", check=False).returncode == 5
    service.run("memcoordctl", "resume", user="operator")
    service.run("rm", "/etc/polkit-1/rules.d/60-memcoord.rules")


def start_what_checks_passwords(machine):
    """A helper with root's rights; on sid one that a socket starts, which is enabled as polkit's package is installed."""
    if machine.run("systemctl", "cat", POLKITS_HELPER, check=False).returncode == 0:
        machine.run("systemctl", "start", POLKITS_HELPER)


def test_on_a_terminal_it_asks_for_an_administrators_password(service, source_root):
    service.run("sh", "-c", "echo root:secret | chpasswd")
    service.run("systemctl", "start", "systemd-logind")
    start_what_checks_passwords(service)
    terminal = shutil.copy(source_root / "tests/install/terminal.py", service.directory)
    shown = service.run(terminal, "visitor", "wrong", "memcoordctl pause --reason update").stdout
    assert "Authentication is required to pause or resume the sharing of memory between virtual machines" in shown
    assert "AUTHENTICATION FAILED" in shown and "Error" not in shown and "status=5" in shown
    assert service.get("State") == "running"
    shown = service.run(terminal, "visitor", "secret", "memcoordctl pause --reason update").stdout
    assert "AUTHENTICATION COMPLETE" in shown and "status=0" in shown
    assert service.get("PauseReason") == "update"
    service.run("memcoordctl", "resume")


@pytest.mark.parametrize("command, told, name, value", [
    ("memcoordctl set low-watermark=160M high-watermark=220M", "LowWatermark is 160 MiB now", "HighWatermark", 220 * MIB),
    ("memcoordctl reset", "Reset to the configuration.", "HighWatermark", 150 * MIB),
    ('memcoordctl pause --for 10m "kernel update"', "Paused for 10m.", "PauseReason", "kernel update"),
    ("memcoordctl resume", "Resumed.", "State", "running"),
    ("memcoordctl dry-run on", "Dry run on: no memory is moved.", "DryRun", True),
    ("busctl call org.example.MemCoord /org/example/MemCoord org.example.MemCoord1 SetThreshold st LowWatermark $((160<<20))",
     "Call failed: LowWatermark 160M is not below HighWatermark 150M", "LowWatermark", 100 * MIB),
])
def test_commands_of_the_readme_do_what_it_says(service, source_root, command, told, name, value):
    assert command in (source_root / "README.md").read_text()
    if command == "memcoordctl resume":
        service.run("memcoordctl", "pause")
    done = service.run("sh", "-c", command, check=False)
    assert told in done.stdout + done.stderr
    assert service.get(name) == value
    service.run("memcoordctl", "resume", check=False)
    service.run("memcoordctl", "dry-run", "off")


# The journal


INHIBIT_OFTEN = """
import os
import sys
import gi
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
text = chr(0x1f40f) * 250
for _ in range(int(sys.argv[1])):
    fds = bus.call_with_unix_fd_list_sync("org.example.MemCoord", "/org/example/MemCoord", "org.example.MemCoord1", "Inhibit",
                                          GLib.Variant("(ss)", (text, text)), None, 0, -1, None, None)[1]
    for fd in fds.steal_fds():
        os.close(fd)
"""
# As long as `MEMCOORD_FULL_FAULTS=1` has it, or long enough for the watchdog to notice.
STOPPED_S = 60 if os.environ.get("MEMCOORD_FULL_FAULTS") else 15
ENTRIES_LOST = "5d0a7be1c3f24698b1e47c92a6d8f035"


@contextlib.contextmanager
def stopped_journal(machine):
    journald = machine.run("systemctl", "show", "--value", "--property=MainPID", "systemd-journald").stdout.strip()
    machine.run("kill", "-STOP", journald)
    try:
        yield
    finally:
        machine.run("kill", "-CONT", journald)


def bytes_read(machine):
    """Every cycle reads /proc/meminfo; what comes by sockets is not counted."""
    return int(re.search(r"^rchar: (\d+)$", read(machine, f"/proc/{main_pid(machine)}/io"), re.M).group(1))


def watch_cycles(machine, seconds):
    """One begins in each interval, of two seconds here, and a second more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = bytes_read(machine)
        wait_until(lambda: bytes_read(machine) > before + 1000, 3, "a cycle")


def test_journal_that_is_stopped_delays_nothing_and_what_was_lost_is_told(service):
    write(service, f"{service.directory}/inhibit-often", INHIBIT_OFTEN)
    dropin = "/run/systemd/system/memcoordd.service.d/watchdog.conf"
    write(service, dropin, "[Service]\nWatchdogSec=4\n")
    service.run("systemctl", "daemon-reload")
    service.run("systemctl", "restart", "memcoordd")
    wait_until(lambda: service.get("State") == "running", 20, "the service to run")
    before = main_pid(service)
    with stopped_journal(service):
        service.run("/usr/bin/python3", f"{service.directory}/inhibit-often", "2000")
        watch_cycles(service, STOPPED_S)
        service.run("memcoordctl", "pause", "--reason", "nobody hears of this")
    told = wait_until(lambda: service.journal(f"MESSAGE_ID={ENTRIES_LOST}"), 20, "the loss to be told")
    assert len(told) == 1
    lost = int(told[0]["MEMCOORD_LOST"])
    assert told[0]["MESSAGE"] == f"{lost} log entries were lost while the journal did not answer"
    assert (main_pid(service), service.show("NRestarts")) == (before, "0")
    # Each inhibitor has an entry when it begins and one when it ends, and there are those of what changes meanwhile.
    begun = len(service.journal(f"_PID={before}", f"MESSAGE_ID={INHIBITED}"))
    assert 100 < begun < 2000 and lost > 2 * (2000 - begun)
    assert "nobody hears of this" not in str(service.journal(f"_PID={before}"))
    service.run("memcoordctl", "resume")
    wait_until(lambda: "Paused is false" in service.journal("--lines=1")[0]["MESSAGE"], 10, "the log to go on")
    service.run("rm", dropin)
    service.run("systemctl", "daemon-reload")
    service.run("systemctl", "restart", "memcoordd")


def test_journal_that_is_stopped_for_a_moment_loses_nothing(service):
    before = main_pid(service)
    with stopped_journal(service):
        for _ in range(40):
            call(service, "Pause", "su", "a moment", "0")
            call(service, "Resume")

    def paused():
        return [entry["MESSAGE"].split()[2] for entry in service.journal(f"_PID={before}")
                if entry["MESSAGE"].startswith("Paused is ")][-80:]
    wait_until(lambda: paused() == ["true,", "false,"] * 40, 20, "every entry, in its order")
    assert main_pid(service) == before


# systemd


def test_systemd_is_told_what_it_does(service):
    wait_until(lambda: service.show("StatusText") == "Balancing 0 VMs of qemu:///system", 10, "the status")
    assert (service.show("ActiveState"), service.show("Type")) == ("active", "dbus")


def test_service_that_hangs_is_started_again(service):
    dropin = "/run/systemd/system/memcoordd.service.d/watchdog.conf"
    write(service, dropin, "[Service]\nWatchdogSec=4\n")
    service.run("systemctl", "daemon-reload")
    service.run("systemctl", "restart", "memcoordd")
    hung = main_pid(service)
    fed = service.show("WatchdogTimestampMonotonic")
    wait_until(lambda: service.show("WatchdogTimestampMonotonic") != fed, 10, "a sign of life")
    service.run("kill", "-STOP", hung)
    wait_until(lambda: main_pid(service) not in ("0", hung), 30, "systemd to start it again")
    wait_until(lambda: service.get("State") == "running", 20, "the service to run")
    assert service.show("NRestarts") == "1"
    service.run("rm", dropin)
    service.run("systemctl", "daemon-reload")
    service.run("systemctl", "restart", "memcoordd")


def test_what_was_set_survives_a_kill(service):
    call(service, *LOW_WATERMARK)
    listing = service.run("stat", "--format=%U %a %F", "/var/lib/memcoord").stdout
    assert listing == "memcoord 700 directory\n"
    killed = main_pid(service)
    service.run("kill", "-KILL", killed)
    wait_until(lambda: main_pid(service) not in ("0", killed), 20, "systemd to start it again")
    wait_until(lambda: service.get("State") == "running", 20, "the service to run")
    assert service.get("LowWatermark") == 120 * MIB


def test_what_a_full_disk_does_not_keep_is_refused_and_changes_nothing(service):
    service.run("systemctl", "stop", "memcoordd")
    service.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/var/lib/memcoord")
    service.run("systemctl", "start", "memcoordd")
    wait_until(lambda: service.get("State") == "running", 20, "the service to run")
    call(service, "SetThreshold", "st", "LowWatermark", str(110 * MIB))
    service.run("dd", "if=/dev/zero", "of=/var/lib/memcoord/others", check=False)
    refused = [call(service, *LOW_WATERMARK, check=False), call(service, "Pause", "su", "update", "0", check=False)]
    assert ["cannot be saved, so nothing was changed" in done.stderr and "No space left on device" in done.stderr
            for done in refused] == [True, True]
    before = main_pid(service)
    for _ in range(2):
        assert (service.get("LowWatermark"), service.get("PauseReason"), service.get("State")) == (110 * MIB, "", "running")
        service.run("kill", "-KILL", main_pid(service))
        wait_until(lambda: main_pid(service) not in ("0", before), 20, "systemd to start it again")
        wait_until(lambda: service.get("State") == "running", 20, "the service to run")
    service.run("rm", "/var/lib/memcoord/others")
    call(service, *LOW_WATERMARK)
    assert service.get("LowWatermark") == 120 * MIB
    service.run("systemctl", "stop", "memcoordd")
    service.run("umount", "/var/lib/memcoord")


def test_reload_takes_the_configuration_or_says_why_not(service):
    before = read(service, CONFIGURATION)
    write(service, CONFIGURATION, "[Thresholds]\nhigh-watermark=200M\n")
    service.run("systemctl", "reload", "memcoordd")
    assert service.get("HighWatermark") == 200 * MIB
    write(service, CONFIGURATION, "[Thresholds]\nhigh-watermark=lots\n")
    assert service.run("systemctl", "reload", "memcoordd", check=False).returncode != 0
    assert service.get("HighWatermark") == 200 * MIB
    told = service.journal("--priority=warning")[-1]["MESSAGE"]
    assert f'{CONFIGURATION}:2: high-watermark: "lots" is not a size' in told
    for command in (["systemctl", "status", "memcoordd"], ["memcoordctl", "status"]):
        shown = service.run(*command).stdout
        assert "refused" in shown and f'{CONFIGURATION}:2: high-watermark: "lots" is not a size' in shown, command
    write(service, CONFIGURATION, before)
    service.run("systemctl", "kill", "--signal=HUP", "memcoordd")
    wait_until(lambda: service.get("HighWatermark") == 150 * MIB, 10, "the signal to be heeded")
    assert "refused" not in service.run("memcoordctl", "status").stdout


def test_broken_configuration_stops_the_start_and_the_journal_says_why(service):
    before = read(service, CONFIGURATION)
    service.run("systemctl", "stop", "memcoordd")
    write(service, CONFIGURATION, "[Policy]\nweigth=100\n")
    assert service.run("systemctl", "start", "memcoordd", check=False).returncode != 0
    assert f"memcoordd: {CONFIGURATION}:2: weigth: there is no such key in [Policy]" in [
        entry["MESSAGE"] for entry in service.journal("--lines=20")]
    write(service, CONFIGURATION, before)
    service.run("systemctl", "reset-failed", "memcoordd")


def test_the_journal_knows_it_by_its_name(service):
    told = service.run("journalctl", "--identifier=memcoordd", "--output=cat").stdout
    assert "manages the VMs of qemu:///system" in told
    identifier = service.get("SyslogIdentifier", "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1")
    assert identifier == "memcoordd"


def test_log_level_is_systemds_to_set(service):
    def level(*words):
        return service.run("systemctl", "service-log-level", "memcoordd", *words).stdout.strip()
    assert level() == "info"
    level("debug")
    assert level() == "debug"
    service.run("memcoordctl", "reload")
    assert service.run("journalctl", "--unit=memcoordd", "--output=cat", "--grep=Update (handle|timeout)",
                       check=False).stdout == "", "libvirt-glib's own details"
    level("info")
    assert service.run("systemctl", "service-log-target", "memcoordd").stdout == "journal\n"


def test_call_on_the_bus_starts_it_where_it_is_enabled(service):
    service.run("systemctl", "stop", "memcoordd")
    assert service.get("Version", user="visitor") is None, "it was disabled and stopped, and somebody's read started it"
    assert service.show("ActiveState") == "inactive"
    service.run("systemctl", "enable", "memcoordd")
    assert service.get("Version", user="visitor") == service.run("memcoordctl", "--version").stdout.split()[1]
    assert service.show("ActiveState") == "active"
    service.run("systemctl", "disable", "--now", "memcoordd")
    assert service.get("Version", user="visitor") is None
    assert service.show("ActiveState") == "inactive"


def test_memcoordctl_does_not_start_it(service):
    service.run("systemctl", "enable", "memcoordd")
    service.run("systemctl", "stop", "memcoordd")
    assert (service.show("Result"), service.show("ExecMainStatus")) == ("success", "0")
    told = service.run("memcoordctl", check=False)
    assert (told.returncode, "systemctl status memcoordd" in told.stderr) == (3, True)
    assert service.show("ActiveState") == "inactive"
    service.run("systemctl", "disable", "memcoordd")


def test_defaults_are_those_of_the_sample(service):
    sample = dict(re.findall(r"^#([a-z-]+)=(\w+)$", read(service, CONFIGURATION), re.M))
    for key, name in (("low-watermark", "LowWatermark"), ("high-watermark", "HighWatermark"), ("host-reserve", "HostReserve")):
        assert service.get(name) == int(sample[key].rstrip("M")) * MIB
    for key, name in (("host-usage-limit", "HostUsageLimit"), ("step-limit", "StepLimit"), ("interval", "Interval")):
        assert service.get(name) == int(sample[key])


@pytest.mark.parametrize("language, connected, dry_run", [
    ("de", "qemu:///system, verbunden", "Entscheiden und melden, aber nichts bewegen"),
    ("fr", "qemu:///system, connecté", "Décider et signaler, mais ne rien déplacer"),
    ("zh_CN", "qemu:///system, 已连接", "只决定并报告，不移动内存"),
])
def test_messages_are_in_the_language_of_the_user(service, language, connected, dry_run):
    environment = [f"LANGUAGE={language}", "LC_ALL=en_US.UTF-8"]
    assert connected in service.run("memcoordctl", env=environment).stdout
    assert dry_run in service.run("/usr/libexec/memcoordd", "--help", env=environment).stdout


# A guest


def test_memory_of_a_guest_moves_and_the_journal_tells(service):
    guest = service.add_guest("web", 512 * MIB)

    def vm(name):
        return service.get(name, guest.object_path, "org.example.MemCoord1.VM")

    wait_until(lambda: vm("Status") == "managed", 30, "the guest to be managed")
    service.run("memcoordctl", "set", "web", "maximum=400M")
    wait_until(lambda: (vm("Balloon") or 512 * MIB) <= 400 * MIB, 30, "the guest to have its maximum")
    entry = service.journal(f"MESSAGE_ID={MEMORY_MOVED}", f"MEMCOORD_UUID={guest.uuid}")[0]
    assert entry["MEMCOORD_VM"] == "web"
    assert entry["MEMCOORD_UUID"] == guest.uuid
    assert int(entry["MEMCOORD_TO"]) < int(entry["MEMCOORD_FROM"]) <= 512 * MIB
    assert entry["PRIORITY"] == "6"
    service.run("journalctl", "--update-catalog")
    explained = service.run("journalctl", "--catalog", "--unit=memcoordd", f"MESSAGE_ID={MEMORY_MOVED}", "--lines=1").stdout
    assert "Subject: Memory of web moved" in explained
    assert f"The balloon target of web ({guest.uuid}) was set from" in explained
    assert "period='1'" in service.virsh("dumpxml", "web").stdout
    service.run("systemctl", "stop", "memcoordd")
    assert "period='1'" not in service.virsh("dumpxml", "web").stdout
