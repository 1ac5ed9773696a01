# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libvirt was told to make of each balloon, by anybody, as libvirtd itself writes it down when the call comes in.

So a test knows when a guest was given memory, and that one was left alone, without asking the service that it tests.
"""

import re
import time
from datetime import datetime, timezone

# For libvirtd.conf: a line or two for each call about a domain.
BALLOONS = "1:libvirt.domain"
LOGGING = """log_filters = "{filters}"
log_outputs = "1:file:{path} 3:stderr"
"""
CALL = re.compile(rb"(\S+ \S+): \d+: debug : virDomainSetMemory(?:Flags)?:\d+ : .*\(VM: name=(\S+), .*\bmemory=(\d+)")


class Calls:
    def __init__(self, path):
        self.path = path
        self.read_to = 0
        self.calls = []  # (t, guest's name, bytes)
        self.epoch = time.time() - time.monotonic()

    def read(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(self.read_to)
                text = file.read()
        except FileNotFoundError:
            return
        whole = text[:text.rfind(b"\n") + 1]
        self.read_to += len(whole)
        for line in whole.splitlines():
            if call := CALL.match(line):
                self.calls.append((self.moment(call[1].decode()), call[2].decode(), int(call[3]) << 10))

    def moment(self, written):
        """As time.monotonic() tells it."""
        when = datetime.strptime(written, "%Y-%m-%d %H:%M:%S.%f%z").astimezone(timezone.utc)
        return when.timestamp() - self.epoch

    def of(self, guest, since=0.0):
        """(t, bytes) for each time that somebody set its balloon, t as time.monotonic() tells it."""
        self.read()
        return [(t, size) for t, name, size in self.calls if name == guest.name and t >= since]
