# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays loads on real guests under several coordinators, in turns, and tells what each cost the guests and the host."""

import argparse
import csv
import sys
import time
from pathlib import Path
from statistics import mean

from bed import MIB, Bed, Recorder
from coordinators import BUILT_IN, Command
from loads import CURRENT, HOST_TOTAL, LOADS, MAXIMUM, NAMES, RESERVE, SWAP

SETTLE_S = 4
IN_NEED = 100 * MIB  # the low watermark as it is delivered
MOVED = 4 * MIB  # a balloon that changes by less between two records is at rest
PAGE_MIB = 4096 / MIB

# A run's figures: column, what it is, and how a run's figures become one.
FIGURES = (
    ("swap_in", "swap in MiB", mean),
    ("swap_out", "swap out MiB", mean),
    ("work", "work %", mean),
    ("need_s", "need s", mean),
    ("floor", "floor MiB", min),
    ("moves", "moves", mean),
    ("moved", "moved MiB", mean),
    ("killed", "killed", sum),
    ("cpu", "CPU %", mean),
    ("peak", "peak MiB", max),
)
COLUMNS = ("load", "coordinator", "repetition", "work_mib", *(name for name, _, _ in FIGURES if name != "work"))

MOST_SWAP_IN = 0.02  # of what the same load swaps in with no coordinator
LEAST_WORK = 95  # % of the oracle's


def play(bed, load, recorder):
    for step in sorted(load.steps, key=lambda step: step.at):
        time.sleep(max(step.at - recorder.now, 0))
        bed.guests[step.guest].command(step.command)
    time.sleep(max(load.end_s - recorder.now, 0))


def seconds_in_need(recorder):
    """Over all guests, by what each last reported."""
    needy = 0.0
    for name in NAMES:
        rows = recorder.of(name)
        for row, following in zip(rows, rows[1:]):
            figures = [row[column] for column in ("unused", "usable") if row[column] is not None]
            if figures and min(figures) <= IN_NEED:
                needy += following["t"] - row["t"]
    return needy


def count_moves(recorder):
    """How often a balloon sets out or turns round, and the bytes that it moves."""
    moves, moved = 0, 0
    for name in NAMES:
        rows, direction = recorder.of(name), 0
        for row, following in zip(rows, rows[1:]):
            change = following["balloon"] - row["balloon"]
            now = 0 if abs(change) < MOVED else 1 if change > 0 else -1
            moves += now not in (0, direction)
            moved += abs(change)
            direction = now
    return moves, moved


def run(load, name, coordinator, repetition, path):
    with Bed(host_total=HOST_TOTAL) as bed:
        bed.add_guests(**{guest: dict(maximum=MAXIMUM, current=CURRENT, swap=SWAP) for guest in NAMES})
        bed.wait_ballooned()
        coordinator.prepare(bed, load)
        time.sleep(SETTLE_S)
        before, used = bed.infos(), coordinator.usage()
        bed.host.forget_lowest()
        with Recorder(bed, path=path, targets=False) as recorder:
            coordinator.start(lambda: recorder.now)
            play(bed, load, recorder)
            after, floor = bed.infos(), bed.host.lowest
            cpu, peak = coordinator.usage() or (None, None)
        coordinator.stop()
    moves, moved = count_moves(recorder)

    def grown(key):
        return sum(max(after[guest][key] - before[guest][key], 0) for guest in NAMES)

    return {
        "load": load.name, "coordinator": name, "repetition": repetition,
        "work_mib": round(grown("touched") * PAGE_MIB),
        "swap_in": round(grown("swap_in") / MIB, 1), "swap_out": round(grown("swap_out") / MIB, 1),
        "need_s": round(seconds_in_need(recorder), 1), "floor": floor // MIB,
        "moves": moves, "moved": moved // MIB, "killed": grown("killed"),
        "cpu": None if cpu is None else round((cpu - used[0]) / load.end_s * 100, 2),
        "peak": None if peak is None else round(peak / MIB, 1),
    }


# What was measured, told

def read_runs(path):
    with open(path, newline="") as file:
        return [
            {column: text if column in ("load", "coordinator") else float(text) if text else None for column, text in row.items()}
            for row in csv.DictReader(file)
        ]


def write_runs(path, runs):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(runs)


def of(runs, load, coordinator, column):
    return [run[column] for run in runs if (run["load"], run["coordinator"]) == (load, coordinator) and run[column] is not None]


def work(runs, load, coordinator):
    """In percent of the oracle's, each repetition."""
    best = of(runs, load, "oracle", "work_mib")
    return [done / mean(best) * 100 for done in of(runs, load, coordinator, "work_mib")] if best else []


def cell(runs, load, coordinator, column, together):
    values = work(runs, load, coordinator) if column == "work" else of(runs, load, coordinator, column)
    if not values:
        return "–"
    value = together(values)
    return f"{value:.2f}" if column == "cpu" else f"{value:.1f}" if column in ("work", "swap_in", "peak") else f"{value:.0f}"


def table(runs):
    yield ["load", "coordinator", *(title for _, title, _ in FIGURES)]
    for load in dict.fromkeys(run["load"] for run in runs):
        for coordinator in dict.fromkeys(run["coordinator"] for run in runs if run["load"] == load):
            yield [load, coordinator, *(cell(runs, load, coordinator, column, together) for column, _, together in FIGURES)]


def format_table(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        yield "  ".join(f"{text:<{width}}" if at < 2 else f"{text:>{width}}" for at, (text, width) in enumerate(zip(row, widths)))


def verdict(good):
    return "met" if good else "MISSED"


def expectations(runs):
    """What is asked of MemCoord on loads that fit the host, and whether it was so."""
    fitting = [load.name for load in LOADS if load.fits and of(runs, load.name, "memcoord", "swap_in")]
    for load in fitting:
        ours, theirs = mean(of(runs, load, "memcoord", "swap_in")), of(runs, load, "none", "swap_in")
        if theirs and mean(theirs) > 0:
            part = ours / mean(theirs)
            yield f"{load}: swap-in {part:.1%} of no coordinator's (at most {MOST_SWAP_IN:.0%}): {verdict(part <= MOST_SWAP_IN)}"
        if done := work(runs, load, "memcoord"):
            yield f"{load}: work {mean(done):.1f} % of the oracle's (at least {LEAST_WORK} %): {verdict(mean(done) >= LEAST_WORK)}"
    for load in (load.name for load in LOADS):
        if floors := of(runs, load, "memcoord", "floor"):
            yield (f"{load}: the host never below {min(floors):.0f} MiB (its reserve is {RESERVE // MIB}): "
                   f"{verdict(min(floors) * MIB > RESERVE)}")


def tell(runs, output):
    repetitions = int(max(run["repetition"] for run in runs))
    loads = [load for load in LOADS if load.name in {run["load"] for run in runs}]
    lines = [
        f"Four guests of {CURRENT // MIB} to {MAXIMUM // MIB} MiB on a host of {HOST_TOTAL // MIB} MiB, "
        f"{repetitions} repetition{'s' * (repetitions > 1)}, means of them (floor: the lowest; killed: all; peak: the highest).",
        *(f"{load.name}: {load.about}{'' if load.fits else ' (does not fit)'}, {load.end_s} s" for load in loads),
        "",
        *format_table(list(table(runs))),
        "",
        *expectations(runs),
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
                runs.append(run(load, name, coordinator, repetition, output / f"{load.name}-{name}-{repetition}.csv"))
                write_runs(output / "benchmark.csv", runs)
    tell(read_runs(output / "benchmark.csv"), output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
