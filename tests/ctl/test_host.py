# SPDX-License-Identifier: LGPL-2.1-or-later
"""memcoordctl --host: other hosts, by ssh. Here a real sshd on loopback is two of them, with a bus each."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from common import MIB, wait_until
from common.bus import own_bus
from common.service import running_service


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def make_key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


def configure_server(directory, ports):
    """@ports: {port: the address of the bus there}"""
    lines = [f"HostKey {directory}/host", f"AuthorizedKeysFile {directory}/user.pub", f"PidFile {directory}/pid", "StrictModes no",
             "UsePAM no", "PermitRootLogin yes", "PasswordAuthentication no"]
    lines += [f"ListenAddress 127.0.0.1:{port}" for port in ports]
    for port, address in ports.items():
        # As it is on a real host, but for where the bus is.
        lines += [f"Match LocalPort {port}", f'  ForceCommand test "$SSH_ORIGINAL_COMMAND" = systemd-stdio-bridge && '
                  f"exec systemd-stdio-bridge -p '{address}'"]
    (directory / "sshd_config").write_text("\n".join(lines) + "\n")


def configure_client(directory, names):
    """ssh as it is, but for where it reads its configuration. @names: {host: port}"""
    lines = ["Host *", "HostName 127.0.0.1", f"IdentityFile {directory}/user", "IdentitiesOnly yes", "BatchMode yes",
             f"UserKnownHostsFile {directory}/known", "StrictHostKeyChecking accept-new", "LogLevel ERROR"]
    for name, port in names.items():
        lines += [f"Host {name}", f"Port {port}"]
    (directory / "ssh_config").write_text("\n".join(lines) + "\n")
    program = directory / "bin/ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {directory}/ssh_config "$@"\n')
    program.chmod(0o755)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """An ssh that knows alpha and beta, and the service on each."""
    directory = tmp_path_factory.mktemp("ssh")
    Path("/run/sshd").mkdir(exist_ok=True)
    ports = free_port(), free_port()
    for name in ("host", "user"):
        make_key(directory / name)
    with own_bus() as one, own_bus() as other:
        configure_server(directory, dict(zip(ports, (one, other))))
        configure_client(directory, dict(zip(("alpha", "beta"), ports)) | {"closed": free_port()})
        server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", directory / "sshd_config"], stderr=subprocess.DEVNULL)
        try:
            with running_service(one, {"web": 1024 * MIB}) as alpha, running_service(other, {"db": 1024 * MIB, "mail": 512 * MIB}) as beta:
                wait_until(lambda: can_connect(ports[0]), 20, "sshd listens")
                yield SimpleNamespace(directory=directory, alpha=alpha, beta=beta)
        finally:
            server.terminate()
            server.wait()


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture
def far(ctl, hosts):
    """Runs memcoordctl where no bus is near."""
    ctl.environment = ctl.environment | {"PATH": f"{hosts.directory}/bin:{ctl.environment['PATH']}",
                                         "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}
    return lambda *arguments, **options: ctl(*arguments, session=False, timeout=120, **options)  # a login takes its time


def good(done):
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_status_of_another_host(far):
    assert "web" in good(far("--host", "root@alpha", "status")) and "db" in good(far("-H", "beta"))
    assert "mail" in good(far("list", "--host=beta"))


@pytest.mark.parametrize("arguments", [["show", "web"], ["why", "web"], ["plan"], ["check"], ["metrics"], ["inhibitors"], ["world"],
                                       ["top", "--count=1"], ["list", "--json"]])
def test_whatever_shows_something_shows_another_host(far, arguments):
    assert "web" in good(far("--host=alpha", *arguments)) or arguments[0] in ("check", "inhibitors", "plan")


def test_another_host_is_steered(far, hosts):
    good(far("--host=alpha", "set", "web", "low-watermark=90M"))
    assert hosts.alpha.vms()["web"]["LowWatermark"] == 90 * MIB
    good(far("--host=alpha", "pause", "--reason=tests"))
    assert hosts.alpha.host()["PauseReason"] == "tests" and hosts.beta.host()["State"] == "running"
    good(far("--host=alpha", "resume"))
    good(far("--host=alpha", "reset", "web"))
    assert "true ran" in good(far("--host=alpha", "reserve", "64M", "echo", "true", "ran"))


def test_status_of_several_hosts(far):
    shown = good(far("--host=alpha", "--host", "beta", "status"))
    first, second = shown.split("\n\nbeta\n")
    assert first.startswith("alpha\n") and "web" in first and "mail" in second and "web" not in second
    assert "web" in good(far("--host=beta", "status", "--host=alpha")).partition("\n\nalpha\n")[2]


def test_json_of_several_hosts(far):
    shown = json.loads(good(far("status", "--json", "-H", "alpha", "-H", "root@beta")))
    assert list(shown) == ["alpha", "root@beta"]
    assert [vm["Name"] for vm in shown["root@beta"]["vms"]] == ["db", "mail"]


def test_host_that_is_away_does_not_hide_the_others(far):
    done = far("status", "-H", "closed", "-H", "alpha")
    assert done.returncode == 3 and "web" in done.stdout
    assert "memcoordctl: closed: no connection to the bus" in done.stderr


def test_host_that_is_away(far):
    done = far("--host=closed", "list")
    assert (done.returncode, done.stdout) == (3, "")
    assert "Connection refused" in done.stderr and "closed: no connection" in done.stderr


def test_monitor_of_another_host(far, hosts, ctl):
    command = ["memcoordctl", "--host=beta", "monitor"]
    with subprocess.Popen(command, env=ctl.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as monitor:
        time.sleep(1)
        good(far("--host=beta", "pause", "mail"))
        assert any("mail" in line for line in iter(monitor.stdout.readline, ""))
        monitor.terminate()
    good(far("--host=beta", "resume", "mail"))


def test_no_ssh_is_left(far, hosts):
    good(far("--host=alpha", "--host=beta", "status"))
    wait_until(lambda: b"systemd-stdio-bridge" not in b"".join(command_lines()), 10, "all have ended")


def command_lines():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes() if os.stat(path.parent).st_uid == os.getuid() else b""
        except OSError:
            continue  # it has ended meanwhile


@pytest.mark.parametrize("arguments, named", [
    (["--host=-oProxyCommand=true", "list"], "-oProxyCommand=true"),
    (["--host=", "list"], '""'),
    (["--host", "a b", "list"], "a b"),
    (["--host=alpha", "--host=beta", "list"], "beta"),
    (["--host=alpha", "list", "--host=beta"], "beta"),
    (["--host=alpha", "inhibit", "true"], "inhibit"),
    (["--host=alpha", "--session", "list"], "--session"),
])
def test_what_cannot_be_is_refused_and_nothing_is_run(ctl, tmp_path, arguments, named):
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    done = ctl(*arguments, session=False, env={"PATH": f"{tmp_path}:{ctl.environment['PATH']}"})
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr.splitlines()[0]
    assert not (tmp_path / "ran").exists()
