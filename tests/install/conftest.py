# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` puts where, and a machine on which it runs."""

import json
import subprocess

import pytest

from machine import Machine


@pytest.fixture(scope="session")
def installed(build_root, tmp_path_factory):
    """The files of a distribution's package, below a directory."""
    options = json.loads(subprocess.run(["meson", "introspect", "--buildoptions", build_root],
                                        capture_output=True, check=True).stdout)
    prefix = next(option["value"] for option in options if option["name"] == "prefix")
    assert prefix == "/usr", f"{build_root} is to be set up with --prefix=/usr, as tests/run does"
    directory = tmp_path_factory.mktemp("installed")
    subprocess.run(["meson", "install", "-C", build_root, "--quiet", "--destdir", directory], check=True)
    return directory


@pytest.fixture(scope="session")
def machine(installed):
    with Machine(installed) as machine:
        yield machine
