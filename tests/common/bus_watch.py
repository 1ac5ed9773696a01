# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who asks the service for what."""

import contextlib
import re
import subprocess

from gi.repository import GLib

from .bus import HOST, PROPERTIES, ROOT, Client
from .wait import wait_until


class Calls:
    def __init__(self, bus, file):
        self.bus, self.file = bus, file

    def members(self):
        """Of every call so far, in order. A call of our own marks the end, so that all before it are there."""
        client = Client(self.bus)
        client.call(ROOT, PROPERTIES, "Get", GLib.Variant("(ss)", (HOST, "Version")))
        client.close()
        wait_until(lambda: "member=Get\n" in self.file.read_text(), 10, "the last call")
        found = re.findall(r"member=(\w+)$", self.file.read_text().rpartition("member=Get\n")[0], re.M)
        self.file.write_text("")
        return [member for member in found if member != "Get"]


@contextlib.contextmanager
def calls_of(bus, directory):
    file = directory / "calls"
    with open(file, "a", encoding="utf-8") as output:
        monitor = subprocess.Popen(["dbus-monitor", "--address", bus, "type='method_call',destination='org.example.MemCoord'"],
                                   stdout=output)
        try:
            wait_until(lambda: "NameLost" in file.read_text(), 10, "the monitor")
            file.write_text("")
            yield Calls(bus, file)
        finally:
            monitor.terminate()
            monitor.wait()
