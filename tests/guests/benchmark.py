# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays loads on real guests under several coordinators, in turns, and tells what each cost the guests and the host."""

import argparse
import csv
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import mean

from bed import MIB, Bed, Recorder
from coordinators import BUILT_IN, Command
from loads import LOADS, RESERVE

SETTLE_S = 4
FIRST_BALLOONS_S = 240  # a guest of 4 GiB gives more than 2 of them, which is no part of what is measured
LOW_WATERMARK = 100 * MIB  # as it is delivered
MOVED = 4 * MIB  # a balloon that changes by less between two records is at rest
PAGE_MIB = 4096 / MIB

# A run's figures: column, what it is, and how a run's figures become one.
FIGURES = (
    ("swap_in", "swap in MiB", mean),
    ("swap_out", "swap out MiB", mean),
    ("work", "work %", mean),
    ("read", "read %", mean),
    ("low_s", "low s", mean),
    ("floor", "floor MiB", min),
    ("moves", "moves", mean),
    ("moved", "moved MiB", mean),
    ("killed", "killed", sum),
    ("cpu", "CPU %", mean),
    ("peak", "peak MiB", max),
)
OF_THE_ORACLE = {"work": "work_mib", "read": "read_mib"}  # told in percent of it
TEXTS = ("load", "coordinator", "low_of")
COLUMNS = (
    "load", "coordinator", "repetition", *OF_THE_ORACLE.values(), *(name for name, _, _ in FIGURES if name not in OF_THE_ORACLE),
    "low_of",
)

MOST_SWAP_IN = 0.02  # of what the same load swaps in with no coordinator
LEAST_WORK = 95  # % of the oracle's
LEAST_READ = 95  # % of what Proxmox VE's law reads


def play(bed, load, recorder):
    for step in sorted(load.steps, key=lambda step: step.at):
        time.sleep(max(step.at - recorder.now, 0))
        bed.guests[step.guest].command(step.command)
    time.sleep(max(load.end_s - recorder.now, 0))


def seconds_low(rows):
    """By what the guest last reported, which the page cache that it can give up is part of."""
    return sum(
        following["t"] - row["t"] for row, following in zip(rows, rows[1:])
        if row["usable"] is not None and row["usable"] <= LOW_WATERMARK
    )


def count_moves(recorder, names):
    """How often a balloon sets out or turns round, and the bytes that it moves."""
    moves, moved = 0, 0
    for name in names:
        rows, direction = recorder.of(name), 0
        for row, following in zip(rows, rows[1:]):
            change = following["balloon"] - row["balloon"]
            now = 0 if abs(change) < MOVED else 1 if change > 0 else -1
            moves += now not in (0, direction)
            moved += abs(change)
            direction = now
    return moves, moved


def run(load, name, coordinator, repetition, path):
    with Bed(host_total=load.host_total) as bed:
        bed.add_guests(**{guest: shape.options() for guest, shape in load.guests.items()})
        bed.wait_ballooned(FIRST_BALLOONS_S)
        coordinator.prepare(bed, load)
        time.sleep(SETTLE_S)
        before, used = bed.infos(), coordinator.usage()
        bed.host.forget_lowest()
        with Recorder(bed, path=path.with_suffix(".csv"), targets=False) as recorder:
            coordinator.start(lambda: recorder.now)
            play(bed, load, recorder)
            after, floor = bed.infos(), bed.host.lowest
            cpu, peak = coordinator.usage() or (None, None)
        coordinator.stop()
        if log := coordinator.log():
            path.with_suffix(".log").write_text(log)
    moves, moved = count_moves(recorder, load.guests)
    low = {guest: seconds_low(recorder.of(guest)) for guest in load.guests}

    def grown(key):
        return sum(max(after[guest][key] - before[guest][key], 0) for guest in load.guests)

    return {
        "load": load.name, "coordinator": name, "repetition": repetition,
        "work_mib": round(grown("touched") * PAGE_MIB), "read_mib": round(grown("read") / MIB),
        "swap_in": round(grown("swap_in") / MIB, 1), "swap_out": round(grown("swap_out") / MIB, 1),
        "low_s": round(sum(low.values()), 1), "low_of": write_seconds(low), "floor": floor // MIB,
        "moves": moves, "moved": moved // MIB, "killed": grown("killed"),
        "cpu": None if cpu is None else round((cpu - used[0]) / load.end_s * 100, 2),
        "peak": None if peak is None else round(peak / MIB, 1),
    }


def write_seconds(by_guest):
    return " ".join(f"{guest}={seconds:.1f}" for guest, seconds in by_guest.items())


def read_seconds(text):
    return {guest: float(seconds) for guest, _, seconds in (pair.partition("=") for pair in text.split())}


# What was measured, told

def read_runs(path):
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return [
            {column: text if column in TEXTS else float(text) if text else None for column, text in row.items()}
            for row in csv.DictReader(file)
        ]


def write_runs(path, runs):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(runs)


def of(runs, load, coordinator, column):
    return [run[column] for run in runs if (run["load"], run["coordinator"]) == (load, coordinator) and run[column] is not None]


def part_of(runs, load, coordinator, another, column):
    """In percent of the other's mean, each repetition; empty where one of the two has done nothing."""
    theirs = of(runs, load, another, column)
    return [done / mean(theirs) * 100 for done in of(runs, load, coordinator, column)] if any(theirs) else []


def cell(runs, load, coordinator, column, together):
    if column in OF_THE_ORACLE:
        values = part_of(runs, load, coordinator, "oracle", OF_THE_ORACLE[column])
    else:
        values = of(runs, load, coordinator, column)
    if not values:
        return "–"
    value = together(values)
    return f"{value:.2f}" if column == "cpu" else f"{value:.1f}" if column in ("work", "read", "swap_in", "peak") else f"{value:.0f}"


