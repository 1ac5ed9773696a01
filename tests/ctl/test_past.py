# SPDX-License-Identifier: LGPL-2.1-or-later
"""memcoordctl history: for people, for programs, and for the simulator."""

import csv
import io
import json
import re
import struct
import subprocess
import time

import pytest

from common import BUILD, MIB, wait_until
from common.service import running_service
from test_width import LANGUAGES, cells, on_terminal

MOMENT = r"(\d{4}-\d\d-\d\d( \d\d:\d\d)?|\d\d:\d\d)"
UUID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def service(bus, tmp_path):
    """With a past of a minute and more; a step takes a fifth of a second."""
    with running_service(bus, {"web": 1024 * MIB, "d,b": 1024 * MIB}, f"--state-dir={tmp_path}", speed=50) as running:
        yield running


@pytest.fixture
def rows(service, ctl):
    """Waits for so many rows of a VM, and returns them."""
    def wait(name, n=6):
        def enough():
            found = json.loads(ctl.good("history", name, "--json"))["Rows"]
            return found if len(found) >= n else None
        return wait_until(enough, 30, f"{n} steps of {name}")
    return wait


def test_plot_and_figures_of_a_vm(service, ctl, rows):
    rows("web")
    lines = ctl.good("history", "web").splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("    1 GiB │")
    assert any("█" in line for line in lines[4:8]) and any("░" in line for line in lines[4:8])
    assert not any("█" in line or "░" in line for line in lines[:4])  # its balloon is half of its maximum
    text = "\n".join(lines)
    assert "█ used, ░ unused in its balloon; the top is its maximum" in text
    assert [line.split()[:3] for line in lines if line.startswith("Balloon")] == [["Balloon", "512", "MiB"]]
    assert [line.split()[:3] for line in lines if line.startswith("Unused")] == [["Unused", "125", "MiB"]]


