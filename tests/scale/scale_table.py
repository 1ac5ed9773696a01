# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs tests/scale/scale.c for a number of VMs, and puts what it measured into a table."""

import subprocess
import sys

from common import BUILD

ROWS = [
    ("at rest: CPU per cycle, µs", "rest-cpu-us", 0),
    ("  take the sample", "rest-take-us", 0),
    ("  decide", "rest-decide-us", 0),
    ("  apply", "rest-apply-us", 0),
    ("  publish", "rest-publish-us", 0),
    ("  per VM, µs", "rest-per-vm", 2),
    ("  of a core, %", "rest-core", 3),
    ("  signals per cycle", "rest-signals", 2),
    ("  bytes per cycle", "rest-bytes", 0),
    ("all change: CPU per cycle, µs", "change-cpu-us", 0),
    ("  take the sample", "change-take-us", 0),
    ("  decide", "change-decide-us", 0),
    ("  apply", "change-apply-us", 0),
    ("  publish", "change-publish-us", 0),
    ("  per VM, µs", "change-per-vm", 2),
    ("  of a core, %", "change-core", 3),
    ("  signals per cycle", "change-signals", 1),
    ("  bytes per cycle", "change-bytes", 0),
    ("start until all VMs are on the bus, CPU ms", "start-ms", 1),
    ("GetManagedObjects, ms", "objects-ms", 1),
    ("  of that, the service's main loop, CPU ms", "objects-loop-ms", 1),
    ("GetManagedObjects, bytes", "objects-bytes", 0),
    ("peak memory, MiB", "memory-mib", 1),
]


def run_once(n_vms, seconds):
    output = subprocess.run(
        [BUILD / "tests/scale/scale", str(n_vms), str(seconds)], check=True, capture_output=True, text=True
    ).stdout
    return {name: float(value) for name, value in (word.split("=") for word in output.split())}


def measure(n_vms, seconds=20, runs=3):
    """Of several runs the least of each figure: what is above it is other processes' noise."""
    every = [run_once(n_vms, seconds) for _ in range(runs)]
    figures = {name: min(run[name] for run in every) for name in every[0]}
    for load in ("rest", "change"):
        per_cycle_us = figures[f"{load}-cpu-us"]
        figures[f"{load}-per-vm"] = per_cycle_us / n_vms
        figures[f"{load}-core"] = per_cycle_us * figures[f"{load}-cycles-per-minute"] / 60e6 * 100
    figures["memory-mib"] = figures["memory-kib"] / 1024
    return figures


def table(columns):
    names = [name for name, _, _ in ROWS]
    width = max(map(len, names))
    lines = [f"| {'VMs':<{width}} | " + " | ".join(f"{int(c['vms']):>10}" for c in columns) + " |"]
    lines.append(f"|{'-' * (width + 2)}|" + "|".join("-" * 11 + ":" for _ in columns) + "|")
    for name, key, digits in ROWS:
        lines.append(f"| {name:<{width}} | " + " | ".join(f"{c[key]:>10.{digits}f}" for c in columns) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table([measure(int(size)) for size in sys.argv[1:] or (10, 100, 1000, 10000)]))
