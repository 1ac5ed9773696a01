# SPDX-License-Identifier: LGPL-2.1-or-later
"""memcoordctl, run against the service on a private bus, with a hypervisor that tests steer."""

import subprocess

import pytest

from common import MIB


@pytest.fixture
def service(service):
    """With a third VM; its name is the id of the second."""
    service.tell("add", service.vms()["db"]["Id"], 512 * MIB)
    service.wait_until(lambda: [vm["Status"] for vm in service.vms().values()] == ["managed"] * 3)
    return service


class Ctl:
    """Runs memcoordctl."""

    def __init__(self, environment):
        self.environment = environment

    def __call__(self, *arguments, session=True, env=None, **options):
        command = ["memcoordctl", *(["--session"] if session else []), *arguments]
        options = {"stdin": subprocess.DEVNULL, "timeout": 30} | options
        return subprocess.run(command, env=self.environment | (env or {}), capture_output=True, text=True, **options)

    def good(self, *arguments, **options):
        """Its output, where it must succeed."""
        done = self(*arguments, **options)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def start(self, *arguments, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True} | options
        return subprocess.Popen(["memcoordctl", "--session", *arguments], env=self.environment, **options)


@pytest.fixture
def ctl(environment):
    return Ctl(environment)
