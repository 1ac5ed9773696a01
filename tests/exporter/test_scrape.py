# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a scrape has: the figures of that moment, and an answer in time whatever becomes of the service and the bus."""

import contextlib
import signal
import subprocess
import time

from gi.repository import GLib

from common import MIB, wait_until
from common.bus import HOST, ROOT, own_bus
from common.service import running_service
from exporter import read_all

OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
OLDER = "text/plain; version=0.0.4; charset=utf-8"
ANSWERED_S = 5  # Prometheus is told to wait for no less than that; the exporter itself waits for three
AWAY = "# TYPE memcoord_up gauge\n# HELP memcoord_up Whether the service answers.\nmemcoord_up 0\n"


def names_and_labels(text):
    return {line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")}


def assert_away_in_time(exporter):
    began = time.monotonic()
    answer = exporter.get()
    assert (answer.status, answer.text) == (200, AWAY)
    assert time.monotonic() - began < ANSWERED_S


def test_scrape_has_what_memcoordctl_prints(exporter, service):
    service.tell("add", "mail", 512 * MIB)
    service.wait_until(lambda: service.vms()["mail"]["Status"] == "managed")
    for format, accept in (("prometheus", "*/*"), ("openmetrics", "application/openmetrics-text;version=1.0.0,text/plain;q=0.3")):
        answer = exporter.get(headers=[f"Accept: {accept}"])
        printed = subprocess.run(["memcoordctl", "--session", "metrics", f"--format={format}"], env=exporter.environment,
                                 capture_output=True, text=True, check=True).stdout
        assert answer.status == 200 and answer.headers["content-type"] == (OPEN if format == "openmetrics" else OLDER)
        assert 'vm="mail"' in answer.text and names_and_labels(answer.text) == names_and_labels(printed)


def test_scrape_has_the_figures_of_that_moment(exporter, service):
    assert 'memcoord_state{state="running"} 1' in exporter.get().text
    service.call(ROOT, HOST, "Pause", GLib.Variant("(su)", ("tests", 0)))
    assert 'memcoord_state{state="paused"} 1' in exporter.get().text


def test_service_that_comes_and_goes(exporter, bus):
    assert_away_in_time(exporter)
    for _ in range(2):
        with running_service(bus, {"web": 1024 * MIB}):
            assert 'memcoord_vm_balloon_bytes{vm="web"' in exporter.get().text
        assert_away_in_time(exporter)


def test_service_that_hangs(exporter, service, hung):
    assert exporter.up()
    hung(service.process)
    assert_away_in_time(exporter)
    assert_away_in_time(exporter)


def test_service_that_goes_on_after_it_hung(exporter, service, hung):
    hung(service.process)
    assert_away_in_time(exporter)
    service.process.send_signal(signal.SIGCONT)
    wait_until(exporter.up, 10, "it is up again")


def test_all_who_ask_while_it_hangs_are_answered_together(exporter, service, hung):
    hung(service.process)
    began = time.monotonic()
    with contextlib.ExitStack() as clients:
        all_of_them = [clients.enter_context(exporter.connect()) for _ in range(20)]
        for client in all_of_them:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
        assert all(b"memcoord_up 0" in read_all(client) for client in all_of_them)
    assert time.monotonic() - began < ANSWERED_S


def test_no_bus(idle_exporter):
    idle_exporter.environment = idle_exporter.environment | {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
    idle_exporter.start()
    assert_away_in_time(idle_exporter)


def test_bus_that_hangs(idle_exporter, hung):
    daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE, text=True)
    try:
        idle_exporter.environment = idle_exporter.environment | {"DBUS_SESSION_BUS_ADDRESS": daemon.stdout.readline().strip()}
        hung(daemon)
        idle_exporter.start()
        for _ in range(3):
            assert_away_in_time(idle_exporter)
        assert idle_exporter.descriptors() < 20
    finally:
        daemon.kill()
        daemon.wait()
        daemon.stdout.close()


def test_bus_that_is_started_anew(idle_exporter, tmp_path):
    address = f"unix:path={tmp_path / 'bus'}"
    idle_exporter.environment = idle_exporter.environment | {"DBUS_SESSION_BUS_ADDRESS": address}
    idle_exporter.start()
    for _ in range(2):
        daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", f"--address={address}", "--print-address"],
                                  stdout=subprocess.PIPE, text=True)
        daemon.stdout.readline()
        with running_service(address, {"web": 1024 * MIB}) as service:
            wait_until(idle_exporter.up, 10, "it is up")
            service.close()
        daemon.kill()
        daemon.wait()
        daemon.stdout.close()
        assert_away_in_time(idle_exporter)


