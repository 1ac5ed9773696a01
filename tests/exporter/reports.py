# SPDX-License-Identifier: LGPL-2.1-or-later
"""memcoord-exporter as its unit for reports has it, started for each client, and systemd's own programs as clients."""

import json
import re
import socket
import subprocess
from pathlib import Path

from common import SOURCE, wait_until
from exporter import PROGRAM

UNIT = (SOURCE / "data/memcoord-exporter-report.socket").read_text()
REPORT = "/usr/lib/systemd/systemd-report"


def ask(client, request):
    """All replies to one call, on a connection that stays."""
    client.sendall(request)
    received = b""
    while not received.endswith(b"\0") or json.loads(received.split(b"\0")[-2]).get("continues"):
        received += client.recv(65536) or b"{}\0"
    return [json.loads(reply) for reply in received.split(b"\0")[:-1]]


def sequence(text):
    """JSON texts, each with a character before it (RFC 7464)."""
    return [json.loads(one) for one in text.split("\x1e")[1:]]


class Reports:
    """Where `systemd-report --user` looks, in the runtime directory of a test."""

    def __init__(self, environment, runtime):
        self.path = runtime / Path(re.search(r"^ListenStream=/run/(.*)$", UNIT, re.M).group(1))
        self.path.parent.mkdir(parents=True)
        self.environment = environment | {"XDG_RUNTIME_DIR": str(runtime)}
        name = re.search(r"^FileDescriptorName=(.*)$", UNIT, re.M).group(1)
        passed_on = [f"--setenv={name}" for name in ("DBUS_SESSION_BUS_ADDRESS", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")
                     if name in environment]
        self.process = subprocess.Popen(
            ["systemd-socket-activate", "--accept", f"--listen={self.path}", f"--fdname={name}", *passed_on, PROGRAM, "--session"],
            env=self.environment, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.path.exists(), 10, "systemd listens")

    def run(self, *words, timeout=30):
        return subprocess.run([str(word) for word in words], env=self.environment, capture_output=True, text=True, timeout=timeout)

    def replies(self, method):
        done = self.run("varlinkctl", "call", "--json=short", "--more", self.path, f"io.systemd.Metrics.{method}", "{}")
        assert done.returncode == 0, done.stderr
        return sequence(done.stdout)

    def samples(self):
        """{(name, VM, its UUID): value}; the last two are None for the host."""
        return {(one["name"], one.get("object"), one.get("fields", {}).get("uuid")): one["value"] for one in self.replies("List")}

    def connect(self, timeout=15):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(timeout)
        client.connect(str(self.path))
        return client

    def programs(self):
        """The ids of those that run, one for each client."""
        return [int(child) for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)
