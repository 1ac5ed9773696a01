# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed program as it is, on libvirt's test driver with many VMs: what memory it takes."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

from common import BUILD, wait_until

DOMAIN = """<domain type="test"><name>vm{i}</name><uuid>c0ffee00-0000-4000-8000-{i:012x}</uuid>
<memory unit="MiB">1024</memory><os><type>hvm</type></os><devices><memballoon model="virtio"/></devices></domain>"""


def memory_of(pid):
    """In MiB: what it has written, its part of all that it has touched, and all of that.

    The last two depend on who else on the machine has the same libraries of libvirt mapped, which on a KVM host libvirtd has.
    """
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = {name: int(value) for name, value in re.findall(r"^(\w+): +(\d+) kB$", rollup, re.MULTILINE)}
    return {
        "own": kib["Anonymous"] / 1024,
        "proportional": kib["Pss"] / 1024,
        "resident": kib["Rss"] / 1024,
    }


def daemon_of(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return next(int(child) for child in children if Path(f"/proc/{child}/comm").read_text() == "memcoordd\n")


def measure(directory, n_vms):
    node = directory / "node.xml"
    node.write_text("<node>" + "".join(DOMAIN.format(i=i) for i in range(n_vms)) + "</node>")
    configuration = directory / "memcoord.conf"
    configuration.touch()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(directory / "notify"))
        notify.settimeout(60)
        session = subprocess.Popen(
            ["dbus-run-session", "--", BUILD / "src/memcoordd", "--session", "--uri", f"test://{node}",
             "--config", configuration, "--state-dir", directory / "state"],
            env={**os.environ, "NOTIFY_SOCKET": str(directory / "notify")},
        )
        try:
            wait_until(lambda: f"Balancing {n_vms} VMs" in notify.recv(4096).decode(), 60, f"{n_vms} VMs")
            return memory_of(daemon_of(session.pid))
        finally:
            os.kill(daemon_of(session.pid), signal.SIGTERM)
            session.wait(30)
