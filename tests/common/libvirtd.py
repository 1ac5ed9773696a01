# SPDX-License-Identifier: LGPL-2.1-or-later
"""A libvirtd of the test's own, whose directories are its own, and QEMU guests that have nothing to boot."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import libvirt

from . import namespace
from .project import MIB
from .wait import wait_until

QEMU_CONF = """
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
stdio_handler = "file"
remember_owner = 0
namespaces = []
"""
OWN = ("/run/libvirt", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt", "/etc/libvirt")
MAXIMUM = 64 * MIB

# An error is raised; printed as well it would only be taken for a failure.
libvirt.registerErrorHandler(lambda *_: None, None)


class Libvirtd:
    """What libvirt has at its usual paths is below a directory. Who else is to see it there covers the paths before the start."""

    uri = "qemu:///system"

    def __init__(self, directory):
        self.directory = Path(directory)
        self.process = None
        self.log = open(self.directory / "libvirtd.log", "ab")
        for path in OWN:
            self.own(path).mkdir()
        self.write_conf("qemu.conf", QEMU_CONF)
        self.write_conf("libvirtd.conf", 'auth_unix_rw = "none"\n')
        namespace.write_users(self.directory, "libvirt-qemu")  # it looks its default user up before it reads qemu.conf

    def own(self, path):
        return self.directory / path.strip("/").replace("/", "-")

    def write_conf(self, name, lines):
        """Adds to a file of its configuration. Before it starts."""
        with open(self.own("/etc/libvirt") / name, "a") as conf:
            conf.write(lines)

    def command(self):
        return ["/usr/sbin/libvirtd", "-f", "/etc/libvirt/libvirtd.conf", "-p", self.directory / "libvirtd.pid"]

    def start(self):
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        preexec_fn=namespace.die_with_parent, env={**os.environ, "LD_PRELOAD": ""})
        wait_until(self.answers, 60, lambda: "libvirtd: " + Path(self.log.name).read_text())

    def answers(self):
        try:
            self.open().close()
        except libvirt.libvirtError:
            return False
        return True

    def open(self):
        return libvirt.open(self.uri)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.log.close()


class LoneLibvirtd(Libvirtd):
    """It alone sees its directories, so that there can be several; it is found by its socket. With guests of 64 MiB."""

    def __init__(self):
        super().__init__(tempfile.mkdtemp(prefix="mc-libvirt-", dir="/tmp"))
        self.socket = self.directory / "sock" / "libvirt-sock"
        self.socket.parent.mkdir()
        self.uri = f"qemu+unix:///system?socket={self.socket}"
        self.write_conf("libvirtd.conf", f'unix_sock_dir = "{self.socket.parent}"\n')

    def command(self):
        covered = [(self.own(path), path) for path in OWN] + [(self.directory / name, f"/etc/{name}") for name in namespace.USERS]
        words = [f"mkdir -p {' '.join(OWN)}", *(f"mount --bind {by} {path}" for by, path in covered)]
        script = " && ".join([*words, f"exec {' '.join(map(str, super().command()))}"])
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]

    def add_guest(self, name, extra="", start=True, devices=""):
        """A VM of 64 MiB whose firmware finds nothing to boot. Returns its UUID."""
        connection = self.open()
        domain = connection.defineXML(f"""
            <domain type="qemu">
              <name>{name}</name>
              <memory unit="MiB">64</memory>
              <os><type arch="x86_64" machine="pc">hvm</type></os>
              <features><acpi/></features>
              {extra}
              <devices><emulator>/usr/bin/qemu-system-x86_64</emulator><memballoon model="virtio"/>{devices}</devices>
            </domain>""")
        if start:
            domain.create()
        uuid = domain.UUIDString()
        connection.close()
        return uuid

    def act(self, name, act):
        """Calls `act` with the domain `name`, on a connection of its own."""
        connection = self.open()
        try:
            return act(connection.lookupByName(name))
        finally:
            connection.close()

    def pid(self, name):
        return int((self.directory / "run-libvirt/qemu" / f"{name}.pid").read_text())

    def kill_guests(self):
        for path in (self.directory / "run-libvirt/qemu").glob("*.pid"):
            if path.stem == "driver":
                continue  # libvirtd's own
            try:
                os.kill(int(path.read_text()), signal.SIGKILL)
            except OSError:
                continue  # it has ended by itself

    def remove_guests(self):
        self.kill_guests()  # it takes libvirtd two seconds to end one
        connection = self.open()
        for domain in connection.listAllDomains():
            try:
                domain.destroy()
            except libvirt.libvirtError:
                pass  # it is not running
            domain.undefine()
        connection.close()

    def stop(self):
        super().stop()
        self.kill_guests()
        shutil.rmtree(self.directory, ignore_errors=True)
