# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws what a recorder wrote down: a panel for each guest, one for the host, as SVG and PNG."""

import subprocess

from .guest import MIB

PANEL_HEIGHT = 150
WIDTH = 1000
TERMINALS = (("svg", "svg size {w},{h} dynamic font 'sans,12' background '#ffffff'"), ("png", "png size {w},{h} font 'sans,10'"))


def write_data(path, rows, columns):
    with open(path, "w") as file:
        for row in rows:
            cells = (row["t"], *("NaN" if row[column] is None else row[column] / MIB for column in columns))
            file.write(" ".join(map(str, cells)) + "\n")


def story_lines(recorder):
    """The story's events: a line through each panel, with its text in the lowest margin."""
    for number, (at, _) in enumerate(recorder.marks, 1):
        yield f"set arrow {number} from {at:.1f}, graph 0 to {at:.1f}, graph 1 nohead lc '#999999' dt 2 back"
        yield f"set label {number} '{number}' at {at:.1f}, graph 0.9 offset 0.4,0 tc '#555555'"


def panels(recorder, guests, maximum, host_total, reserve, directory):
    yield "set style fill solid 0.35 noborder"
    yield "set grid ytics lc '#dddddd'; set key outside right top width -2 samplen 2"
    yield "set lmargin 9; set rmargin 20; set tmargin 0.6; set bmargin 1.2"
    yield f"set xrange [0:{recorder.rows[-1]['t']:.0f}]; set format x ''"
    yield from story_lines(recorder)
    yield f"set yrange [0:{maximum / MIB * 1.05:.0f}]; set ytics {maximum / MIB / 4:.0f}"
    for guest in guests:
        data = directory / f"{guest}.dat"
        yield f"set ylabel '{guest} (MiB)'"
        yield (
            f"plot '{data}' using 1:2 with filledcurves x1 lc '#9ecae1' notitle, "
            f"'' using 1:2 with lines lw 2 lc '#08519c' title 'balloon', "
            f"'' using 1:3 with lines lw 2 lc '#e6550d' title 'unused'"
        )
    events = "   ".join(f"{number}: {text}" for number, (_, text) in enumerate(recorder.marks, 1))
    yield f"set ylabel 'host (MiB)'; set yrange [0:{host_total / MIB:.0f}]; set ytics {host_total / MIB / 4:.0f}"
    yield f"set format x '%g'; set bmargin 4; set xlabel \"seconds\\n{{/*0.85 {events}}}\" enhanced"
    yield (
        f"plot '{directory / 'host.dat'}' using 1:2 with filledcurves x1 lc '#a1d99b' notitle, "
        f"'' using 1:2 with lines lw 2 lc '#238b45' title 'available', "
        f"{reserve / MIB} with lines lw 2 lc '#cb181d' title 'reserve'"
    )


def plot(recorder, guests, maximum, host_total, reserve, directory, name="demo"):
    for guest in guests:
        write_data(directory / f"{guest}.dat", recorder.of(guest), ("balloon", "unused"))
    write_data(directory / "host.dat", recorder.of(guests[0]), ("host_available",))
    size = {"w": WIDTH, "h": PANEL_HEIGHT * (len(guests) + 1) + 60}
    script = []
    for suffix, terminal in TERMINALS:
        script += [
            f"set terminal {terminal.format(**size)}",
            f"set output '{directory / name}.{suffix}'",
            f"set multiplot layout {len(guests) + 1},1",
            *panels(recorder, guests, maximum, host_total, reserve, directory),
            "unset multiplot; unset output; reset",
        ]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)
    for guest in (*guests, "host"):
        (directory / f"{guest}.dat").unlink()
