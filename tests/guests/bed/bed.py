# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bed: bus, libvirtd, host, guests and the daemon under test."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

from . import image, namespace
from .calls import LOGGING, Calls
from .guest import MIB, Guest
from .host import Host

PROJECT = Path(__file__).resolve().parents[3]
BUS_NAME = "org.example.MemCoord"
ROOT = "/org/example/MemCoord"
ROOT_INTERFACE = "org.example.MemCoord1"
VM_INTERFACE = "org.example.MemCoord1.VM"

QEMU_CONF = """
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
stdio_handler = "file"
remember_owner = 0
namespaces = []
"""
BUS_INCLUDES = """  <includedir>/usr/share/dbus-1/system.d</includedir>
  <includedir>/etc/dbus-1/system.d</includedir>
"""
LIBVIRTD_CONF = """
auth_unix_rw = "none"
unix_sock_rw_perms = "0777"
"""


class Bed:
    def __init__(self, host_total=3 << 30, base=256 * MIB, build=None, huge_pages=False):
        self.build = Path(build or os.environ.get("MEMCOORD_BUILD") or PROJECT / "build").resolve()
        self.accel = os.environ.get("MEMCOORD_BED_ACCEL", "tcg")
        self.domain_type = "kvm" if self.accel == "kvm" else "qemu"
        self.host_total = host_total
        self.huge_pages = huge_pages
        self.base = base
        self.guests = {}
        self.processes = {}
        self.covered = []
        self.host = None
        self.daemon = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # What the guests live on

    def cover(self, path, by):
        namespace.cover(path, by)
        self.covered.append(path)

    def fresh(self, path):
        directory = self.directory / path.strip("/").replace("/", "-")
        directory.mkdir(parents=True, exist_ok=True)
        self.cover(path, directory)
        return directory

    def start(self):
        namespace.enter()
        self.directory = Path(tempfile.mkdtemp(prefix="mc-bed-", dir="/tmp"))
        self.directory.chmod(0o755)
        self.janitor = namespace.start_janitor(self.directory)
        self.log = open(self.directory / "log", "ab")
        self.calls = Calls(self.directory / "calls")
        self.boot_files = image.boot_files()
        self.host = Host(self.directory, self.host_total, self.base)
        self.host.pids = self.pids
        self.host.start()
        for path in ("/run/libvirt", "/var/lib/libvirt", "/var/log/libvirt", "/run/dbus", "/etc/dbus-1/system.d"):
            self.fresh(path)
        capabilities = image.cache_dir() / "libvirt"
        capabilities.mkdir(exist_ok=True)
        self.cover("/var/cache/libvirt", capabilities)
        etc = self.fresh("/etc/libvirt")
        (etc / "qemu.conf").write_text(QEMU_CONF + (self.mount_huge_pages() if self.huge_pages else ""))
        (etc / "libvirtd.conf").write_text(LIBVIRTD_CONF + LOGGING.format(path=self.calls.path))
        shutil.copy(PROJECT / "data/dbus/org.example.MemCoord.conf", "/etc/dbus-1/system.d")
        self.add_users("libvirt-qemu", "memcoord")
        self.start_bus()
        self.start_libvirtd()

    def mount_huge_pages(self):
        directory = self.directory / "huge"
        directory.mkdir()
        subprocess.run(["mount", "-t", "hugetlbfs", "none", directory], check=True)
        self.covered.append(directory)
        return f'hugetlbfs_mount = "{directory}"\n'

    def add_users(self, *names):
        """libvirtd looks its default user up before it reads qemu.conf, and the bus's policy names the service's."""
        for database, line in (("passwd", "{0}:x:{1}:{1}::/:/usr/sbin/nologin\n"), ("group", "{0}:x:{1}:\n")):
            text = Path("/etc", database).read_text()
            for number, name in enumerate(names, 64900):
                if f"\n{name}:" not in text:
                    text += line.format(name, number)
            copy = self.directory / database
            copy.write_text(text)
            self.cover(Path("/etc", database), copy)

    def spawn(self, name, arguments, **options):
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=namespace.die_with_parent, **options,
        )
        self.processes[name] = process
        return process

    def start_bus(self):
        config = self.directory / "bus.conf"
        config.write_text(
            (PROJECT / "tests/system-bus.conf").read_text().format(socket="/run/dbus/system_bus_socket", more=BUS_INCLUDES)
        )
        self.spawn("bus", ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"])
        self.wait_for(lambda: os.path.exists("/run/dbus/system_bus_socket"), 10, "the bus")

    def start_libvirtd(self):
        pid_file = self.directory / "libvirtd.pid"
        self.spawn("libvirtd", ["/usr/sbin/libvirtd", "-f", "/etc/libvirt/libvirtd.conf", "-p", pid_file])
        self.wait_for(lambda: self.virsh("list", check=False).returncode == 0, 60, "libvirtd")

    def end_process(self, name, number=signal.SIGTERM):
        process = self.processes.pop(name)
        process.send_signal(number)
        process.wait(20)

    def stop(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        for guest in self.guests.values():
            guest.disconnect()
        for name in list(self.processes):
            self.end_process(name, signal.SIGKILL)
        namespace.kill_all_with(f"{self.directory}/")
        if self.host is not None:
            self.host.stop()
        for path in reversed(self.covered):
            namespace.uncover(path)
        self.covered = []
        self.log.close()
        os.write(self.janitor, b".")
        os.close(self.janitor)
        if "MEMCOORD_BED_KEEP" not in os.environ:
            shutil.rmtree(self.directory, ignore_errors=True)

    # Guests

    def pids(self):
        """Of those that run. For the host's thread: the copy is made at once, guests may be added meanwhile."""
        return [pid for guest in list(self.guests.values()) if (pid := guest.pid)]

    def data_path(self, size):
        """A file that guests read. No hole: what is read of it is memory that somebody copied."""
        path = self.directory / f"data-{size // MIB}"
        if not path.exists():
            piece = os.urandom(MIB)
            with open(path, "wb") as file:
                for _ in range(size // MIB):
                    file.write(piece)
        return path

    def add_guest(self, name, maximum, start=True, **options):
        guest = Guest(self, name, maximum, **options)
        guest.define()
        self.guests[name] = guest
        if start:
            guest.start()
        return guest

    def add_guests(self, **guests):
        """Several at once, which boot side by side: name=dict(maximum=…, …)."""
        added = [self.add_guest(name, **options) for name, options in guests.items()]
        for guest in added:
            guest.wait_ready()
        return added

    def wait_ballooned(self, timeout=60):
        """Until each guest has what its definition says: it boots with its maximum, until its driver loads."""
        slack = 16 * MIB
        for guest in self.guests.values():
            self.wait_for(lambda: abs(guest.balloon_bytes() - guest.current) <= slack, timeout, f"{guest.name}'s first balloon")

    def infos(self):
        return {name: guest.info() for name, guest in self.guests.items()}

    def remove_guest(self, guest):
        guest.destroy()
        self.virsh("undefine", guest.name, check=False)
        del self.guests[guest.name]

    # The daemon

    def start_daemon(self, *arguments, wait=True, env=None):
        self.daemon_log = open(self.directory / "daemon.log", "ab")
        self.daemon = subprocess.Popen(
            [self.build / "src/memcoordd", "--state-dir", self.directory / "state", *arguments],
            stdin=subprocess.DEVNULL, stdout=self.daemon_log, stderr=self.daemon_log,
            preexec_fn=namespace.die_with_parent, env={**os.environ, **(env or {})},
        )
        if wait:
            self.wait_for(lambda: self.property("State") in ("running", "paused"), 20, "the daemon to run")
        return self.daemon

    def stop_daemon(self, number=signal.SIGTERM, timeout=20):
        self.daemon.send_signal(number)
        code = self.daemon.wait(timeout)
        self.daemon_log.close()
        return code

    def read_daemon_log(self):
        return (self.directory / "daemon.log").read_text(errors="replace")

    # Tools

    def virsh(self, *arguments, check=True, timeout=60):
        result = subprocess.run(
            ["virsh", "-q", "-c", "qemu:///system", *map(str, arguments)], capture_output=True, text=True, timeout=timeout
        )
        if check and result.returncode != 0:
            raise RuntimeError(f"virsh {' '.join(map(str, arguments))}: {result.stderr}")
        return result

    def busctl(self, *arguments, check=True):
        result = subprocess.run(["busctl", *map(str, arguments)], capture_output=True, text=True, timeout=30)
        if check and result.returncode != 0:
            raise RuntimeError(f"busctl {' '.join(map(str, arguments))}: {result.stderr}")
        return result

    def call(self, path, interface, method, signature="", *arguments, check=True):
        words = [signature, *arguments] if signature else []
        return self.busctl("call", BUS_NAME, path, interface, method, *words, check=check)

    def set_threshold(self, name, value, guest=None):
        path, interface = (guest.object_path, VM_INTERFACE) if guest else (ROOT, ROOT_INTERFACE)
        return self.call(path, interface, "SetThreshold", "st", name, value)

    def objects(self):
        """All of it at once, as a frontend reads it: {path: {interface: {property: value}}}."""
        result = self.busctl(
            "--json=short", "call", BUS_NAME, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", check=False
        )
        if result.returncode != 0:
            return {}
        raw = json.loads(result.stdout)["data"][0]
        return {
            path: {
                interface: {name: value["data"] for name, value in properties.items()}
                for interface, properties in interfaces.items()
            }
            for path, interfaces in raw.items()
        }

    def vm(self, guest):
        """The guest's properties on the bus, or None."""
        return self.objects().get(guest.object_path, {}).get(VM_INTERFACE)

    def is_gone(self, guest):
        """Whether the service shows others, and not it: nothing at all may be a service that does not answer."""
        objects = self.objects()
        return bool(objects) and guest.object_path not in objects

    def targets(self):
        """What the daemon has told each guest to have, in bytes by name; empty while no daemon answers."""
        if self.daemon is None or self.daemon.poll() is not None:
            return {}
        vms = (interfaces.get(VM_INTERFACE) for interfaces in self.objects().values())
        return {vm["Name"]: vm["Target"] for vm in vms if vm}

    def managed(self, *guests):
        """Whether the daemon moves memory in each of them (all, where none is named)."""
        vms = {vm["Name"]: vm for vm in (faces.get(VM_INTERFACE) for faces in self.objects().values()) if vm}
        names = [guest.name for guest in guests] or list(self.guests)
        return all(name in vms and vms[name]["Status"] == "managed" for name in names)

    def settle(self, still_s, timeout):
        """Waits until no target has changed for so many seconds, as the service tells and libvirtd was told."""
        deadline = time.monotonic() + timeout
        last, since = None, time.monotonic()
        while time.monotonic() - since < still_s:
            now = self.targets(), [self.calls.of(guest)[-1:] for guest in self.guests.values()]
            if now != last or not now[0]:  # a service that does not answer has not settled
                last, since = now, time.monotonic()
            if time.monotonic() > deadline:
                raise TimeoutError(f"the targets still move after {timeout} s: {last}")
            time.sleep(0.2)
        return last[0]

    def stats_period(self, guest):
        """In seconds, as libvirt has it now; 0: none."""
        xml = ElementTree.fromstring(self.virsh("dumpxml", guest.name).stdout)
        stats = xml.find("devices/memballoon/stats")
        return 0 if stats is None else int(stats.get("period"))

    def daemon_cpu_seconds(self):
        with open(f"/proc/{self.daemon.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def property(self, name):
        result = self.busctl("--json=short", "get-property", BUS_NAME, ROOT, ROOT_INTERFACE, name, check=False)
        return json.loads(result.stdout)["data"] if result.returncode == 0 else None

    @staticmethod
    def wait_for(predicate, timeout, what):
        deadline = time.monotonic() + timeout
        while True:
            value = predicate()
            if value:
                return value
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {timeout} s")
            time.sleep(0.1)
