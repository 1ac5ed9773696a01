# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws what a recorder wrote down: a panel for each guest, one for the host, as SVG and PNG."""

import subprocess

from common import MIB

WIDTH = 1000
HEAD, PANEL, FOOT = 70, 130, 85  # pixels
TERMINALS = (
    ("svg", "svg size {w},{h} dynamic font 'sans,13' background '#ffffff'"),
    ("png", "pngcairo size {w},{h} font 'sans,10' background '#ffffff'"),
)
EVENTS_IN_A_LINE = 3


def write_data(path, rows, columns):
    """A moment at which a guest told nothing is left out."""
    with open(path, "w") as file:
        for row in rows:
            if all(row[column] is not None for column in columns):
                file.write(" ".join(f"{value:.2f}" for value in (row["t"], *(row[column] / MIB for column in columns))) + "\n")


def story_lines(recorder):
    """The story's events: a line with its number through each panel."""
    yield "set style textbox 1 opaque fillcolor '#ffffff' border lc '#999999' margins 0.6,0.6"
    for number, (at, _) in enumerate(recorder.marks, 1):
        yield f"set arrow {number} from {at:.1f}, graph 0 to {at:.1f}, graph 1 nohead lc '#999999' dt 2 front"
        yield f"set label {number} '{number}' at {at:.1f}, graph 0.86 center boxed bs 1 tc '#333333' front"


def story_text(recorder):
    """What the numbers mean, in a few lines."""
    told = [f"{number}: {text}" for number, (_, text) in enumerate(recorder.marks, 1)]
    lines = ("     ".join(told[at:at + EVENTS_IN_A_LINE]) for at in range(0, len(told), EVENTS_IN_A_LINE))
    return "\\n".join(lines)


def layout(n_panels, height):
    """Margins of each panel, from the top one on, as parts of the picture."""
    for number in range(n_panels):
        top = height - HEAD - number * PANEL
        yield f"set lmargin at screen 0.075; set rmargin at screen 0.985; " \
              f"set tmargin at screen {top / height:.4f}; set bmargin at screen {(top - PANEL + 16) / height:.4f}"


def panels(recorder, guests, maximum, host_total, reserve, directory, title, height):
    margins = layout(len(guests) + 1, height)
    yield "set grid ytics lc '#dddddd' lt 1; set border 3 lc '#666666'; set tics nomirror scale 0.5"
    yield f"set xrange [0:{recorder.rows[-1]['t']:.0f}]; set format x ''"
    yield from story_lines(recorder)
    yield f"set label 100 '{title}' at screen 0.075, screen {1 - 25 / height:.4f} font ',15'"
    yield f"set key horizontal at screen 0.985, screen {1 - 35 / height:.4f} right top samplen 2 width 1"
    yield f"set yrange [0:{maximum / MIB * 1.08:.0f}]; set ytics {maximum / MIB / 4:.0f}"
    for guest in guests:
        data = directory / f"{guest}.dat"
        yield next(margins)
        yield f"set ylabel '{guest} (MiB)' offset 1"
        yield (
            f"plot '{data}' using 1:2 with filledcurves x1 fs solid lc '#9ecae1' title 'balloon', "
            f"'' using 1:3 with filledcurves x1 fs solid lc '#fdd0a2' title 'unused', "
            f"'' using 1:2 with lines lw 2 lc '#08519c' notitle, '' using 1:3 with lines lw 2 lc '#e6550d' notitle"
        )
        yield "unset label 100; unset key"
    yield next(margins)
    yield f"set ylabel 'host (MiB)' offset 1; set yrange [0:{host_total / MIB:.0f}]; set ytics {host_total / MIB / 4:.0f}"
    yield "set format x '%g s'"
    yield f"set label 101 \"{story_text(recorder)}\" at screen 0.075, screen {40 / height:.4f}"
    yield f"set label 102 'available' at graph 0.99, graph 0.62 right tc '#238b45'"
    yield f"set label 103 'reserve' at graph 0.99, first {reserve / MIB} offset 0,0.6 right tc '#cb181d' front"
    yield (
        f"plot '{directory / 'host.dat'}' using 1:2 with filledcurves x1 fs solid lc '#c7e9c0' notitle, "
        f"'' using 1:2 with lines lw 2 lc '#238b45' notitle, {reserve / MIB} with lines lw 2 lc '#cb181d' notitle"
    )


def plot(recorder, guests, maximum, host_total, reserve, directory, title, name="demo"):
    for guest in guests:
        write_data(directory / f"{guest}.dat", recorder.of(guest), ("balloon", "unused"))
    write_data(directory / "host.dat", recorder.of(guests[0]), ("host_available",))
    height = HEAD + PANEL * (len(guests) + 1) + FOOT
    script = []
    for suffix, terminal in TERMINALS:
        script += [
            f"set terminal {terminal.format(w=WIDTH, h=height)}",
            f"set output '{directory / name}.{suffix}'",
            "set multiplot",
            *panels(recorder, guests, maximum, host_total, reserve, directory, title, height),
            "unset multiplot; unset output; reset",
        ]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)
    for guest in (*guests, "host"):
        (directory / f"{guest}.dat").unlink()
