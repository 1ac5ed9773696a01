# SPDX-License-Identifier: LGPL-2.1-or-later
"""A libvirtd of the test's own, whose directories are its own, with QEMU guests that have nothing to boot."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import libvirt

QEMU_CONF = """
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
stdio_handler = "file"
remember_owner = 0
namespaces = []
"""
COVERED = ("/run/libvirt", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt", "/etc/libvirt")
MIB = 1 << 20
MAXIMUM = 64 * MIB

# An error is raised; printed as well it would only be taken for a failure.
libvirt.registerErrorHandler(lambda *_: None, None)


class Libvirtd:
    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="mc-libvirt-", dir="/tmp"))
        self.socket = self.directory / "sock" / "libvirt-sock"
        self.uri = f"qemu+unix:///system?socket={self.socket}"
        self.process = None
        self.log = open(self.directory / "log", "ab")
        self.socket.parent.mkdir()
        covers = [self.cover(path) for path in COVERED]
        etc = self.directory / "etc-libvirt"
        (etc / "qemu.conf").write_text(QEMU_CONF)
        (etc / "libvirtd.conf").write_text(f'unix_sock_dir = "{self.socket.parent}"\nauth_unix_rw = "none"\n')
        covers += [self.add_user(database) for database in ("passwd", "group")]
        self.script = " && ".join(covers) + f" && exec libvirtd -f /etc/libvirt/libvirtd.conf -p {self.directory}/pid"

    def configure(self, lines):
        """Adds to libvirtd.conf. Before it starts."""
        with open(self.directory / "etc-libvirt/libvirtd.conf", "a") as conf:
            conf.write(lines)

    def cover(self, path):
        by = self.directory / path.strip("/").replace("/", "-")
        by.mkdir()
        Path(path).mkdir(parents=True, exist_ok=True)
        return f"mount --bind {by} {path}"

    def add_user(self, database):
        """libvirtd looks its default user up before it reads qemu.conf."""
        text = Path("/etc", database).read_text()
        if "\nlibvirt-qemu:" not in text:
            text += "libvirt-qemu:x:64900:64900::/:/usr/sbin/nologin\n" if database == "passwd" else "libvirt-qemu:x:64900:\n"
        (self.directory / database).write_text(text)
        return f"mount --bind {self.directory}/{database} /etc/{database}"

    def start(self):
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", self.script],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env={**os.environ, "LD_PRELOAD": ""},
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.open().close()
                return
            except libvirt.libvirtError:
                assert time.monotonic() < deadline, (self.directory / "log").read_text()
                time.sleep(0.1)

    def open(self):
        return libvirt.open(self.uri)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

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
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.kill_guests()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)
