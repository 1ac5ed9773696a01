# SPDX-License-Identifier: LGPL-2.1-or-later
"""What systemd-report has of the service: as io.systemd.Metrics, over Varlink. Of systemd 260 and later."""

import contextlib
import json
import os
import re
import signal
import socket
import time

import pytest

from common import MIB, wait_until
from common.service import running_service
from exporter import read_all
from reports import REPORT, Reports, ask, sequence

PREFIX = "org.example.MemCoord."
ANSWERED_S = 5   # it waits for the service for three
LIFETIME_S = 10  # as memcoord-exporter(8) says
LIST = b'{"method":"io.systemd.Metrics.List","more":true,"parameters":{}}\0'
AWAY = {(f"{PREFIX}Up", None, None): 0}
# Those that are texts in a report, and a sample for each text in Prometheus.
TEXTS = {"memcoord_build_info": "version", "memcoord_state": "state", "memcoord_host_condition": "condition",
         "memcoord_vm_status": "status"}


@pytest.fixture
def reports(environment, tmp_path):
    reports = Reports(environment, tmp_path / "run")
    yield reports
    reports.close()


def prometheus(reports):
    done = reports.run("memcoordctl", "--session", "metrics", "--format=prometheus")
    assert done.returncode == 0, done.stderr
    return done.stdout


def name_of(family):
    words = re.sub("^memcoord_|_total$|_info$", "", family).split("_")
    return PREFIX + "".join(word.capitalize() for word in words)


def expected_samples(text):
    """What a report has of what Prometheus reads."""
    samples = {}
    for family, labels, value in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", text, re.M):
        labels = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        key = (name_of(family), labels.get("vm"), labels.get("uuid"))
        if family not in TEXTS:
            samples[key] = float(value)
        elif value == "1":
            samples[key] = labels[TEXTS[family]]
    return samples


def test_report_has_what_prometheus_reads(reports, service):
    service.tell("add", "mail", 512 * MIB)
    service.wait_until(lambda: service.vms()["mail"]["Status"] == "managed")
    expected, found = expected_samples(prometheus(reports)), reports.samples()
    assert set(found) == set(expected) and len(found) > 50
    settled = {key for key in expected if not re.search("Available|Promised|Used|Seconds|FreeFor|Usable|Unused", key[0])}
    assert {key: found[key] for key in settled} == {key: expected[key] for key in settled}
    assert found[(f"{PREFIX}VmMaximumBytes", "mail", service.vms()["mail"]["UUID"])] == 512 * MIB
    assert found[(f"{PREFIX}State", None, None)] == "running"


def test_large_numbers_are_exact(reports, stub):
    vm = {"Name": ["s", "a"], "UUID": ["s", "u"], "Status": ["s", "managed"], "Balloon": ["t", 2**64 - 1],
          "StatsTime": ["t", 1_500_000_000_000_007]}
    stub.start({"State": ["s", "running"], "HostUsedPercent": ["d", 12.5]}, [vm])
    replies = {one["name"]: one["value"] for one in reports.replies("List")}
    assert replies[f"{PREFIX}VmBalloonBytes"] == 2**64 - 1
    assert abs(replies[f"{PREFIX}VmStatsTimestampSeconds"] - 1_500_000_000.000007) < 1e-6
    assert replies[f"{PREFIX}HostUsedRatio"] == 0.125


def test_families_are_described(reports, service):
    text = prometheus(reports)
    types, helps = (dict(re.findall(rf"^# {word} (\w+) (.*)$", text, re.M)) for word in ("TYPE", "HELP"))
    described = {one["name"]: one for one in reports.replies("Describe")}
    assert len(described) == len(reports.replies("Describe")) >= len(types)
    assert {key[0] for key in reports.samples()} <= set(described)
    for family, kind in types.items():
        one = described[name_of(family)]
        assert one["type"] == ("string" if family in TEXTS else kind)
        assert one["description"].endswith(".") and (family in TEXTS or one["description"] == helps[family])


def declarations(interface):
    """Without comments and layout: {what is declared: how}."""
    words = " ".join(re.sub("#.*", "", interface).split())
    found = re.findall(r"(type|method|error) (\w+) ?(\(.*?\)(?: -> \(.*?\))?)(?= type| method| error|$)", words)
    return {name: re.sub(r"\s", "", how) for _, name, how in found}


def test_interface_is_systemds(reports):
    """But for values that none of these has."""
    ours, its = (reports.run("varlinkctl", "introspect", address, "io.systemd.Metrics")
                 for address in (reports.path, "/usr/lib/systemd/systemd-report-basic"))
    assert (ours.returncode, its.returncode) == (0, 0), ours.stderr + its.stderr
    assert set(declarations(ours.stdout)) == {"MetricFamilyType", "List", "Describe", "NoSuchMetric"}
    without = its.stdout.replace(",\n", " ,\n")
    assert declarations(ours.stdout) == declarations(re.sub(r",\s*(#[^\n]*\s*)*object\s*\)", ")", without))