def test_it_does_not_start_the_service(idle_exporter, tmp_path, monkeypatch):
    """Where whoever asks for its name would."""
    services = tmp_path / "dbus-1/services"
    services.mkdir(parents=True)
    (services / "org.example.MemCoord.service").write_text(
        f"[D-BUS Service]\nName=org.example.MemCoord\nExec=/usr/bin/touch {tmp_path / 'started'}\n")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    with own_bus() as address:
        idle_exporter.environment = idle_exporter.environment | {"DBUS_SESSION_BUS_ADDRESS": address}
        idle_exporter.start()
        assert_away_in_time(idle_exporter)
        assert not (tmp_path / "started").exists()
        subprocess.run(["gdbus", "call", "--session", "--timeout=1", "--dest=org.example.MemCoord", "--object-path=/",
                        "--method=org.freedesktop.DBus.Peer.Ping"], env=idle_exporter.environment, capture_output=True, timeout=30)
        wait_until((tmp_path / "started").exists, 10, "somebody else does")


def test_names_of_strangers_stay_labels(exporter, stub):
    names = ['a"} 1\nmemcoord_up 7', "\\", 'x\\"y', "tab\there", "Ω 日本 \u202e", "", "'{}=,#"]
    stub.start({"State": ["s", "running"]}, [{"Name": ["s", name], "UUID": ["s", str(number)], "Status": ["s", "managed"]}
                                             for number, name in enumerate(names)])
    text = exporter.get().text
    escaped = [name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name in names]
    for number, name in enumerate(escaped):
        assert f'memcoord_vm_status{{vm="{name}",uuid="{number}",status="managed"}} 1\n' in text
    assert "memcoord_up 7" not in text.splitlines()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_service_that_counts(exporter, stub):
    """Counters are there where the service has them."""
    stub.start({"State": ["s", "running"], "Moves": ["t", 12], "FailedMoves": ["t", 1], "GrantedBytes": ["t", 5 << 40],
                "ReclaimedBytes": ["t", 7], "NeedSeconds": ["t", 90], "CriticalSeconds": ["d", 0.5], "Reclaimed": ["t", 9]},
               [{"Name": ["s", "a"], "UUID": ["s", "u"], "Status": ["s", "managed"], "NeedSeconds": ["t", 60],
                 "GrantedBytes": ["t", 3 << 30], "ReclaimedBytes": ["t", 8]}])
    lines = exporter.get().text.splitlines()
    for line in ("memcoord_moves_total 12", "memcoord_failed_moves_total 1", f"memcoord_granted_bytes_total {5 << 40}",
                 "memcoord_reclaimed_bytes_total 7", "memcoord_need_seconds_total 90", "memcoord_critical_seconds_total 0.5",
                 "memcoord_host_reclaimed_bytes 9", 'memcoord_vm_need_seconds_total{vm="a",uuid="u"} 60',
                 f'memcoord_vm_granted_bytes_total{{vm="a",uuid="u"}} {3 << 30}', 'memcoord_vm_reclaimed_bytes_total{vm="a",uuid="u"} 8'):
        assert line in lines


def test_service_that_says_nonsense(exporter, stub):
    stub.start({"State": ["as", []], "HostTotal": ["s", "much"], "HostUsedPercent": ["d", float("1e300")], "DryRun": ["t", 4]},
               [{}, {"Name": ["t", 4], "Status": ["s", "new-status"], "Balloon": ["s", "-1"]}])
    answer = exporter.get()
    assert answer.status == 200 and "memcoord_up 1" in answer.text and 'status="new-status"' in answer.text
