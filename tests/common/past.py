# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service whose clock is quick, and which keeps its past over its restarts."""

import contextlib
import time

from common import MIB
from common.service import kill_service, start_service, stop_service

SPEED = 25  # a step of ten seconds takes two fifths of one


class Past:
    """Starts the service with a state of its own, as often as needed; its clock on the wall goes on from where it was."""

    def __init__(self, bus, directory):
        self.bus, self.directory, self.running, self.later = bus, directory, None, 0

    def start(self, *names, later=0):
        self.later += later
        self.began = time.monotonic()
        self.running = start_service(self.bus, f"--state-dir={self.directory}", f"--later={int(self.later)}", speed=SPEED)
        self.running.tell("host", 1024 * MIB)
        for name in names or ["web"]:
            self.running.tell("add", name, 1024 * MIB)
        self.running.wait_until(lambda: {vm["Status"] for vm in self.running.vms().values()} == {"managed"})
        return self.running

    def passed(self):
        self.later += SPEED * (time.monotonic() - self.began)

    def stop(self):
        self.passed()
        stop_service(self.running)

    def kill(self):
        self.passed()
        kill_service(self.running)


@contextlib.contextmanager
def own_past(bus, directory):
    past = Past(bus, directory)
    yield past
    if past.running and past.running.process.poll() is None:
        stop_service(past.running)
