# SPDX-License-Identifier: LGPL-2.1-or-later
"""The past, as a frontend reads it: what was seen is there, over restarts, whatever happened to its files and to the clock."""

import time

import pytest
from gi.repository import GLib

from common import MIB, wait_until
from common.bus import HOST, ROOT
from common.past import SPEED, own_past

STEP = 10_000_000
VM_COLUMNS = ["Time", "Balloon", "Target", "Used", "Unused", "Usable", "Available", "Resident", "SwapInRate", "SwapOutRate", "Maximum"]
HOST_COLUMNS = ["Time", "Total", "Available", "Promised", "Condition", "Reclaimed"]
UNKNOWN = -1
HOUR = 3600 * 1_000_000
UUID = "00000000-0000-4000-8000-000000000001"
WEB = f"{ROOT}/vm/_{UUID.replace('-', '_')}"
NOBODY = f"{ROOT}/vm/_00000000_0000_4000_8000_00000000dead"


@pytest.fixture
def past(bus, tmp_path):
    with own_past(bus, tmp_path) as past:
        yield past


def history(service, path=ROOT, since=0, until=0, points=0):
    """The rows, as dicts."""
    columns, rows = service.call(ROOT, HOST, "GetHistory", GLib.Variant("(ottu)", (path, since, until, points)))
    return [dict(zip(columns, row)) for row in rows]


def moves(service, path=ROOT, since=0, until=0):
    return service.call(ROOT, HOST, "GetMoves", GLib.Variant("(ott)", (path, since, until)))[0]


def known(rows):
    return [row for row in rows if not all(value == UNKNOWN for name, value in row.items() if name != "Time")]


