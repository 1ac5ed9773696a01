# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon signals on the bus, as it comes."""

import json
import subprocess
import threading

from .namespace import die_with_parent

MATCH = "type='signal',sender='org.example.MemCoord'"


class Signals:
    """Within `with`, `told` grows: dicts with path, interface, member, data (the arguments) and at (s since the epoch)."""

    def __init__(self):
        self.told = []
        self.changed = threading.Condition()

    def __enter__(self):
        self.process = subprocess.Popen(
            ["busctl", "monitor", "--json=short", f"--match={MATCH}"], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_parent,
        )
        self.process.stderr.readline()  # it says so when it listens
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            with self.changed:
                self.told.append({
                    "path": message["path"], "interface": message["interface"], "member": message["member"],
                    "data": message["payload"]["data"], "at": message["timestamp-realtime"] / 1e6,
                })
                self.changed.notify_all()

    def wait(self, accept, timeout, what):
        """The first signal that `accept` accepts."""
        with self.changed:
            found = self.changed.wait_for(lambda: next(filter(accept, self.told), None), timeout)
        assert found, f"{what}: not within {timeout} s"
        return found