def test_it_says_who_it_is(reports, source_root):
    told = reports.run("varlinkctl", "info", reports.path).stdout
    version = re.search(r"version: '([\d.]+)'", (source_root / "meson.build").read_text()).group(1)
    assert f"Version: {version}" in told and "memcoord-exporter" in told and "io.systemd.Metrics" in told


def test_systemd_report_takes_all_of_it(reports, service):
    done = reports.run(REPORT, "--user", "metrics", "--json=short", "org.example.MemCoord")
    assert (done.returncode, done.stderr) == (0, "")
    taken = sequence(done.stdout)
    assert {one["name"] for one in taken} == {key[0] for key in reports.samples()} and len(taken) == len(reports.samples())
    one = reports.run(REPORT, "--user", "metrics", "--no-legend", f"{PREFIX}VmMaximumBytes").stdout
    assert re.search(rf"^{re.escape(PREFIX)}VmMaximumBytes +web +.*{1024 * MIB}$", one, re.M)
    described = reports.run(REPORT, "--user", "describe", "--no-legend", "org.example.MemCoord")
    assert (described.returncode, described.stderr) == (0, "")
    assert len(described.stdout.splitlines()) == len(reports.replies("Describe"))


@pytest.mark.parametrize("method, rest, error", [
    ("List", {}, "ExpectedMore"), ("Describe", {"more": False}, "ExpectedMore"),
    ("List", {"more": True, "parameters": {"bogus": 1}}, "InvalidParameter"),
    ("Describe", {"more": True, "parameters": {"bogus": 1}}, "InvalidParameter"),
    ("Erase", {"more": True}, "MethodNotFound")])
def test_other_calls_are_refused(reports, method, rest, error):
    request = {"method": f"io.systemd.Metrics.{method}"} | rest
    with reports.connect() as client:
        for _ in range(2):
            replies = ask(client, json.dumps(request).encode() + b"\0")
            assert [reply.get("error") for reply in replies] == [f"org.varlink.service.{error}"]


def assert_away_in_time(reports):
    began = time.monotonic()
    assert reports.samples() == AWAY
    assert time.monotonic() - began < ANSWERED_S


def test_service_that_comes_and_goes(reports, bus):
    assert_away_in_time(reports)
    with running_service(bus, {"web": 1024 * MIB}):
        assert any(vm == "web" for _, vm, _ in reports.samples())
    assert_away_in_time(reports)


def test_service_that_hangs(reports, service, hung):
    hung(service.process)
    assert_away_in_time(reports)


def test_one_client_may_ask_again(reports, service):
    with reports.connect() as client:
        for _ in range(3):
            assert len(ask(client, LIST)) == len(reports.samples())


def gone(reports, seconds=5):
    wait_until(lambda: reports.programs() == [], seconds, "no program is left")


def started(reports):
    return wait_until(reports.programs, 5, "it is started")[0]


def test_program_ends_with_its_client(reports, service, hung):
    reports.samples()
    gone(reports)
    hung(service.process)
    with reports.connect() as client:
        client.sendall(LIST)
        started(reports)
    gone(reports)


def test_program_ends_when_told(reports, service, hung):
    hung(service.process)
    with reports.connect() as client:
        client.sendall(LIST)
        program = started(reports)
        os.kill(program, signal.SIGTERM)
        gone(reports, 2)


HOSTILE = {
    "nothing": b"",
    "zeros": bytes(5000),
    "no-json": b"hello\0",
    "no-object": b"[]\0" + b"1\0",
    "http": b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n\0",
    "half": LIST[:20],
    "deep": b'{"method":' + b"[" * 100_000 + b"\0",
    "many-elements": b'{"method":"io.systemd.Metrics.List","parameters":{"a":[' + b"1," * 100_000 + b"1]}}\0",
    "never-ending": b'{"method":"' + b"a" * 20_000_000,
    "method-is-a-number": b'{"method":7}\0',
    "one-way": b'{"method":"io.systemd.Metrics.List","oneway":true}\0',
    "upgrade": b'{"method":"io.systemd.Metrics.List","more":true,"upgrade":true}\0',
    "pipeline": LIST * 2000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_is_sent_is_the_senders_loss(reports, service, name):
    with reports.connect() as client, contextlib.suppress(OSError):  # it may be gone at any of these
        client.sendall(HOSTILE[name])
        client.shutdown(socket.SHUT_WR)
        read_all(client)
    assert reports.samples()[(f"{PREFIX}Up", None, None)] == 1
    gone(reports, LIFETIME_S + 3)


@pytest.mark.parametrize("sent", [b"", LIST[:20], LIST, LIST * 100], ids=["silent", "half", "idle", "unread"])
def test_client_that_stays_is_dropped(reports, service, sent):
    with reports.connect() as client:
        began = time.monotonic()
        client.sendall(sent)
        started(reports)
        gone(reports, LIFETIME_S + 3)
        read_all(client)
    assert LIFETIME_S - 2 < time.monotonic() - began