def recent(service, path=ROOT):
    """What was seen in the last half hour."""
    newest = max((row["Time"] for row in known(history(service, path))), default=0)
    return history(service, path, max(int(newest) - HOUR // 2, 0))


def wait_for_rows(service, path, n):
    wait_until(lambda: len(known(recent(service, path))) >= n, 20, f"{n} steps of the past")
    return recent(service, path)


def in_a_row(rows, n):
    """The first @n rows without a step left out, as may happen on a busy machine."""
    for begin in range(len(rows) - n + 1):
        if all(rows[begin + i]["Time"] == rows[begin]["Time"] + i * STEP for i in range(n)):
            return rows[begin:begin + n]
    return []


def refused(service, *arguments, method="GetHistory", types="(ottu)"):
    with pytest.raises(GLib.Error) as failure:
        service.call(ROOT, HOST, method, GLib.Variant(types, arguments))
    return failure.value.message


def test_nothing_is_known_without_a_place_for_it(service):
    assert service.call(ROOT, HOST, "GetHistory", GLib.Variant("(ottu)", (ROOT, 0, 0, 0))) == (HOST_COLUMNS, [])
    assert service.call(ROOT, HOST, "GetHistory", GLib.Variant("(ottu)", (service.path("web"), 0, 0, 0))) == (VM_COLUMNS, [])
    assert moves(service) == moves(service, service.path("web")) == []


def test_host_was_seen(past):
    service = past.start()
    rows = wait_until(lambda: in_a_row(known(recent(service)), 4), 20, "four steps")
    assert list(rows[0]) == HOST_COLUMNS
    assert {(row["Total"], row["Condition"]) for row in rows} == {(8 << 30, 0)}

    def shows_what_is():
        host, last = service.host(), recent(service)[-1]
        return (last["Promised"], last["Reclaimed"]) == (host["HostPromised"], host["Reclaimed"]) and \
            last["Available"] == pytest.approx(host["HostAvailable"], rel=0.02)

    wait_until(shows_what_is, 20, "what is now")
    times = [row["Time"] for row in rows]
    assert times[0] % STEP == 0
    assert abs(times[0] / 1e6 - time.time()) < 60 * SPEED


def test_vm_was_seen(past):
    service = past.start()
    row = known(wait_for_rows(service, WEB, 2))[-1]
    assert list(row) == VM_COLUMNS
    assert (row["Balloon"], row["Target"], row["Maximum"], row["Resident"]) == (512 * MIB, 512 * MIB, 1024 * MIB, 512 * MIB)
    assert (row["Unused"], row["Usable"], row["Available"], row["Used"]) == (125 * MIB, 125 * MIB, 472 * MIB, 387 * MIB)
    assert (row["SwapInRate"], row["SwapOutRate"]) == (0, 0)


def test_what_a_guest_does_not_report_is_not_known(past):
    service = past.start()
    service.tell("add", "mute", 512 * MIB)
    service.tell("mute", "mute")
    path = service.path("mute")
    row = known(wait_for_rows(service, path, 3))[-1]
    assert row["Balloon"] == 256 * MIB
    assert [name for name, value in row.items() if value == UNKNOWN] == [
        "Used", "Unused", "Usable", "Available", "SwapInRate", "SwapOutRate"]


@pytest.mark.parametrize("silence, status", [("freeze", "stale"), ("hang", "busy")])
def test_guest_that_has_fallen_silent_is_seen_in_its_past(past, silence, status):
    service = past.start()
    assert wait_for_rows(service, WEB, 3)[-1]["Used"] == 387 * MIB
    service.tell(silence, "web")
    service.wait_until(lambda: service.vms()["web"]["Status"] == status, 20)
    since = recent(service, WEB)[-1]["Time"]

    def rows():
        found = [row for row in known(recent(service, WEB)) if row["Time"] > since]
        return found if len(found) >= 2 else None

    row = wait_until(rows, 20, "rows of its silence")[-1]
    assert (row["Balloon"], row["Maximum"]) == (512 * MIB, 1024 * MIB)
    assert (row["Used"], row["Unused"], row["SwapInRate"]) == (UNKNOWN, UNKNOWN, UNKNOWN)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_history_outlives_the_service(past, end):
    service = past.start()
    before = wait_for_rows(service, WEB, 3)
    getattr(past, end)()
    service = past.start(later=120)
    wait_until(lambda: known(history(service, WEB, int(before[-1]["Time"]) + 60_000_000)), 20, "a row after the start")
    rows = history(service, WEB, int(before[0]["Time"]))
    assert [row["Time"] for row in known(rows)][:3] == [row["Time"] for row in before][:3]
    gaps = [after["Time"] - row["Time"] for row, after in zip(rows, rows[1:]) if row["Balloon"] == UNKNOWN]
    assert max(gaps) >= 100_000_000  # in which the service was not there


def test_vm_that_is_gone_is_remembered(past):
    service = past.start("web", "db")
    wait_for_rows(service, WEB, 3)
    service.tell("remove", "web")
    service.wait_until(lambda: set(service.vms()) == {"db"})
    wait_until(lambda: recent(service, WEB)[-1]["Balloon"] == UNKNOWN, 10, "the end of what is known of it")
    assert len(known(recent(service, WEB))) >= 3
    past.stop()
    service = past.start("other")
    assert len(known(history(service, WEB))) >= 1


def test_moves_outlive_the_service_with_their_reasons(past):
    service = past.start()
    service.tell("need", "web")
    service.wait_until(lambda: service.host()["Moves"] > 0)
    service.tell("unused", "web", 125 * MIB)
    decisions = service.call(WEB, "org.example.MemCoord1.VM", "GetDecisions")[0]
    found = moves(service, WEB)
    assert [move[1:] for move in found][:len(decisions)] == [decision[:4] for decision in decisions]
    assert {move[0] for move in found} == {WEB}
    assert found[0][4] in ("needs", "grows", "swapping")
    past.stop()
    service = past.start()
    assert moves(service, WEB)[:len(found)] == found
    assert moves(service)[:len(found)] == found
    assert moves(service, WEB, until=found[0][1] - 2_000_000) == []


def test_moves_are_told_however_old_they_are(past, tmp_path):
    """A VM that has rested for a month, and one that is not there any more."""
    then = int(time.time() - 30 * 24 * 3600) * 1_000_000
    (tmp_path / "history").mkdir()
    for uuid in (UUID, UUID.replace("1", "2")):
        (tmp_path / "history" / f"{uuid}.moves").write_text(f"{then} {1024 * MIB} {512 * MIB} surplus\n")
    service = past.start()
    other = WEB.replace("1", "2")
    for path in (WEB, other):
        assert moves(service, path) == [(path, then, 1024 * MIB, 512 * MIB, "surplus")]
    assert {move[0] for move in moves(service)} == {WEB, other}
    assert moves(service, since=then + 1_000_000) == []


def test_nothing_is_recorded_while_nothing_is_known(past):
    service = past.start()
    wait_for_rows(service, ROOT, 3)
    service.tell("disconnect")
    service.wait_until(lambda: service.host()["State"] == "degraded")
    wait_until(lambda: recent(service)[-1]["Total"] == UNKNOWN, 10, "a gap")
    service.tell("reconnect")
    wait_until(lambda: recent(service)[-1]["Total"] != UNKNOWN, 10, "figures again")


def test_fewer_points(past):
    service = past.start()
    rows = wait_until(lambda: in_a_row(known(recent(service, WEB)), 4), 20, "four steps")
    since, until = int(rows[0]["Time"]), int(rows[3]["Time"]) + 9_000_000
    assert len(history(service, WEB, since, until)) == 4
    halves = history(service, WEB, since, until, 2)
    assert [row["Time"] for row in halves] == [rows[0]["Time"], rows[2]["Time"]]
    assert len(history(service, WEB, since, until, 1)) == 1
    assert history(service, WEB, until=1_000_000) == []


def test_long_ago_comes_in_long_steps(past):
    service = past.start()
    first = int(wait_for_rows(service, WEB, 3)[0]["Time"])
    week = history(service, WEB, first - 24 * HOUR)
    assert known(week)[0]["Time"] % 300_000_000 == 0
    assert known(week)[0]["Balloon"] == 512 * MIB


@pytest.mark.parametrize("hours", [-2, -200, 200])
def test_clock_that_was_set_stops_nothing(past, hours):
    service = past.start()
    wait_for_rows(service, WEB, 3)
    past.stop()
    service = past.start(later=hours * 3600)
    rows = known(wait_for_rows(service, WEB, 3))
    now = time.time() + past.later
    assert max(abs(row["Time"] / 1e6 - now) for row in rows[-3:]) < 60 * SPEED
    assert service.host()["State"] == "running"


@pytest.mark.parametrize("content", [b"", b"RRD\x000003", bytes(117_536), b"x" * 5_000_000], ids=["empty", "other", "zeros", "long"])
def test_foreign_file_is_set_aside_and_told(past, tmp_path, capfd, content):
    (tmp_path / "history").mkdir()
    for name in (f"{UUID}.series", "host.series", f"{UUID}.moves"):
        (tmp_path / "history" / name).write_bytes(content)
    service = past.start()
    wait_for_rows(service, WEB, 2)
    wait_for_rows(service, ROOT, 2)
    said = capfd.readouterr().err
    for name in (f"{UUID}.series", "host.series"):
        assert (tmp_path / "history" / f"{name}.damaged").read_bytes() == content
        assert f"The history in {tmp_path}/history/{name} is not used: " in said
    assert service.host()["State"] == "running"


def test_place_that_cannot_be_written_to_stops_nothing(past, tmp_path, capfd):
    (tmp_path / "history").write_text("somebody's")
    service = past.start()
    service.tell("need", "web")
    service.wait_until(lambda: service.host()["Moves"] > 0)
    assert moves(service, WEB) == history(service, WEB) == []
    assert capfd.readouterr().err.count("History is not kept: ") == 1
    assert (tmp_path / "history").read_text() == "somebody's"


def test_what_makes_no_sense_is_named(past):
    service = past.start()
    for path in (NOBODY, "/org/example/MemCoord/vm/_etc_passwd", "/", f"{ROOT}/vm/_00000000_0000_4000_8000_00000000000"):
        for method, types, more in (("GetHistory", "(ottu)", (0, 0, 0)), ("GetMoves", "(ott)", (0, 0))):
            message = refused(service, path, *more, method=method, types=types)
            assert "Error.UnknownVM" in message and path in message
    message = refused(service, ROOT, 2_000_000, 1_000_000, 0)
    assert "Error.InvalidArgument" in message and "2000000" in message and "1000000" in message
    assert "now" in refused(service, ROOT, 2**64 - 1, 0, 0)


def test_files_are_small_and_private(past, tmp_path):
    service = past.start()
    wait_for_rows(service, WEB, 2)
    wait_for_rows(service, ROOT, 2)
    files = {path.name: path.stat() for path in (tmp_path / "history").iterdir()}
    assert set(files) == {f"{UUID}.series", "host.series"}
    assert {info.st_mode & 0o777 for info in files.values()} == {0o600}
    # 100 VMs, 40 former ones, and their moves.
    assert 140 * (files[f"{UUID}.series"].st_size + 32 * 1024) + files["host.series"].st_size < 30e6
