# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bed: bus, libvirtd, host, guests and the daemon under test."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

from common import BUILD, MIB, SOURCE, namespace, wait_until
from common.bus import HOST, MANAGER, PROPERTIES, ROOT, VM, Client
from common.libvirtd import OWN, Libvirtd
from gi.repository import GLib

from . import image
from .calls import BALLOONS, LOGGING, Calls
from .guest import Guest
from .host import Host

BUS = "/run/dbus/system_bus_socket"
TIMEOUT_S = 30
BREATH = 4 * MIB  # less than this is not seen of a balloon that moves
BUS_INCLUDES = """  <includedir>/usr/share/dbus-1/system.d</includedir>
  <includedir>/etc/dbus-1/system.d</includedir>
"""


class Bed:
    def __init__(self, host_total=3 << 30, base=256 * MIB, build=None, huge_pages=False, node=None, logged=BALLOONS):
        self.build = Path(build or BUILD).resolve()
        self.accel = os.environ.get("MEMCOORD_BED_ACCEL", "tcg")
        self.domain_type = "kvm" if self.accel == "kvm" else "qemu"
        self.host_total = host_total
        self.huge_pages = huge_pages
        self.node = node
        self.logged = logged  # by libvirtd: filters of its log
        self.base = base
        self.guests = {}
        self.processes = {}
        self.covered = []
        self.host = None
        self.libvirtd = None
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
        self.host = Host(self.directory, self.host_total, self.base, self.node)
        self.host.pids = self.pids
        self.host.bound = lambda: [pid for guest in list(self.guests.values()) if guest.bound and (pid := guest.pid)]
        self.host.start()
        for path in ("/run/dbus", "/etc/dbus-1/system.d"):
            self.fresh(path)
        self.prepare_libvirtd()
        shutil.copy(SOURCE / "data/dbus/org.example.MemCoord.conf", "/etc/dbus-1/system.d")
        namespace.write_users(self.directory, "libvirt-qemu", "memcoord")  # the bus's policy names the second
        for name in namespace.USERS:
            self.cover(f"/etc/{name}", self.directory / name)
        self.start_bus()
        self.start_libvirtd()

    def prepare_libvirtd(self):
        self.libvirtd = Libvirtd(self.directory)
        self.libvirtd.write_conf("libvirtd.conf", 'unix_sock_rw_perms = "0777"\n' + LOGGING.format(path=self.calls.path, filters=self.logged))
        if self.huge_pages:
            self.libvirtd.write_conf("qemu.conf", self.mount_huge_pages())
        capabilities = image.cache_dir() / "libvirt"
        capabilities.mkdir(exist_ok=True)
        for path in OWN:
            self.cover(path, capabilities if path == "/var/cache/libvirt" else self.libvirtd.own(path))

    def mount_huge_pages(self):
        directory = self.directory / "huge"
        directory.mkdir()
        subprocess.run(["mount", "-t", "hugetlbfs", "none", directory], check=True)
        self.covered.append(directory)
        return f'hugetlbfs_mount = "{directory}"\n'

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
            (SOURCE / "tests/system-bus.conf").read_text().format(socket=BUS, more=BUS_INCLUDES)
        )
        self.spawn("bus", ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"])
        wait_until(lambda: os.path.exists(BUS), 10, "the bus")

    def start_libvirtd(self):
        self.libvirtd.start()
        self.processes["libvirtd"] = self.libvirtd.process

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
        if self.libvirtd is not None:
            self.libvirtd.log.close()
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
            wait_until(lambda: abs(guest.balloon_bytes() - guest.current) <= slack, timeout, f"{guest.name}'s first balloon")

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
            wait_until(lambda: self.property("State") in ("running", "paused"), 20, "the daemon to run")
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

    def connect(self):
        """A client of its own, on the bed's bus."""
        return Client(f"unix:path={BUS}", TIMEOUT_S)

    def call(self, path, interface, method, signature="", *arguments):
        client = self.connect()
        try:
            return client.call(path, interface, method, GLib.Variant(f"({signature})", arguments))
        finally:
            client.close()

    def set_threshold(self, name, value, guest=None):
        path, interface = (guest.object_path, VM) if guest else (ROOT, HOST)
        return self.call(path, interface, "SetThreshold", "st", name, value)

    def objects(self):
        """All of it at once, as a frontend reads it: {path: {interface: {property: value}}}; {}: nobody answers."""
        try:
            return self.call(ROOT, MANAGER, "GetManagedObjects")[0]
        except GLib.Error:
            return {}

    def vms(self):
        """The VMs' properties by name; {}: nobody answers."""
        return {faces[VM]["Name"]: faces[VM] for faces in self.objects().values() if VM in faces}

    def vm(self, guest):
        """The guest's properties on the bus, or None."""
        return self.objects().get(guest.object_path, {}).get(VM)

    def is_gone(self, guest):
        """Whether the service shows others, and not it: nothing at all may be a service that does not answer."""
        objects = self.objects()
        return bool(objects) and guest.object_path not in objects

    def targets(self):
        """What the daemon has told each guest to have, in bytes by name; empty while no daemon answers."""
        if self.daemon is None or self.daemon.poll() is not None:
            return {}
        return {name: vm["Target"] for name, vm in self.vms().items()}

    def managed(self, *guests):
        """Whether the daemon moves memory in each of them (all, where none is named)."""
        vms = self.vms()
        names = [guest.name for guest in guests] or list(self.guests)
        return all(name in vms and vms[name]["Status"] == "managed" for name in names)

    def settle(self, still_s, timeout):
        """Waits until for so many seconds no target has changed, as the service tells and libvirtd was told, and no balloon: some
        are a minute on their way to where they were told to be."""
        deadline = time.monotonic() + timeout
        last, since = None, time.monotonic()
        while time.monotonic() - since < still_s:
            vms = self.vms()
            now = ({name: vm["Target"] for name, vm in vms.items()}, {name: vm["Balloon"] // BREATH for name, vm in vms.items()},
                   [self.calls.of(guest)[-1:] for guest in self.guests.values()])
            if now != last or not vms:  # a service that does not answer has not settled
                last, since = now, time.monotonic()
            if time.monotonic() > deadline:
                raise TimeoutError(f"balloons or their targets still move after {timeout} s: {now[:2]}, {self.describe_sets(timeout)}")
            time.sleep(0.2)
        return last[0]

    def describe_sets(self, seconds):
        """What libvirtd was told lately: how many seconds ago, and how many MiB."""
        now = time.monotonic()
        return {guest.name: [(round(now - t, 1), size // MIB) for t, size in self.calls.of(guest) if now - t < seconds]
                for guest in self.guests.values()}

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
        """Of the host; None: nobody answers."""
        try:
            return self.call(ROOT, PROPERTIES, "Get", "ss", HOST, name)[0]
        except GLib.Error:
            return None
