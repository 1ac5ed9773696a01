# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small virtual host: a /proc/meminfo that tells of a machine with just the guests and a base load on it.

A guest's RAM is a memfd, and the blocks of that file are exactly what it occupies; they are summed 20 times a second.
"""

import os
import threading
import time
from pathlib import Path

from common import namespace

MEMINFO = "/proc/meminfo"
NODE_MEMINFO = "/sys/devices/system/node/node0/meminfo"


class Host:
    def __init__(self, directory, total, base=256 << 20, node=None):
        self.total = total
        self.base = base  # bytes that everything but the guests holds; to be set at any time
        self.lowest = None  # the lowest bytes available, ever
        self.available = total - base
        self.node = node  # bytes that NUMA node 0 has for guests, where that is less than the host's; to be set at any time
        self.most_on_node = 0  # the most that guests ever occupied of it
        self.path = Path(directory) / "meminfo"
        self.path.touch()
        self.file = os.open(self.path, os.O_WRONLY)
        self.node_path = Path(directory) / "node-meminfo"
        self.node_path.touch()
        self.memfds = {}  # pid → path of its memfd
        self.pids = lambda: []  # the bed says which processes are guests
        self.bound = lambda: []  # … and which of them live on the node
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.update()
        namespace.cover(MEMINFO, self.path)
        if self.node is not None:
            namespace.cover(NODE_MEMINFO, self.node_path)
        self.thread.start()

    def stop(self):
        self.ending.set()
        if self.thread.is_alive():
            self.thread.join()
        namespace.uncover(MEMINFO)
        if self.node is not None:
            namespace.uncover(NODE_MEMINFO)
        os.close(self.file)

    def find_memfd(self, pid):
        if pid not in self.memfds:
            directory = f"/proc/{pid}/fd"
            for name in os.listdir(directory):
                if os.readlink(f"{directory}/{name}").startswith("/memfd:"):
                    self.memfds[pid] = f"{directory}/{name}"
                    break
        return self.memfds.get(pid)

    def occupied_by(self, pid):
        try:
            path = self.find_memfd(pid)
            return os.stat(path).st_blocks * 512 if path else 0
        except OSError:
            self.memfds.pop(pid, None)
            return 0

    def update(self):
        occupied = sum(self.occupied_by(pid) for pid in self.pids())
        self.available = max(self.total - self.base - occupied, 0)
        if self.lowest is None or self.available < self.lowest:
            self.lowest = self.available
        figures = (
            ("MemTotal", self.total),
            ("MemFree", self.available),
            ("MemAvailable", self.available),
            ("Buffers", 0),
            ("Cached", 0),
            ("SwapTotal", 0),
            ("SwapFree", 0),
        )
        text = "".join(f"{name + ':':<16}{value >> 10:>12} kB\n" for name, value in figures)
        os.pwrite(self.file, text.encode(), 0)
        if self.node is not None:
            self.update_node()

    def update_node(self):
        occupied = sum(self.occupied_by(pid) for pid in self.bound())
        self.most_on_node = max(self.most_on_node, occupied)
        text = f"Node 0 MemTotal: {self.total >> 10:>15} kB\nNode 0 MemFree: {max(self.node - occupied, 0) >> 10:>16} kB\n"
        with open(self.node_path, "r+b", buffering=0) as file:
            file.write(text.encode())

    def run(self):
        while not self.ending.wait(0.05):
            self.update()

    def forget_lowest(self):
        self.lowest = None
        while self.lowest is None:
            time.sleep(0.01)
