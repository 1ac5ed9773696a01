# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program: its options, what it is passed, and how it ends."""

import os
import re
import socket
import subprocess

import pytest

from common import wait_until
from exporter import PROGRAM, read_all

SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n"


def call(*arguments, **environment):
    return subprocess.run([PROGRAM, *arguments], env=os.environ | {"LC_ALL": "C.UTF-8"} | environment, capture_output=True,
                          text=True, timeout=20)


def test_version():
    done = call("--version")
    assert done.returncode == 0 and re.fullmatch(r"memcoord-exporter \d+\.\d+\.\d+\n", done.stdout)


def test_help_tells_every_option_that_the_page_tells(source_root):
    done = call("--help")
    page = (source_root / "data/man/memcoord-exporter.rst").read_text()
    assert (done.returncode, done.stderr) == (0, "")
    assert set(re.findall(r"--[a-z]+", done.stdout)) - {"--help"} == \
        set(re.findall(r"^(?:\*\*-h\*\*, )?\*\*(--[a-z]+)\*\*", page, re.M)) - {"--help"}


@pytest.mark.parametrize("arguments, named", [(["--bogus"], "--bogus"), (["extra"], "extra"), (["--idle=soon"], "soon"),
                                              (["--idle=1000000d"], "1000000d")])
def test_mistakes_are_named(arguments, named):
    done = call(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr and len(done.stderr.splitlines()) == 1


def test_without_a_socket_it_says_how_it_is_started():
    done = call()
    assert (done.returncode, done.stdout) == (1, "")
    assert "memcoord-exporter.socket" in done.stderr


def ends_with(exporter, descriptors):
    process = exporter.start(descriptors=descriptors, stderr=subprocess.PIPE, text=True)
    _, said = process.communicate(timeout=20)
    return process.returncode, said


def test_what_is_no_listening_socket_is_refused(idle_exporter):
    one, other = socket.socketpair()
    with one, other, open("/dev/null", encoding="ascii") as file, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for passed in (one, file, datagrams):
            code, said = ends_with(idle_exporter, [passed])
            assert code == 1 and "no stream socket that listens" in said


def test_more_than_one_socket_is_refused(idle_exporter):
    code, said = ends_with(idle_exporter, [idle_exporter.listener, idle_exporter.listener])
    assert code == 1 and "2 sockets" in said


def test_it_ends_when_nobody_comes_and_the_next_is_served(idle_exporter, service):
    for _ in range(2):
        process = idle_exporter.start("--idle=2s")
        assert idle_exporter.up()
        assert process.wait(timeout=20) == 0


def test_it_does_not_end_beside_a_client(idle_exporter, service):
    process = idle_exporter.start("--idle=1s")
    with idle_exporter.connect() as client:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=3)
        client.sendall(SCRAPE)
        assert b"memcoord_up 1" in read_all(client)
    assert process.wait(timeout=20) == 0


def test_it_ends_when_told_and_whoever_waits_is_answered(exporter, service, hung):
    assert exporter.up()
    hung(service.process)
    with exporter.connect() as client:
        client.sendall(SCRAPE)
        wait_until(lambda: exporter.descriptors() > 0 and waits(exporter), 5, "the client is let in")
        exporter.process.terminate()
        assert read_all(client).endswith(b"memcoord_up 0\n")
    assert exporter.process.wait(timeout=10) == 0


def waits(exporter):
    """Whether a client is connected, and all that it has sent is read."""
    with open(f"/proc/{exporter.process.pid}/net/tcp", encoding="ascii") as connections:
        rows = [line.split() for line in connections if line.split()[1].endswith(f":{exporter.port:04X}")]
    return any(row[3] == "01" and row[4].endswith(":00000000") and row[9] != "0" for row in rows)


def test_systemd_starts_it_when_somebody_comes(idle_exporter, service):
    """And it has no network of its own, as under its unit, but the socket that is passed to it."""
    idle_exporter.listener.close()
    address = f"127.0.0.1:{idle_exporter.port}"
    idle_exporter.process = subprocess.Popen(
        ["systemd-socket-activate", f"--listen={address}", *pass_on(idle_exporter.environment), "unshare", "--net", PROGRAM, "--session"],
        env=idle_exporter.environment, stderr=subprocess.DEVNULL)
    wait_until(lambda: can_connect(idle_exporter), 10, "systemd listens")
    assert idle_exporter.up()


def pass_on(environment):
    """systemd-socket-activate drops all that is not named."""
    return [f"--setenv={name}" for name in ("DBUS_SESSION_BUS_ADDRESS", "PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")
            if name in environment]


def can_connect(exporter):
    try:
        exporter.connect().close()
    except ConnectionRefusedError:
        return False
    return True
