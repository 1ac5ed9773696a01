# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demo: a story of four guests, seen live in the terminal, and a plot of it at the end."""

import argparse
import shutil
import sys
import time
from pathlib import Path

from bed import MIB, Bed, Recorder
from bed.plot import plot

HOST_TOTAL = 2560 * MIB
MAXIMUM = 1024 * MIB
CURRENT = 512 * MIB
SWAP = 512 * MIB
RESERVE = 200 * MIB
NAMES = ("mail", "web", "db", "build")
PLAIN_EVERY_S = 2
TITLE = "Four guests of up to 1 GiB each on a host of 2.5 GiB"

# When, in seconds; who; what; and how it is told.
STORY = (
    (5, "mail", "grow 600 25", "mail grows by 600 MiB, the others idle"),
    (40, "mail", "free", "mail frees it all"),
    (50, "web", "grow 700 25", "web and db grow by 700 MiB each"),
    (50, "db", "grow 700 25", None),
    (88, "web", "free", "web frees it all, db goes on"),
    (90, "db", "grow 120 25", None),
    (112, "db", "free", "db frees it all"),
)
END_S = 130


def bar(row, width):
    """Of the guest's maximum: used (#), unused (-), given up (.)."""
    balloon, usable = row["balloon"] or 0, row["usable"] or 0
    used = round((balloon - min(usable, balloon)) / MAXIMUM * width)
    held = max(round(balloon / MAXIMUM * width), used)
    return "#" * used + "-" * (held - used) + "." * (width - held)


def mib(size):
    return "?" if size is None else f"{size / MIB:.0f}"


class Screen:
    """Draws the table again and again on a terminal; prints a line now and then elsewhere."""

    def __init__(self, bed):
        self.bed = bed
        self.live = sys.stdout.isatty()
        self.news = "four guests idle"
        self.reasons = []
        self.lines = 0
        self.plain_at = 0.0

    def show(self, now, rows):
        if self.live:
            self.draw(now, rows)
        elif now >= self.plain_at:
            self.plain_at = now + PLAIN_EVERY_S
            print(self.plain(now, rows), flush=True)

    def tell(self, now, text):
        self.news = text
        if not self.live:
            print(f"{now:5.0f} s  * {text}", flush=True)

    def plain(self, now, rows):
        guests = "  ".join(f"{row['guest']} {mib(row['balloon']):>4} ({mib(row['unused']):>3})" for row in rows)
        return f"{now:5.0f} s  host {mib(self.bed.host.available):>4}  {guests}"

    def draw(self, now, rows):
        columns = min(shutil.get_terminal_size().columns, 120)
        width = max(columns - 45, 10)
        lines = [
            f"{now:5.0f} s of {END_S}: {self.news}",
            "",
            f"  guest   balloon  unused  swapped (MiB)  [{'# used, - unused, . given up':^{width}}]",
        ]
        for row in sorted(rows, key=lambda row: NAMES.index(row["guest"])):
            swapped = (row["swap_in"] or 0) + (row["swap_out"] or 0)
            lines.append(
                f"  {row['guest']:<7} {mib(row['balloon']):>7} {mib(row['unused']):>7} {mib(swapped):>8}       "
                f"[{bar(row, width)}]"
            )
        available = self.bed.host.available
        lines += ["", f"  host: {mib(available)} of {mib(HOST_TOTAL)} MiB available, of which {mib(RESERVE)} are its reserve", ""]
        lines += [f"  {reason}" for reason in self.reasons]
        if self.lines:
            print(f"\x1b[{self.lines}F\x1b[J", end="")
        print("\n".join(line[:columns] for line in lines), flush=True)
        self.lines = len(lines)

    def ask_why(self):
        vms = [faces.get("org.example.MemCoord1.VM") for faces in self.bed.objects().values()]
        self.reasons = sorted(f"{vm['Name']}: {vm['LastReason']}" for vm in vms if vm)


def play(recorder, bed, screen):
    for at, name, command, text in STORY:
        watch_until(recorder, screen, at)
        bed.guests[name].command(command)
        if text:
            recorder.mark(text)
            screen.tell(recorder.now, text)
    watch_until(recorder, screen, END_S)


def watch_until(recorder, screen, at):
    while recorder.now < at:
        time.sleep(max(min(1.0, at - recorder.now), 0))
        screen.ask_why()


def figures(bed, recorder, cpu):
    swapped = {name: info["swap_in"] + info["swap_out"] for name, info in bed.infos().items()}
    moves = sum(len(changes) for changes in recorder.changes("target").values())
    most = {name: max(row["balloon"] for row in recorder.of(name)) for name in NAMES}
    least = {name: min(row["balloon"] for row in recorder.of(name)) for name in NAMES}
    yield f"Guests promised {len(NAMES) * MAXIMUM // MIB} MiB at most lived on a host of {HOST_TOTAL // MIB} MiB."
    yield f"The host's available memory was never below {bed.host.lowest // MIB} MiB; its reserve is {RESERVE // MIB} MiB."
    for name in NAMES:
        yield f"{name}: {least[name] // MIB} to {most[name] // MIB} MiB, {swapped[name] / MIB:.1f} MiB swapped in and out"
    yield f"{moves} balloon targets were set; the daemon took {cpu:.1f} s of processor time in {recorder.now:.0f} s."


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parents[2] / "build/demo")
    output = parser.parse_args().output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    print("Four guests of 1 GiB boot on a virtual host of 2.5 GiB …", flush=True)
    with Bed(host_total=HOST_TOTAL) as bed:
        bed.add_guests(**{name: dict(maximum=MAXIMUM, current=CURRENT, swap=SWAP) for name in NAMES})
        bed.wait_ballooned()
        bed.host.forget_lowest()
        bed.start_daemon()
        screen = Screen(bed)
        recorder = Recorder(bed, path=output / "demo.csv", on_sample=screen.show)
        with recorder:
            play(recorder, bed, screen)
            cpu = bed.daemon_cpu_seconds()
        told = list(figures(bed, recorder, cpu))
        code = bed.stop_daemon()
    plot(recorder, NAMES, MAXIMUM, HOST_TOTAL, RESERVE, output, TITLE)
    (output / "demo.txt").write_text("\n".join(told) + "\n")
    print("\n" + "\n".join(told))
    print(f"Plot: {output}/demo.svg, {output}/demo.png; data: {output}/demo.csv")
    return code


if __name__ == "__main__":
    sys.exit(main())
