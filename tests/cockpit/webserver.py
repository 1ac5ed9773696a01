# SPDX-License-Identifier: LGPL-2.1-or-later
"""A cockpit-ws of a test's own, whose session is a cockpit-bridge beside it: no login, no privileges, no other package than ours
where only ours is wanted."""

import contextlib
import os
import shutil
import socket
import subprocess
from urllib.request import urlopen

from common import wait_until

WEB_SERVERS = ("/usr/lib/cockpit/cockpit-ws", "/usr/libexec/cockpit-ws")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_up(address):
    try:
        return urlopen(f"{address}/ping", timeout=5).status == 200
    except OSError:
        return False


@contextlib.contextmanager
def own_cockpit(bus, page, directory, **options):
    """Its address. The page is in the user's own packages, which come first. @options: user and group, as which it runs."""
    shutil.copytree(page, directory / "data/cockpit/memcoord", ignore=shutil.ignore_patterns("*.p"))
    port = free_port()
    program = next(path for path in WEB_SERVERS if os.path.exists(path))
    own = {"XDG_DATA_HOME": str(directory / "data"), "XDG_CONFIG_DIRS": str(directory), "HOME": str(directory),
           "DBUS_SYSTEM_BUS_ADDRESS": bus, "DBUS_SESSION_BUS_ADDRESS": bus}
    with open(directory / "cockpit.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([program, "--address=127.0.0.1", f"--port={port}", "--local-session=cockpit-bridge"],
                                   env=os.environ | own, stdout=log, stderr=log, cwd="/", **options)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until(lambda: is_up(address), 60, "cockpit-ws")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)
