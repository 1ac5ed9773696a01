# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is counted, as a monitoring system reads it: it goes on over restarts, and nobody is woken for it."""

import time
import xml.etree.ElementTree as tree

import pytest

from common import MIB, SOURCE, wait_until
from common.bus import ROOT, Client
from common.service import kill_service, start_service, stop_service

COUNTERS = {"Moves", "FailedMoves", "GrantedBytes", "ReclaimedBytes", "NeedSeconds", "CriticalSeconds"}
OF_VM = {"NeedSeconds", "GrantedBytes", "ReclaimedBytes"}
FULL = (8192 - 512 - 250) * MIB  # what the host uses beside one VM, so that it has nothing to give


@pytest.fixture
def begin(bus, tmp_path):
    """Starts the service with a state of its own, as often as needed."""
    running = []

    def start(host=1024 * MIB, **options):
        service = start_service(bus, f"--state-dir={tmp_path}", **options)
        service.tell("host", host)
        service.tell("add", "web", 1024 * MIB)
        service.wait_until(lambda: [vm["Status"] for vm in service.vms().values()] == ["managed"])
        running.append(service)
        return service

    yield start
    for service in running:
        if service.process.poll() is None:
            stop_service(service)


def counted(service):
    return {name: value for name, value in service.host().items() if name in COUNTERS}


def counted_of(service, name):
    return {each: value for each, value in service.vms()[name].items() if each in OF_VM}


def wait_counted(service, condition, seconds=20):
    """No signal says that a counter has changed, so it looks now and then."""
    wait_until(lambda: condition(service.host()), seconds, "what is counted")


def be_in_need(service, seconds):
    """Until so many of the service's own seconds are counted."""
    service.tell("need", "web")
    wait_counted(service, lambda host: host["NeedSeconds"] >= seconds)


def test_nothing_is_counted_at_first(begin):
    service = begin()
    assert counted(service) == dict.fromkeys(COUNTERS, 0)
    assert counted_of(service, "web") == dict.fromkeys(OF_VM, 0)
    host = service.host()
    assert host["NeedSecondsLastHour"] == 0
    assert abs(host["CountersSince"] / 1e6 - time.time()) < 300
    assert host["Reclaimed"] == 512 * MIB  # half of what it may have


def test_moves_are_counted_as_they_are_told(begin, bus):
    service = begin()
    moves = []
    listener = Client(bus)
    listener.subscribe(lambda path, name, arguments: moves.append(arguments), member="MemoryMoved")
    service.tell("need", "web")
    listener.wait_until(lambda: moves)
    service.tell("cycle")
    listener.wait_until(lambda: counted(service)["Moves"] == len(moves))
    granted, now = sum(max(after - before, 0) for _, before, after, _ in moves), counted(service)
    if counted(service)["Moves"] == len(moves):  # else another one has just come
        assert (now["GrantedBytes"], now["FailedMoves"]) == (granted, 0)
        assert counted_of(service, "web")["GrantedBytes"] == granted > 0
    service.wait_until(lambda: service.host()["Reclaimed"] == 1024 * MIB - service.vms()["web"]["Balloon"] < 512 * MIB)


def test_need_is_counted_by_time_that_passes(begin):
    """In the service's own seconds, of which five pass in one."""
    service = begin(FULL)
    be_in_need(service, 1)
    began, before = time.monotonic(), service.host()["NeedSeconds"]
    be_in_need(service, 31)
    passed = 5 * (time.monotonic() - began)
    host = service.host()
    assert host["NeedSeconds"] - before == pytest.approx(passed, abs=6)
    assert counted_of(service, "web")["NeedSeconds"] in (host["NeedSeconds"], host["NeedSeconds"] + 1)
    assert host["NeedSecondsLastHour"] == host["NeedSeconds"]
    service.tell("unused", "web", 300 * MIB)
    service.wait_until(lambda: service.vms()["web"]["Unused"] > 200 * MIB)
    after = service.host()["NeedSeconds"]
    time.sleep(3)  # fifteen of the service's seconds
    assert service.host()["NeedSeconds"] <= after + 3  # it was seen to be content in the next cycle


def test_nobody_is_woken_for_what_is_counted(begin, bus):
    service = begin(FULL)
    be_in_need(service, 10)
    heard = []
    listener = Client(bus)
    listener.subscribe(lambda path, name, arguments: heard.append((path, name, arguments)))
    before = service.host()["NeedSeconds"]
    wait_counted(service, lambda host: host["NeedSeconds"] >= before + 20)
    listener.call(ROOT, "org.freedesktop.DBus.Peer", "Ping")
    listener.wait_until(lambda: True)
    assert heard == []
    assert service.vms()["web"]["NeedSeconds"] >= before + 20


def test_what_is_not_signalled_says_so():
    said = {property.get("name"): property.find("annotation[@value='false']") is not None
            for path in (SOURCE / "introspection").glob("*.xml") for property in tree.parse(path).iter("property")}
    assert all(said[name] for name in COUNTERS | OF_VM | {"NeedSecondsLastHour", "CountersSince"})


@pytest.mark.parametrize("end", [stop_service, kill_service])
def test_counters_outlive_the_service(begin, tmp_path, end):
    service = begin()
    service.tell("need", "web")
    service.wait_until(lambda: counted(service)["Moves"] > 0)
    wait_counted(service, lambda _: "total=0;" not in (tmp_path / "counters").read_text())
    since, moved = service.host()["CountersSince"], counted(service)
    end(service)
    service = begin()
    now = counted(service)
    assert service.host()["CountersSince"] == since
    if end is stop_service:
        assert now["Moves"] >= moved["Moves"] and now["GrantedBytes"] >= moved["GrantedBytes"]
    else:
        assert now["Moves"] > 0 and now["GrantedBytes"] > 0


def test_damaged_file_is_set_aside_and_told(begin, tmp_path, capfd):
    (tmp_path / "counters").write_text("[Counters]\nsince=1\ntotal=lots\n")
    service = begin()
    assert counted(service) == dict.fromkeys(COUNTERS, 0)
    assert (tmp_path / "counters.damaged").read_text() == "[Counters]\nsince=1\ntotal=lots\n"
    assert f"{tmp_path}/counters are not used: " in capfd.readouterr().err
    wait_counted(service, lambda _: (tmp_path / "counters").exists())


def test_place_that_cannot_be_written_to_stops_nothing(begin, tmp_path, capfd):
    """A directory in the file's place, which nothing can take the place of."""
    (tmp_path / "counters").mkdir()
    (tmp_path / "counters.damaged").mkdir()
    (tmp_path / "counters.damaged" / "something").touch()
    service = begin()
    service.tell("need", "web")
    service.wait_until(lambda: counted(service)["Moves"] > 0)
    stop_service(service)
    assert "Counters are not kept: " in capfd.readouterr().err
