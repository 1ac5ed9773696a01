# SPDX-License-Identifier: LGPL-2.1-or-later
"""The adapter in a process of its own, and what it tells."""

import json
import os
import subprocess
import threading
import time

from .project import BUILD
from .wait import wait_until


class Probe:
    def __init__(self, uri):
        self.lines = []
        self.number = 0
        self.told = threading.Condition()
        self.process = subprocess.Popen(
            [BUILD / "tests/libvirt/libvirt-probe", uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.told:
                self.lines.append(json.loads(line))
                self.told.notify_all()

    def wait(self, accept, timeout=10, since=0):
        """The first line, from number `since` on, that `accept` accepts."""
        with self.told:
            return wait_until(lambda: next(filter(accept, self.lines[since:]), None), timeout,
                              lambda: f"to be told something else than {self.lines[-8:]}", self.told.wait)

    def wait_event(self, event, since=0, timeout=10, **members):
        return self.wait(
            lambda line: line.get("event") == event and all(line[key] == value for key, value in members.items()),
            timeout, since,
        )

    def mark(self):
        with self.told:
            return len(self.lines)

    def ask(self, *words):
        """Sends a command; returns its number for answer()."""
        self.number += 1
        self.process.stdin.write(" ".join(map(str, (self.number, *words))) + "\n")
        self.process.stdin.flush()
        return self.number

    def answer(self, number, timeout=10):
        return self.wait(lambda line: line.get("answer") == number, timeout)

    def do(self, *words, timeout=10):
        return self.answer(self.ask(*words), timeout)

    def timed(self, *words, timeout=10):
        begun = time.monotonic()
        answer = self.do(*words, timeout=timeout)
        return answer, time.monotonic() - begun

    def sample(self, deadline_ms=1000):
        """What each VM says, by name."""
        answer = self.do("sample", deadline_ms)
        assert "error" not in answer, answer
        return {vm["name"]: vm for vm in answer["vms"]}

    def wait_connected(self, connected=True, since=0, timeout=20):
        return self.wait_event("connected", since, timeout, connected=connected)

    def count_descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def count_threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def stop(self, timeout=10):
        """Ends it as the service ends; returns its exit code."""
        self.ask("stop")
        return self.process.wait(timeout)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.reader.join()
        self.process.stdout.close()
