# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes down, several times a second, what the guests and the host have: for assertions, tables and plots.

The figures are libvirt's own, not the daemon's, so that they are true whatever the daemon says. What is written
can be decided on again: build/tests/simulator/simulate --replay FILE.
"""

import csv
import threading
import time

import libvirt

SIZES = {  # column: libvirt's key
    "balloon": "current", "unused": "unused", "usable": "usable", "available": "available", "resident": "rss",
    "swap_in": "swap_in", "swap_out": "swap_out", "maximum": "maximum",
}
COLUMNS = ("t", "guest", *SIZES, "last_update", "target", "host_available", "host_total")
EVERY_S = 0.5


class Recorder:
    """Rows are dicts with COLUMNS as keys: sizes in bytes, None where unknown, t in seconds since the start."""

    def __init__(self, bed, path=None, on_sample=None, targets=True):
        self.bed = bed
        self.with_targets = targets  # asks the daemon, which costs it something
        self.rows = []
        self.marks = []  # (t, text)
        self.path = path
        self.on_sample = on_sample
        self.began = time.monotonic()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.error = None

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        if self.path:
            self.write(self.path)

    @property
    def now(self):
        return time.monotonic() - self.began

    def mark(self, text):
        self.marks.append((self.now, text))

    def run(self):
        connection = libvirt.openReadOnly("qemu:///system")
        try:
            while not self.ending.wait(EVERY_S):
                self.sample(connection)
        finally:
            connection.close()

    def sample(self, connection):
        flags = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
        try:
            stats = connection.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_BALLOON, flags)
        except libvirt.libvirtError as error:
            self.error = error
            return
        now, available = self.now, self.bed.host.available
        targets = self.bed.targets() if self.with_targets else {}
        rows = []
        for domain, figures in stats:

            def size(key):
                value = figures.get(f"balloon.{key}")
                return None if value is None else value << 10

            rows.append({
                "t": round(now, 2), "guest": domain.name(), **{column: size(key) for column, key in SIZES.items()},
                "last_update": figures.get("balloon.last-update"), "target": targets.get(domain.name()),
                "host_available": available, "host_total": self.bed.host_total,
            })
        self.rows += rows
        if self.on_sample:
            self.on_sample(now, rows)

    def of(self, guest, since=0.0, until=float("inf")):
        return [row for row in self.rows if row["guest"] == guest and since <= row["t"] <= until]

    def changes(self, column, since=0.0, until=float("inf")):
        """For each guest the (t, value) where the column's value was another than before."""
        changed, last = {}, {}
        for row in self.rows:
            if not since <= row["t"] <= until:
                continue
            guest, value = row["guest"], row[column]
            if guest in last and last[guest] != value:
                changed.setdefault(guest, []).append((row["t"], value))
            last[guest] = value
        return changed

    def write(self, path):
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)