@pytest.mark.parametrize("columns", [60, 80, 300])
def test_figures_are_those_of_each_step(service, ctl, rows, columns):
    """What was once is not lost in a mean: the least and the most do not depend on how wide the terminal is."""
    rows("web")
    service.tell("unused", "web", 400 * MIB)
    service.wait_until(lambda: service.vms()["web"]["Unused"] == 400 * MIB)
    rows("web", 9)
    service.tell("remove", "web")
    service.wait_until(lambda: "web" not in service.vms())
    unused = {row["Unused"] for row in json.loads(ctl.good("history", UUID, "--json"))["Rows"]} - {None}
    assert min(unused) < max(unused)
    line = next(line for line in on_terminal(ctl, "history", UUID, columns=columns) if line.startswith("Unused"))
    _, least, _, most = map(int, re.findall(r"(\d+) MiB", line))
    assert (least, most) == (min(unused) // MIB, max(unused) // MIB)


def test_plot_of_the_host(service, ctl, rows):
    rows("web")
    text = ctl.good("history")
    assert text.startswith("    8 GiB │")
    assert "█ used, ░ available" in text and "Reclaimed" in text


def test_plot_without_unicode(service, ctl, rows):
    rows("web")
    text = ctl.good("history", "web", env={"LC_ALL": "C"})
    assert text.isascii() and "# used, . unused" in text and "#" in text.splitlines()[6]


def test_moves_are_shown_with_their_reasons(service, ctl):
    service.tell("need", "web")
    service.wait_until(lambda: service.host()["Moves"] > 0)
    code = service.vms()["web"]["LastReasonCode"]
    text = ctl.good("history", "web")
    assert "MOVED" in text and "512 MiB → " in text and code in text
    host = ctl.good("history")
    assert [line for line in host.splitlines() if " web " in line and "512 MiB → " in line]


def test_json(service, ctl, rows):
    row = rows("web")[-1]
    assert (row["Balloon"], row["Target"], row["Maximum"]) == (512 * MIB, 512 * MIB, 1024 * MIB)
    assert row["Time"] % 10_000_000 == 0
    told = json.loads(ctl.good("history", "--json"))
    assert told["Object"] == "/org/example/MemCoord"
    assert told["Rows"][-1]["Total"] == 8 << 30
    assert told["Moves"] == []
    service.tell("add", "mute", 512 * MIB)
    service.tell("mute", "mute")
    assert rows("mute")[-1]["Unused"] is None


def forge(path, figure):
    """Puts @figure in the place of all those of the last hour. The format is told in src/history/series.h."""
    data, row = bytearray(path.read_bytes()), struct.Struct("=II10f")
    for at in range(512, 512 + 420 * row.size, row.size):
        step, _, *figures = row.unpack_from(data, at)
        if step:
            check = 2166136261 ^ step
            for byte in struct.pack("=10f", *[figure] * len(figures)):
                check = (check ^ byte) * 16777619 % 2**32
            row.pack_into(data, at, step, check, *[figure] * len(figures))
    path.write_bytes(data)


@pytest.mark.parametrize("figure", [3e38, -5.0, float("inf"), float("nan")])
def test_figure_that_is_no_size_is_not_known(service, ctl, rows, tmp_path, figure):
    rows("web")
    forge(tmp_path / "history" / f"{UUID}.series", figure)

    def balloons():
        return {row["Balloon"] for row in json.loads(ctl.good("history", "web", "--json"))["Rows"]} - {None}

    assert wait_until(balloons, 10, "a row that was recorded meanwhile") == {512 * MIB}
    assert "TiB" not in ctl.good("history", "web")


def test_vm_that_is_gone_is_found_by_its_uuid(service, ctl, rows):
    rows("web")
    service.tell("remove", "web")
    service.wait_until(lambda: "web" not in service.vms())
    assert len(json.loads(ctl.good("history", UUID.upper(), "--json"))["Rows"]) >= 6
    done = ctl("history", "web")
    assert done.returncode == 4 and "web" in done.stderr
    for more in ([], ["--json"], ["--csv"]):
        done = ctl("history", UUID.replace("1", "9"), *more)
        assert done.returncode == 4 and done.stdout == ""


def test_vm_that_is_gone_is_called_by_its_uuid(service, ctl, rows):
    rows("web")
    service.tell("need", "web")
    service.wait_until(lambda: service.host()["Moves"] > 0)
    service.tell("remove", "web")
    service.wait_until(lambda: "web" not in service.vms())
    assert [line for line in ctl.good("history").splitlines() if f" {UUID} " in line and "512 MiB → " in line]
    assert {row["guest"] for row in csv.DictReader(io.StringIO(ctl.good("history", UUID, "--csv")))} == {UUID}


def test_csv_is_what_the_simulator_reads(service, ctl, rows, tmp_path):
    rows("web")
    rows("d,b")
    text = ctl.good("history", "--csv")
    found = list(csv.DictReader(io.StringIO(text)))
    assert {row["guest"] for row in found} == {"web", "d_b"}
    assert found[0]["t"] == "0"
    assert all((row["balloon"], row["unused"], row["target"]) == (str(512 * MIB), str(125 * MIB), str(512 * MIB)) for row in found)
    assert {row["host_total"] for row in found} == {str(8 << 30)}
    recorded = tmp_path / "recorded.csv"
    recorded.write_text(text)
    done = subprocess.run([BUILD / "tests/simulator/simulate", "--replay", recorded], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert " of 2 guests " in done.stdout
    assert {row["guest"] for row in csv.DictReader(io.StringIO(ctl.good("history", "web", "--csv")))} == {"web"}


def test_two_names_that_are_alike_in_csv_are_told_apart(service, ctl, rows, tmp_path):
    service.tell("add", "d_b", 1024 * MIB)
    for name in ("d,b", "d_b"):
        rows(name)
    recorded = tmp_path / "recorded.csv"
    recorded.write_text(ctl.good("history", "--csv"))
    done = subprocess.run([BUILD / "tests/simulator/simulate", "--replay", recorded], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert " of 3 guests " in done.stdout


@pytest.mark.parametrize("since", ["2h", "1d", "2026-01-31", "2026-01-31 12:00", "2026-01-31T12:00:30"])
def test_since(service, ctl, rows, since):
    """What is new is at the right, however long the span is, and the plot begins where something may be kept."""
    rows("web")
    lines = ctl.good("history", "web", "--since", since).splitlines()[:9]
    assert lines[7].endswith("█")
    assert len(lines[7]) == len(lines[8]) == 79
    begin = lines[8].split()[0]
    assert ":" in begin or time.time() - time.mktime(time.strptime(begin, "%Y-%m-%d")) < 9 * 24 * 3600


@pytest.mark.parametrize("columns", [20, 40, 44, 60, 80, 300])
def test_no_line_is_wider_than_the_terminal(service, ctl, rows, columns):
    rows("web")
    for language in LANGUAGES:
        for arguments in ([], ["web"], ["web", "--since=2d"]):
            lines = on_terminal(ctl, "history", *arguments, columns=columns, env={"LANGUAGE": language})
            assert max(map(cells, lines)) <= max(columns, 40), (arguments, language)
            assert re.fullmatch(f" *{MOMENT} +{MOMENT}", lines[8])


@pytest.mark.parametrize("since", ["yesterday", "", "-1h", "9999-01-01", "2026-13-01", "12:00"])
def test_time_that_makes_no_sense_is_named(service, ctl, since):
    done = ctl("history", f"--since={since}")
    assert done.returncode == 2
    assert f'"{since}" is not a time in the past' in done.stderr


def test_nothing_was_recorded(bus, ctl):
    with running_service(bus, {"web": 1024 * MIB}):
        assert ctl.good("history", "web") == "Nothing was recorded in that time.\n"
        assert json.loads(ctl.good("history", "web", "--json"))["Rows"] == []


def test_formats_exclude_each_other(service, ctl):
    done = ctl("history", "--csv", "--json")
    assert done.returncode == 2 and "--csv and --json" in done.stderr