def table(runs):
    yield ["load", "coordinator", *(title for _, title, _ in FIGURES)]
    for load in dict.fromkeys(run["load"] for run in runs):
        for coordinator in dict.fromkeys(run["coordinator"] for run in runs if run["load"] == load):
            yield [load, coordinator, *(cell(runs, load, coordinator, column, together) for column, _, together in FIGURES)]


def low_tables(runs):
    """The seconds of each guest, for each load a table of its own."""
    for load in dict.fromkeys(run["load"] for run in runs):
        coordinators = dict.fromkeys(run["coordinator"] for run in runs if run["load"] == load)
        seconds = {coordinator: list(map(read_seconds, of(runs, load, coordinator, "low_of"))) for coordinator in coordinators}
        guests = list(next(iter(seconds.values()))[0])
        yield [
            [load, "low s of", *guests],
            *(["", coordinator, *(f"{mean(one[guest] for one in its):.0f}" for guest in guests)] for coordinator, its in seconds.items()),
        ]


def format_table(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        yield "  ".join(f"{text:<{width}}" if at < 2 else f"{text:>{width}}" for at, (text, width) in enumerate(zip(row, widths)))


def verdict(good):
    return "met" if good else "MISSED"


def expect_least(runs, load, column, another, whose, least):
    if done := part_of(runs, load, "memcoord", another, OF_THE_ORACLE[column]):
        yield f"{load}: {column} {mean(done):.1f} % of {whose} (at least {least} %): {verdict(mean(done) >= least)}"


def expect_little_swap_in(runs, load):
    ours, theirs = mean(of(runs, load, "memcoord", "swap_in")), of(runs, load, "none", "swap_in")
    if any(theirs):
        part = ours / mean(theirs)
        yield f"{load}: swap-in {part:.1%} of no coordinator's (at most {MOST_SWAP_IN:.0%}): {verdict(part <= MOST_SWAP_IN)}"


def describe_most_reading(runs):
    """What nobody can read more than, who does not let guests be low or the host have less than its reserve."""
    for load in LOADS:
        if of(runs, load.name, "oracle-low", "read_mib") and (read := part_of(runs, load.name, "oracle-low", "proxmox", "read_mib")):
            yield (f"{load.name}: read {mean(read):.1f} % of what Proxmox VE's law reads, by who knows the load, lets nobody be low and "
                   "keeps the host's reserve")


def expectations(runs):
    """What is asked of MemCoord on loads that fit the host, and whether it was so."""
    played = [load for load in LOADS if of(runs, load.name, "memcoord", "swap_in")]
    for load in (load.name for load in played if load.fits):
        yield from expect_little_swap_in(runs, load)
        yield from expect_least(runs, load, "work", "oracle", "the oracle's", LEAST_WORK)
        yield from expect_least(runs, load, "read", "oracle", "the oracle's", LEAST_WORK)
        yield from expect_least(runs, load, "read", "proxmox", "what Proxmox VE's law reads", LEAST_READ)
    for load in (load.name for load in played):
        floor = min(of(runs, load, "memcoord", "floor"))
        yield f"{load}: the host never below {floor:.0f} MiB (its reserve is {RESERVE // MIB}): {verdict(floor * MIB > RESERVE)}"


def describe(load):
    guests = Counter((shape.current, shape.maximum) for shape in load.guests.values())
    sizes = ", ".join(f"{count} of {current} to {maximum} MiB" for (current, maximum), count in guests.items())
    return (f"{load.name}: {load.about}{'' if load.fits else ' (does not fit)'}, {load.end_s} s; "
            f"guests: {sizes}; host: {load.host_total // MIB} MiB")


def tell(runs, output):
    repetitions = int(max(run["repetition"] for run in runs))
    lines = [
        *(describe(load) for load in LOADS if load.name in {run["load"] for run in runs}),
        f"{repetitions} repetition{'s' * (repetitions > 1)}, means of them (floor: the lowest; killed: all; peak: the highest).",
        "",
        *format_table(list(table(runs))),
        "",
        *(line for rows in low_tables(runs) for line in format_table(rows)),
        "",
        *expectations(runs),
        *describe_most_reading(runs),
    ]
    (output / "benchmark.txt").write_text("\n".join(lines) + "\n")
    print("\n" + "\n".join(lines))


def named_command(text):
    name, equals, command = text.partition("=")
    if not equals or name in BUILT_IN or not command.strip():
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=COMMAND with a name of its own")
    return name, Command(command)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    names = [load.name for load in LOADS]
    parser.add_argument("--loads", nargs="+", choices=names, default=names)
    parser.add_argument("--only", nargs="+", choices=list(BUILT_IN), default=list(BUILT_IN), help="of the built-in coordinators")
    parser.add_argument("--coordinator", action="append", type=named_command, default=[], metavar="NAME=COMMAND",
                        help="one more to compare; its command finds libvirt at qemu:///system")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parents[2] / "build/benchmark")
    parser.add_argument("--append", action="store_true", help="to the runs that are in the output directory")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    output = arguments.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    coordinators = {**{name: BUILT_IN[name]() for name in arguments.only}, **dict(arguments.coordinator)}
    runs = read_runs(output / "benchmark.csv") if arguments.append else []
    for _ in range(arguments.repeat):
        for load in (load for load in LOADS if load.name in arguments.loads):
            for name, coordinator in coordinators.items():
                repetition = 1 + len(of(runs, load.name, name, "repetition"))
                print(f"{load.name}, {name}, repetition {repetition} …", flush=True)
                runs.append(run(load, name, coordinator, repetition, output / f"{load.name}-{name}-{repetition}"))
                write_runs(output / "benchmark.csv", runs)
    tell(read_runs(output / "benchmark.csv"), output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
