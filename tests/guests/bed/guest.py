# SPDX-License-Identifier: LGPL-2.1-or-later
"""One guest: its domain, and commands to it over its serial port."""

import os
import socket
import subprocess
import time
import uuid
from pathlib import Path

from common import MIB

DATA_SPEED = 32 * MIB  # a second
BOOT_WITHIN_S = 90


def kib(size):
    return size >> 10


class Guest:
    def __init__(self, bed, name, maximum, current=None, swap=0, balloon="virtio", autodeflate=False,
                 free_page_reporting=False, load_driver=True, memory_backing="", metadata="", data=0, bound=False):
        self.bed = bed
        self.name = name
        self.maximum = maximum
        self.current = current or maximum
        self.swap = swap
        self.balloon = balloon
        self.autodeflate = autodeflate
        self.free_page_reporting = free_page_reporting
        self.load_driver = load_driver
        self.memory_backing = memory_backing
        self.metadata = metadata
        self.bound = bound  # strictly to NUMA node 0
        self.data = data  # bytes that it can read: the same for all guests, on a disk of a disk's speed
        self.uuid = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
        self.port = None
        self.buffer = b""

    @property
    def serial_path(self):
        return self.bed.directory / f"{self.name}.serial"

    @property
    def disk_path(self):
        return self.bed.directory / f"{self.name}.disk"

    @property
    def object_path(self):
        return "/org/example/MemCoord/vm/_" + self.uuid.replace("-", "_")

    def make_disk(self):
        with open(self.disk_path, "wb") as disk:
            disk.truncate(max(self.swap, 64 * MIB))
        if self.swap:
            subprocess.run(["/sbin/mkswap", self.disk_path], check=True, capture_output=True)

    def data_xml(self):
        if not self.data:
            return ""
        return f"""<disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='{self.bed.data_path(self.data)}'/>
      <target dev='vdb' bus='virtio'/>
      <iotune><read_bytes_sec>{DATA_SPEED}</read_bytes_sec></iotune>
      <readonly/>
      <shareable/>
    </disk>"""

    def balloon_xml(self):
        options = ""
        if self.autodeflate:
            options += " autodeflate='on'"
        if self.free_page_reporting:
            options += " freePageReporting='on'"
        return f"<memballoon model='{self.balloon}'{options}/>"

    def xml(self):
        kernel, initramfs = self.bed.boot_files
        words = ["quiet", "console=ttyS1", "panic=0"]
        words += ["use_swap"] if self.swap else []
        words += [] if self.load_driver else ["late_balloon"]
        return f"""
<domain type='{self.bed.domain_type}'>
  <name>{self.name}</name>
  <uuid>{self.uuid}</uuid>
  <metadata>{self.metadata}</metadata>
  <memory unit='KiB'>{kib(self.maximum)}</memory>
  <currentMemory unit='KiB'>{kib(self.current)}</currentMemory>
  <memoryBacking><source type='memfd'/>{self.memory_backing}</memoryBacking>
  {"<numatune><memory mode='strict' nodeset='0'/></numatune>" if self.bound else ''}
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initramfs}</initrd>
    <cmdline>{' '.join(words)}</cmdline>
  </os>
  <features><acpi/></features>
  <on_reboot>restart</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='unsafe'/>
      <source file='{self.disk_path}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    {self.data_xml()}
    <controller type='usb' model='none'/>
    <serial type='unix'><source mode='bind' path='{self.serial_path}'/><target port='0'/></serial>
    <serial type='file'><source path='{self.bed.directory}/{self.name}.console'/><target port='1'/></serial>
    <video><model type='none'/></video>
    {self.balloon_xml()}
  </devices>
</domain>"""

    def define(self):
        self.make_disk()
        path = self.bed.directory / f"{self.name}.xml"
        path.write_text(self.xml())
        self.bed.virsh("define", path)

    def start(self):
        self.bed.virsh("start", self.name)
        self.connect()  # now: what a guest says to nobody is lost

    @property
    def pid(self):
        try:
            text = Path(f"/run/libvirt/qemu/{self.name}.pid").read_text()
        except FileNotFoundError:
            return None
        return int(text) if text else None  # it is being written

    def connect(self):
        if self.port is None:
            self.port = socket.socket(socket.AF_UNIX)
            self.port.connect(str(self.serial_path))

    def disconnect(self):
        if self.port is not None:
            self.port.close()
        self.port = None
        self.buffer = b""

    def read_line(self, timeout):
        deadline = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            self.port.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                chunk = self.port.recv(4096)
            except socket.timeout:
                raise TimeoutError(f"{self.name} does not answer within {timeout} s; console:\n{self.console()}") from None
            if not chunk:
                raise ConnectionError(f"{self.name} is gone; console:\n{self.console()}")
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode(errors="replace").strip()

    def wait_ready(self, timeout=BOOT_WITHIN_S):
        """Waits for the guest to have booted, and for its driver to have loaded."""
        self.connect()
        while self.read_line(timeout) != "ready":
            pass

    def console(self):
        path = Path(f"{self.bed.directory}/{self.name}.console")
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def command(self, line, timeout=60):
        """Returns the answer's key=value pairs."""
        self.connect()
        self.port.sendall(line.encode() + b"\n")
        status, _, rest = self.read_line(timeout).partition(" ")
        if status != "ok":
            raise RuntimeError(f"{self.name}: {line}: {status} {rest}")
        return {key: int(value) for key, value in (pair.split("=") for pair in rest.split())}

    def tell(self, line):
        """A command whose answer nobody waits for: hear() drops it."""
        self.port.sendall(line.encode() + b"\n")

    def hear(self):
        """The lines that have come, without waiting."""
        while self.port is not None:
            self.port.settimeout(0)
            try:
                chunk = self.port.recv(4096)
            except (BlockingIOError, ConnectionError):
                break
            if not chunk:
                break
            self.buffer += chunk
        *lines, self.buffer = self.buffer.split(b"\n")
        return [line.decode(errors="replace").strip() for line in lines]

    def hold(self, mib):
        self.command(f"hold {mib}")

    def grow(self, mib, rate):
        self.command(f"grow {mib} {rate}")

    def free(self):
        self.command("free")

    def read(self, mib):
        """Reads pieces of so much of its data, again and again, through its page cache."""
        self.command(f"read {mib}")

    def unload_balloon(self):
        """Its driver gives all back before it goes."""
        self.command("unballoon")

    def load_balloon(self):
        self.command("balloon")

    def claim_full_balloon(self):
        """Its driver says that it has its maximum, and has what it had."""
        self.command("claim")

    def panic(self):
        self.tell("panic")

    def info(self):
        return self.command("info")

    def balloon_bytes(self):
        """As libvirt knows it."""
        stats = self.bed.virsh("domstats", self.name, "--balloon", "--nowait").stdout
        return int(stats.partition("balloon.current=")[2].split()[0]) << 10

    def signal(self, number):
        os.kill(self.pid, number)

    def destroy(self):
        self.disconnect()
        self.bed.virsh("destroy", self.name, check=False)
