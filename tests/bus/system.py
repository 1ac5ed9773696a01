# SPDX-License-Identifier: LGPL-2.1-or-later
"""A system bus of our own, with the bus policy and the polkit actions that are installed, a real polkitd, and users."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import tempfile

from common import BUILD, MIB, SOURCE, namespace, wait_until
from common.service import running_service

# The group may let things rest, and nothing else.
RULES = """
polkit.addRule(function (action, subject) {
    if (action.id == "org.example.MemCoord1.pause" && subject.isInGroup("operators")) {
        return polkit.Result.YES;
    }
    return polkit.Result.NOT_HANDLED;
});
"""
POLKIT_AND_OURS = """  <policy user="polkitd">
    <allow send_interface="org.freedesktop.PolicyKit1.AuthenticationAgent"/>
  </policy>
  <include>/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>
  <include>{source}/data/dbus/org.example.MemCoord.conf</include>
"""
HELPER = "/usr/lib/polkit-1/polkit-agent-helper-1"
HELPER_SOCKET = "/run/polkit/agent-helper.socket"
USERS = {"memcoord": 64901, "alice": 64911, "olga": 64912}
OPERATORS = 64920


class Caller:
    """A client that runs as a user."""

    def __init__(self, address, uid, groups=(), agent=False):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", (SOURCE / "tests/bus/caller.py").read_text(), *(["agent"] if agent else [])],
            user=uid, group=uid, extra_groups=groups, cwd="/", env={"DBUS_SYSTEM_BUS_ADDRESS": address, "PATH": "/usr/bin:/bin"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def begin(self, path, interface, method, parameters=None, **options):
        order = {"path": path, "interface": interface, "method": method,
                 "parameters": parameters.print_(True) if parameters else ""}
        self.process.stdin.write(json.dumps(order | options) + "\n")
        self.process.stdin.flush()

    def answer(self):
        return json.loads(self.process.stdout.readline())

    def call(self, *arguments, **options):
        self.begin(*arguments, **options)
        return self.answer()

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


class System:
    def __init__(self):
        namespace.enter()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mc-system-", dir="/tmp"))
        self.directory.chmod(0o755)
        self.address = f"unix:path={self.directory}/bus"
        self.environment = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": self.address}
        self.covered, self.callers = [], []
        self.add_users()
        self.cover("/usr/share/polkit-1/actions", "actions", {"memcoord.policy": BUILD / "data/polkit/org.example.MemCoord1.policy"})
        self.cover("/usr/share/polkit-1/rules.d", "rules", {})
        self.cover("/etc/polkit-1/rules.d", "etc-rules", {})
        (self.directory / "etc-rules/10-test.rules").write_text(RULES)
        config = (SOURCE / "tests/system-bus.conf").read_text()
        (self.directory / "bus.conf").write_text(
            config.format(socket=self.directory / "bus", more=POLKIT_AND_OURS.format(source=SOURCE))
        )
        for program in ("tests/bus/test-service", "src/memcoordctl"):
            shutil.copy(BUILD / program, self.directory)  # where its user may go
        self.bus = subprocess.Popen(["dbus-daemon", f"--config-file={self.directory}/bus.conf", "--nofork", "--nopidfile",
                                     "--print-address"], stdout=subprocess.PIPE, text=True)
        assert self.bus.stdout.readline()
        self.polkit = self.helper = None
        self.start_polkit()
        if not os.stat(HELPER).st_mode & stat.S_ISUID:
            self.start_helper()

    def cover(self, path, name, files):
        directory = self.directory / name
        directory.mkdir()
        for file, source in files.items():
            shutil.copy(source, directory / file)
        namespace.cover(path, directory)
        self.covered.append(path)

    def add_users(self):
        lines = {"passwd": [f"{name}:x:{uid}:{uid}::/:/usr/sbin/nologin" for name, uid in USERS.items()],
                 "group": [f"{name}:x:{uid}:" for name, uid in USERS.items()] + [f"operators:x:{OPERATORS}:olga"]}
        for database, added in lines.items():
            kept = [line for line in pathlib.Path("/etc", database).read_text().splitlines()
                    if line.split(":")[0] not in (*USERS, "operators")]
            (self.directory / database).write_text("\n".join(kept + added) + "\n")
            namespace.cover(f"/etc/{database}", self.directory / database)
            self.covered.append(f"/etc/{database}")

    def start_polkit(self):
        self.polkit = subprocess.Popen(["/usr/lib/polkit-1/polkitd", "--no-debug"], env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["gdbus", "wait", "--system", "--timeout", "20", "org.freedesktop.PolicyKit1"], env=self.environment,
                       check=True)

    def start_helper(self):
        """What checks passwords for an agent: since polkit 127 it is not setuid, but started for each connection to a socket."""
        self.cover("/run/polkit", "run", {})
        self.helper = subprocess.Popen(["systemd-socket-activate", "--accept", "--inetd", f"--listen={HELPER_SOCKET}",
                                        HELPER, "--socket-activated"], stderr=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(HELPER_SOCKET), 10, "the socket of polkit's helper")
        os.chmod(HELPER_SOCKET, 0o666)  # as systemd itself makes it; since 262 this tool does not ask the umask

    def signal_polkit(self, number):
        os.kill(self.polkit.pid, number)

    @contextlib.contextmanager
    def serve(self, *names, host=1 << 30):
        """The service, as its own user, with VMs of those names at rest. @host: what the host itself uses."""
        with running_service(self.address, dict.fromkeys(names, 1024 * MIB), "--system", host=host,
                             program=self.directory / "test-service",
                             user="memcoord", group="memcoord", extra_groups=[], cwd="/") as service:
            yield service
            self.end_callers()

    def caller(self, user, agent=False):
        uid = USERS.get(user, 0)
        self.callers.append(Caller(self.address, uid, [OPERATORS] if user == "olga" else [], agent))
        return self.callers[-1]

    def ctl(self, user, *arguments):
        """memcoordctl, not on a terminal."""
        return subprocess.run([self.directory / "memcoordctl", *arguments], **self.as_user(user), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20)

    def as_user(self, user):
        uid = USERS.get(user, 0)
        return {"user": uid, "group": uid, "extra_groups": [OPERATORS] if user == "olga" else [], "cwd": "/",
                "env": {"DBUS_SYSTEM_BUS_ADDRESS": self.address, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}}

    def end_callers(self):
        for caller in self.callers:
            caller.end()
        self.callers.clear()

    def stop(self):
        self.end_callers()
        for process in filter(None, (self.polkit, self.helper, self.bus)):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        for path in reversed(self.covered):
            namespace.uncover(path)
        shutil.rmtree(self.directory)
