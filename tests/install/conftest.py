# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` puts where, and a machine on which it runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "tests/guests"))

from machine import Machine  # noqa: E402: it uses the bed of the guests


@pytest.fixture(scope="session")
def source_root():
    return PROJECT


@pytest.fixture(scope="session")
def build_root(source_root):
    return Path(os.environ.get("MEMCOORD_BUILD", source_root / "build"))


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
