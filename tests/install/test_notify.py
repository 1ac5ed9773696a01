# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the service tells a service manager, word for word, over its whole life."""

import os
import signal
import socket
import subprocess

import pytest

WATCHDOG_US = 1_000_000


class Manager:
    """systemd's end: its socket, and the service below it."""

    def __init__(self, directory):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(directory / "notify"))
        self.socket.settimeout(20)
        self.directory = directory

    def start(self, program, address):
        environment = {**os.environ, "NOTIFY_SOCKET": str(self.directory / "notify"), "WATCHDOG_USEC": str(WATCHDOG_US),
                       "DBUS_SESSION_BUS_ADDRESS": address, "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen([program, "--session", "--uri", "test:///default", "--state-dir", self.directory],
                                        env=environment, stderr=subprocess.DEVNULL)

    def told(self):
        """The next message, {key: value}; those of the watchdog are left out."""
        while True:
            message = self.socket.recv(4096).decode()
            if message != "WATCHDOG=1":
                return dict(line.split("=", 1) for line in message.splitlines())


@pytest.fixture
def manager(installed, bus, tmp_path):
    manager = Manager(tmp_path)
    manager.start(installed / "usr/libexec/memcoordd", bus)
    yield manager
    if manager.process.poll() is None:
        manager.process.kill()
        manager.process.wait()
    manager.socket.close()


def wait_told(manager, key):
    while key not in (told := manager.told()):
        pass
    return told


def test_ready_then_what_it_does(manager):
    assert wait_told(manager, "READY") == {"READY": "1", "STATUS": "Connecting to test:///default"}
    assert wait_told(manager, "STATUS")["STATUS"] == "Balancing 1 VM of test:///default"


def test_reload_is_announced_and_ended(manager):
    wait_told(manager, "READY")
    manager.process.send_signal(signal.SIGHUP)
    assert set(wait_told(manager, "RELOADING")) == {"RELOADING", "MONOTONIC_USEC"}
    assert wait_told(manager, "READY")["READY"] == "1"


def test_signs_of_life_come_in_time(manager):
    manager.socket.settimeout(WATCHDOG_US / 1e6)
    signs = 0
    while signs < 3:
        signs += manager.socket.recv(4096) == b"WATCHDOG=1"


def test_end_is_announced(manager):
    wait_told(manager, "READY")
    manager.process.send_signal(signal.SIGTERM)
    assert wait_told(manager, "STOPPING") == {"STOPPING": "1"}
    assert manager.process.wait(20) == 0
