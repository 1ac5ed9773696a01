# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks at all that the service shows, as a frontend does, and remembers it: what it said, when, and how long it took.

It never asks libvirt, so that it goes on while libvirtd or a guest's QEMU hangs.
"""

import contextlib
import threading
import time

from common import wait_until
from common.bus import HOST, MANAGER, VM, Client
from gi.repository import GLib

from .bed import BUS, TIMEOUT_S
from .strain import stolen_s

EVERY_S = 0.2


class Look:
    def __init__(self, now, took, root, objects):
        self.t = now
        self.took = took  # seconds that the slower of the service's two answers took, without what the machine did not have
        self.root = root
        self.by_path = {path: faces[VM] for path, faces in objects.items() if VM in faces}
        self.vms = {vm["Name"]: vm for vm in self.by_path.values()}


class Watch:
    def __init__(self, keep=None):
        self.looks = []
        self.keep = keep  # so many of the last looks; None: all
        self.tooks = []  # of every look, in seconds
        self.signals = []  # (t, member, object path)
        self.moves = []  # (t, object path, from, to, reason)
        self.failures = []  # (t, error): times when nobody answered
        self.asking = None  # since when an answer is awaited
        self.began = time.monotonic()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.wait(lambda look: True, 10, "a first look")
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    @contextlib.contextmanager
    def aside(self):
        """While something else is done: nobody waits for what it sees, not even at the end."""
        self.thread.start()
        try:
            yield
        finally:
            self.ending.set()

    @property
    def now(self):
        return time.monotonic() - self.began

    def run(self):
        context = GLib.MainContext.new()
        context.push_thread_default()
        client = Client(f"unix:path={BUS}", TIMEOUT_S)
        client.subscribe(self.on_signal, MANAGER)
        client.subscribe(self.on_moved, HOST, "MemoryMoved")
        while not self.ending.wait(EVERY_S):
            while context.iteration(False):
                pass
            self.look(client)
        client.close()
        context.pop_thread_default()

    def on_signal(self, _path, member, arguments):
        self.signals.append((self.now, member, arguments[0]))

    def on_moved(self, _path, _member, arguments):
        self.moves.append((self.now, *arguments))

    def look(self, client):
        stolen = stolen_s()
        began = self.asking = self.now
        try:
            root = client.host()
            between = self.asking = self.now
            objects = client.objects()
        except GLib.Error as error:
            self.failures.append((began, error.message))
            return
        finally:
            self.asking = None
        took = max(between - began, self.now - between)
        look = Look(began, max(took - (stolen_s() - stolen), 0.0), root, objects)
        self.tooks.append(look.took)
        self.looks.append(look)
        if self.keep and len(self.looks) > 2 * self.keep:
            self.looks = self.looks[-self.keep:]

    # What was seen

    @property
    def last(self):
        return self.looks[-1]

    def vm(self, guest):
        return self.last.vms.get(guest.name)

    def since(self, t):
        return [look for look in self.looks if look.t >= t]

    def wait(self, holds, timeout, what):
        """The next look of which that holds."""
        seen = len(self.looks)

        def find():
            nonlocal seen
            new = self.looks[seen:]
            seen += len(new)
            return next(filter(holds, new), None)

        return wait_until(find, timeout, lambda: f"{what}, and the last look is {self.describe_last()}",
                          lambda left: time.sleep(min(left, EVERY_S / 4)))

    def wait_status(self, guest, status, timeout):
        return self.wait(
            lambda look: guest.name in look.vms and look.vms[guest.name]["Status"] == status,
            timeout, f"{guest.name} to be {status}",
        )

    def wait_still(self, guest, seconds, timeout):
        """Waits until its balloon has not moved for so long: a guest that started is told nothing, and shows its balloon as
        its target until it is there."""
        return self.wait(
            lambda look: look.t >= seconds and len(self.values(guest, "Balloon", look.t - seconds)) == 1,
            timeout, f"{guest.name}'s balloon to be still",
        )

    def wait_gone(self, guest, timeout):
        return self.wait(lambda look: guest.name not in look.vms, timeout, f"{guest.name} to vanish")

    def wait_running(self, timeout):
        return self.wait(lambda look: look.root["State"] == "running", timeout, "the service to run")

    def describe_last(self):
        if not self.looks:
            return f"none; {self.failures[-3:]}"
        vms = {
            name: (vm["Status"], vm["StatusDetail"], vm["LastReason"],
                   *(f"{key} {vm[key] >> 20}" for key in ("Target", "Balloon", "Unused", "Usable")))
            for name, vm in self.last.vms.items()
        }
        return f"{self.last.root['State']}, {vms}"

    def values(self, guest, name, since=0.0):
        """The values that a property of it had since, each once as long as it stayed."""
        found = []
        for look in self.since(since):
            value = look.vms[guest.name][name] if guest.name in look.vms else None
            if not found or found[-1] != value:
                found.append(value)
        return found

    def longest_silence(self, guest, since):
        """The most seconds between two reports of it, as the service shows them."""
        longest, last, shown = 0.0, since, None
        for look in self.since(since):
            vm = look.vms.get(guest.name)
            if vm is not None and vm["StatsTime"] != shown:
                longest, last, shown = max(longest, look.t - last), look.t, vm["StatsTime"]
        return max(longest, self.now - last)

    def slowest(self, since=0.0):
        """Seconds. What is still awaited counts as well, and no answer at all is an error."""
        failures = [failure for failure in self.failures if failure[0] >= since]
        assert failures == [], failures
        asking = self.asking
        return max([0.0 if asking is None else self.now - asking, *(look.took for look in self.since(since))])

    def object_signals(self, guest, since=0.0):
        return [member for t, member, path in self.signals if path == guest.object_path and t >= since]
