# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps tests apart from the machine: a mount namespace in which what libvirt, D-Bus and /proc/meminfo are is ours.

Everything has its usual path there, so that the daemon and the tools run as they are installed.
"""

import ctypes
import os
import shutil
import signal
import subprocess
from pathlib import Path

CLONE_NEWNS = 0x00020000
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)
entered = False
USERS = ("passwd", "group")


def enter():
    """Moves this process, once, into a mount namespace of its own."""
    global entered
    if entered:
        return
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare: this needs root")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    entered = True


def die_with_parent():
    """For subprocess's preexec_fn."""
    libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)


def cover(path, by):
    """Shows directory or file `by` at `path`, which is made where it is missing."""
    path = Path(path)
    if not path.exists():
        if Path(by).is_dir():
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    subprocess.run(["mount", "--bind", by, path], check=True)


def uncover(path):
    subprocess.run(["umount", "--lazy", path], check=False, stderr=subprocess.DEVNULL)


def write_users(directory, *names):
    """Writes copies of the databases of USERS that have these, too, which need not be on this machine."""
    for database, line in zip(USERS, ("{0}:x:{1}:{1}::/:/usr/sbin/nologin\n", "{0}:x:{1}:\n")):
        text = Path("/etc", database).read_text()
        missing = [(name, number) for number, name in enumerate(names, 64900) if f"\n{name}:" not in text]
        Path(directory, database).write_text(text + "".join(line.format(name, number) for name, number in missing))


def kill_all_with(word):
    """Kills each process with `word` in its command line: guests, which libvirtd has let go."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                os.kill(int(path.parent.name), signal.SIGKILL)
        except OSError:
            continue  # it has ended meanwhile


def start_janitor(directory):
    """When this process ends without having cleaned up, somebody has to. Returns the end to close when all is clean."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.close(writing)
        if os.read(reading, 1) == b"":
            kill_all_with(f"{directory}/")
            shutil.rmtree(directory, ignore_errors=True)
        os._exit(0)
    os.close(reading)
    return writing
