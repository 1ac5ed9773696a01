# SPDX-License-Identifier: LGPL-2.1-or-later
"""memcoord-exporter on a socket that is passed to it, as systemd does, and a client."""

import contextlib
import os
import socket
import subprocess

from common import BUILD

PROGRAM = BUILD / "src/memcoord-exporter"


class Exporter:
    """Several runs of it on one socket, of which systemd would start the next when somebody comes."""

    def __init__(self, environment):
        self.environment = environment
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.process = None

    def start(self, *arguments, descriptors=None, **options):
        passed = [listener.fileno() for listener in (descriptors if descriptors is not None else [self.listener])]
        # LISTEN_PID is the process's own, which is known in it alone.
        script = ["sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS={len(passed)} exec "$@"', "sh", PROGRAM, "--session", *arguments]
        self.process = subprocess.Popen(script, env=self.environment, close_fds=False, preexec_fn=lambda: hand_over(passed), **options)
        return self.process

    def connect(self, timeout=15):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def ask(self, request, timeout=15):
        """What is answered to these bytes, until the connection is closed."""
        with self.connect(timeout) as client:
            client.sendall(request)
            return read_all(client)

    def get(self, path="/metrics", method="GET", headers=(), timeout=15):
        lines = [f"{method} {path} HTTP/1.1", "Host: here", *headers, "", ""]
        return Answer(self.ask("\r\n".join(lines).encode(), timeout))

    def up(self):
        return "\nmemcoord_up 1\n" in self.get().text

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(timeout=20) == 0

    def close(self):
        try:
            self.stop()
        finally:
            if self.process is not None and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.listener.close()


def hand_over(passed):
    """In the child: the first descriptor that systemd passes is 3."""
    copies = [os.dup(descriptor) for descriptor in passed]
    for number, copy in enumerate(copies, 3):
        os.dup2(copy, number, inheritable=True)


def read_all(client):
    """Until the end, however it comes."""
    received = b""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while part := client.recv(65536):
            received += part
    return received


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *headers = head.decode().split("\r\n")
        self.status = int(first.split()[1]) if first else None
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in headers)}
        self.text = self.body.decode()
