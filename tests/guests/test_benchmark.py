# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark still works: its loads can be played, and what they cost is counted. What it measures, it tells by itself."""

import csv
from types import SimpleNamespace

import benchmark
import pytest
from bed import LOW, MIB
from coordinators import BUILT_IN
from loads import LOADS, RESERVE, Load, Shape, story
from oracle import NOBODY_LOW, PLAIN, SURVIVES, Oracle

BASE_MIB = 256  # of a bed's host
IDLE_MIB = {256: 62, 384: 67, 512: 70, 768: 135, 1024: 140, 4096: 315}  # in use by a guest of that maximum that does nothing

SHORT = Load("readers", "all that a load can have, shortly", True, 14, story(
    (0, "files", "read 48"), (1, "large", "grow 200 100"), (7, "large", "hold 100"), (9, "large", "free"),
), {"files": Shape(maximum=256, current=256, swap=64, data=64), "large": Shape(maximum=1024, current=512, swap=256)}, 2048 * MIB)


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.name)
def test_load_has_its_guests(load):
    assert {step.guest for step in load.steps} <= set(load.guests)
    assert max(step.at for step in load.steps) < load.end_s <= 100
    for step in load.steps:
        assert not step.command.startswith("read") or int(step.command.split()[1]) <= load.guests[step.guest].data


@pytest.mark.parametrize("load", [load for load in LOADS if load.fits], ids=lambda load: load.name)
def test_load_fits(load):
    """Who knows it ahead can give all what they need, at any moment."""
    budget = (load.host_total - RESERVE - PLAIN.margin - BASE_MIB * MIB) / MIB
    for tenth in range(load.end_s * 10):
        needed = {guest: load.needed(guest, tenth / 10) + IDLE_MIB[shape.maximum] for guest, shape in load.guests.items()}
        assert sum(needed.values()) + len(needed) * SURVIVES / MIB <= budget, f"at {tenth / 10} s: {needed}"
        assert all(needed[guest] < shape.maximum for guest, shape in load.guests.items())


def made_bed(load):
    """With what an oracle asks of one."""
    guests = {name: SimpleNamespace(name=name, maximum=shape.maximum * MIB, current=shape.current * MIB,
                                    info=lambda shape=shape: {"available": (shape.current - IDLE_MIB[shape.maximum]) * MIB})
              for name, shape in load.guests.items()}
    return SimpleNamespace(guests=guests, host_total=load.host_total, base=BASE_MIB * MIB)


@pytest.mark.parametrize("law", [PLAIN, NOBODY_LOW], ids=["plain", "nobody-low"])
@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.name)
def test_oracle_shares_out_what_there_is(load, law):
    oracle = Oracle(made_bed(load), load, law)
    for now in range(load.end_s):
        assert sum(oracle.share_out(now).values()) <= oracle.budget + 1, now


def test_oracle_lets_no_reader_and_nobody_beside_be_low():
    load = next(load for load in LOADS if load.name == "readers")
    oracle = Oracle(made_bed(load), load, NOBODY_LOW)
    for now in range(load.end_s):
        shares = oracle.share_out(now)
        for name, shape in load.guests.items():
            assert shares[name] > (load.held(name, now) + IDLE_MIB[shape.maximum]) * MIB + LOW, (name, now)


@pytest.mark.parametrize("name", ["oracle", "memcoord"])
def test_short_load_is_played_and_counted(name, tmp_path):
    figures = benchmark.run(SHORT, name, BUILT_IN[name](), 1, tmp_path / "short")
    assert figures["read_mib"] > 0
    assert figures["work_mib"] > 0
    assert figures["killed"] == 0
    assert RESERVE // MIB < figures["floor"] < SHORT.host_total // MIB - BASE_MIB
    assert set(benchmark.read_seconds(figures["low_of"])) == set(SHORT.guests)
    with open(tmp_path / "short.csv", newline="") as file:
        assert {row["guest"] for row in csv.DictReader(file)} == set(SHORT.guests)
    assert (tmp_path / "short.log").exists() == (name == "memcoord")
    benchmark.write_runs(tmp_path / "benchmark.csv", [figures])
    benchmark.tell(benchmark.read_runs(tmp_path / "benchmark.csv"), tmp_path)
    assert "low s of" in (tmp_path / "benchmark.txt").read_text()


# What is told of runs

def a_run(coordinator, **figures):
    return {
        "load": "readers", "coordinator": coordinator, "repetition": 1, "work_mib": 1000, "read_mib": 1000, "swap_in": 0,
        "swap_out": 0, "low_s": 0, "floor": 300, "moves": 0, "moved": 0, "killed": 0, "cpu": None, "peak": None,
        "low_of": "files=0.0 one=0.0", **figures,
    }


def told(**ours):
    runs = [
        a_run("none", swap_in=500), a_run("oracle", work_mib=2000, read_mib=4000), a_run("proxmox", read_mib=3000),
        a_run("memcoord", **{"work_mib": 1960, "read_mib": 3900, **ours}),
    ]
    return list(benchmark.expectations(runs))


def test_aims_that_are_reached():
    lines = told(swap_in=9)
    assert len(lines) == 5
    assert all(line.endswith("met") for line in lines)


@pytest.mark.parametrize("figures, word", [
    (dict(swap_in=11), "swap-in 2.2%"),
    (dict(work_mib=1880), "work 94.0 %"),
    (dict(read_mib=2820), "94.0 % of what Proxmox VE's law reads"),
    (dict(floor=200), "never below 200 MiB"),
])
def test_aims_that_are_missed(figures, word):
    assert any(word in line and line.endswith("MISSED") for line in told(**figures))


def test_seconds_low_are_those_of_what_is_usable():
    rows = [dict(t=t, usable=usable) for t, usable in ((0, None), (1, 101 * MIB), (2, 100 * MIB), (2.5, 40 * MIB), (4, 300 * MIB))]
    assert benchmark.seconds_low(rows) == 2


def test_most_reading_is_told():
    runs = [a_run("oracle-low", read_mib=2820), a_run("proxmox", read_mib=3000)]
    assert list(benchmark.describe_most_reading(runs)) == [
        "readers: read 94.0 % of what Proxmox VE's law reads, by who knows the load, lets nobody be low and keeps the host's reserve"]
    assert list(benchmark.describe_most_reading(runs[1:])) == []
