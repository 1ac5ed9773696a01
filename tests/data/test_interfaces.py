# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus interfaces only grow: what a release had is still there, as it was."""

import re
import shutil
from pathlib import Path

import pytest

import interfaces

HERE = Path(__file__).resolve().parent
RELEASES = sorted(path.name for path in HERE.joinpath("released").iterdir())
ROOT = "org.example.MemCoord1.xml"


def missing(directory, release):
    """What the release had and the interfaces in the directory have no more."""
    there = {member for path in directory.glob("*.xml") for member in interfaces.members(path)}
    return sorted(set(HERE.joinpath("released", release).read_text().splitlines()) - there)


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_that_was_released_is_gone_or_changed(release):
    assert missing(interfaces.SOURCE, release) == []


def test_this_version_is_recorded():
    """At a release: tests/data/interfaces.py > tests/data/released/VERSION."""
    version = re.search(r"version: '([\d.]+)'", HERE.joinpath("../../meson.build").read_text()).group(1)
    assert version in RELEASES


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(interfaces.SOURCE, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize("old, new, noticed", [
    ('<method name="Resume"/>', "", "method Resume ()"),
    ('<property name="State" type="s" access="read"/>', '<property name="State" type="u" access="read"/>',
     "property State s read"),
    ('<arg name="seconds" type="u" direction="in"/>', '<arg name="seconds" type="t" direction="in"/>',
     "method Pause (in s reason, in u seconds)"),
    ('<signal name="MemoryMoved">', '<signal name="Moved">', "signal MemoryMoved (o vm, t from, t to, s reason)"),
])
def test_member_that_is_removed_or_changed_is_noticed(copy, old, new, noticed):
    text = (copy / ROOT).read_text()
    assert old in text
    (copy / ROOT).write_text(text.replace(old, new, 1))
    assert missing(copy, RELEASES[0]) == [f"org.example.MemCoord1 {noticed}"]


def test_member_that_is_added_is_welcome(copy):
    text = (copy / ROOT).read_text()
    (copy / ROOT).write_text(text.replace("  </interface>", '    <method name="New"/>\n  </interface>'))
    assert missing(copy, RELEASES[0]) == []
