# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine as a distribution makes it, with MemCoord installed: systemd as PID 1, D-Bus, polkit, the journal and libvirt
with its own units, on a copy of this machine in namespaces of its own.
"""

import json
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from common import wait_until
from common.languages import make_locale
from common.libvirtd import QEMU_CONF
from common.namespace import die_with_parent
from guests.bed.guest import Guest
from guests.bed.image import boot_files, cache_dir

LIBVIRT_PACKAGE = "libvirt-daemon-system"
USERS = """
g libvirt -
g kvm -
u libvirt-qemu - "Libvirt Qemu"
u visitor - "Somebody without rights" /tmp /bin/sh
u operator - "Somebody in the group operators"
g operators -
m operator operators
"""


def fetch_libvirt_units(directory):
    """Unpacks the distribution's units, polkit actions and configuration of libvirt, which need not be installed here."""
    with tempfile.TemporaryDirectory(dir=cache_dir()) as work:
        subprocess.run(["apt-get", "download", "-qq", LIBVIRT_PACKAGE], cwd=work, check=True, stderr=subprocess.DEVNULL)
        subprocess.run(["dpkg", "-x", next(Path(work).glob("*.deb")), directory], check=True)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


class Machine:
    domain_type = "qemu"

    def __init__(self, installed):
        self.installed = installed
        self.process = None
        self.guests = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.top = Path(tempfile.mkdtemp(prefix="mc-install-", dir="/tmp"))
        self.top.chmod(0o755)
        self.directory = self.top / "shared"
        for name in ("layer", "files", "shared"):
            (self.top / name).mkdir()
        self.boot_files = [shutil.copy(path, self.directory) for path in boot_files()]
        self.lay_files(self.top / "files")
        self.console = open(self.top / "console", "ab")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net",
             Path(__file__).with_name("boot"), self.top],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console, preexec_fn=die_with_parent)
        wait_until(self.find_init, 10, "systemd to start")
        # "degraded" where something of this machine does not like to be copied: no matter, as long as ours is fine.
        wait_until(lambda: self.run("systemctl", "is-system-running", check=False).stdout in ("running\n", "degraded\n"),
                   60, "systemd to have booted")
        self.run("systemctl", "start", "libvirtd.socket")

    def lay_files(self, files):
        fetch_libvirt_units(files)
        shutil.copytree(self.installed, files, dirs_exist_ok=True, symlinks=True)
        if (files / "lib").exists():  # on the machine, it is a link to usr/lib
            shutil.copytree(files / "lib", files / "usr/lib", dirs_exist_ok=True, symlinks=True)
            shutil.rmtree(files / "lib")
        files.chmod(0o755)
        write(files / "etc/libvirt/qemu.conf", QEMU_CONF)
        write(files / "usr/lib/sysusers.d/memcoord-test.conf", USERS)
        (files / "usr/lib/locale").mkdir()
        make_locale(files / "usr/lib/locale")

    def find_init(self):
        assert self.process.poll() is None, (self.top / "console").read_text()
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children or Path(f"/proc/{children[0]}/comm").read_text() != "systemd\n":
            return False
        self.init = children[0]
        return True

    def stop(self):
        for guest in self.guests:
            guest.disconnect()
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)  # takes its child, PID 1, with it, and that everything else
            self.process.wait()
            self.console.close()
            self.remove_cgroups()
        shutil.rmtree(self.top, ignore_errors=True)

    def remove_cgroups(self):
        """Those that systemd has left, deepest first; the kernel lets go of the last process a moment after its end."""
        script = 'mount -t cgroup2 cgroup2 "$0"; cd "$0"; until [ ! -d "$1" ]; do find "$1" -depth -type d -exec rmdir {} + ' \
                 '2>/dev/null; sleep 0.1; done'
        subprocess.run(["unshare", "--mount", "sh", "-c", script, self.top / "layer", self.top.name], timeout=20)

    def run(self, *words, user=None, check=True, timeout=60, env=()):
        """Runs a command on the machine, as root or as a user."""
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        # Its root as well: where this runs in a chroot, that of the mount namespace is another one.
        inside = ["nsenter", f"--target={self.init}", "--root", "--mount", "--pid", "--uts", "--ipc", "--net"]
        environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", *env]
        done = subprocess.run([*inside, *become, *environment, *map(str, words)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done

    def virsh(self, *words, check=True):
        return self.run("virsh", "-q", "-c", "qemu:///system", *words, check=check)

    def journal(self, *words):
        """The entries of the service, each {field: value}."""
        lines = self.run("journalctl", "--output=json", "--unit=memcoordd", *words).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def show(self, name):
        """A property of the service, as systemd has it."""
        return self.run("systemctl", "show", "--value", f"--property={name}", "memcoordd").stdout.strip()

    def get(self, name, path="/org/example/MemCoord", interface="org.example.MemCoord1", user=None):
        done = self.run("busctl", "--json=short", "get-property", "org.example.MemCoord", path, interface, name, user=user,
                        check=False)
        return json.loads(done.stdout)["data"] if done.returncode == 0 else None

    def add_guest(self, name, maximum, **options):
        guest = Guest(self, name, maximum, **options)
        self.guests.append(guest)
        guest.define()
        guest.start()
        guest.wait_ready()
        return guest
