# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service with its hypervisor steered, as tests/bus/test-service.c has it."""

import contextlib
import os
import subprocess

from .bus import Client
from .project import BUILD, MIB, is_sanitized


class Service(Client):
    """The service, and a client of it that is not memcoordctl."""

    def __init__(self, address, process):
        super().__init__(address)
        self.process = process

    def tell(self, *words):
        """Steers the hypervisor: one line, answered by one line."""
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer.startswith("ok"), answer
        return answer


def start_service(bus, *arguments, speed=5, program=BUILD / "tests/bus/test-service", **options):
    """The service on the bus of that address. @speed: how many of its seconds pass in one."""
    address = {"DBUS_SESSION_BUS_ADDRESS": bus, "DBUS_SYSTEM_BUS_ADDRESS": bus}
    process = subprocess.Popen([program, f"--speed={speed}", *arguments],
                               env=os.environ | address | {"G_DEBUG": "fatal-criticals"},
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
    assert process.stdout.readline().strip() == "ready"
    return Service(bus, process)


def stop_service(service):
    service.process.stdin.close()
    assert service.process.wait(timeout=60 if is_sanitized() else 10) == 0  # it looks for leaks at the end
    service.close()


def kill_service(service):
    service.process.kill()
    service.process.wait()
    service.connection.close_sync()


@contextlib.contextmanager
def running_service(bus, vms, *arguments, host=None, **options):
    """The service with VMs at rest: {name: bytes}. @host: what the host itself uses, in bytes."""
    service = start_service(bus, *arguments, **options)
    if host is not None:
        service.tell("host", host)
    for name, size in vms.items():
        service.tell("add", name, size)
    service.wait_until(lambda: [vm["Status"] for vm in service.vms().values()] == ["managed"] * len(vms))
    yield service
    stop_service(service)


def memory(service):
    """What its process occupies, in bytes."""
    with open(f"/proc/{service.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) << 10


def growth(mib):
    """That of a test's bound, in bytes. With a small quarantine ASan adds this much, of which 8 MiB are the quarantine."""
    return (mib + (28 if is_sanitized() else 0)) * MIB
