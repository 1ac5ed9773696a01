# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages: they can be read, and they tell of everything that there is."""

import re
import subprocess
import xml.etree.ElementTree as tree

import pytest

from test_usage import COMMANDS

PAGES = ["memcoordctl.1", "memcoord.conf.5", "org.example.MemCoord1.5", "memcoordd.8"]


def render(path):
    """A page as it is read, and the warnings about it."""
    done = subprocess.run(["man", "--warnings", "--encoding=UTF-8", "--local-file", path], capture_output=True, text=True,
                          env={"LC_ALL": "C.UTF-8", "MANWIDTH": "5000", "PATH": "/usr/bin:/bin"}, check=True)
    return re.sub(".\x08", "", done.stdout), done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_page_renders_without_warnings(build_root, page):
    text, warnings = render(build_root / "data/man" / page)
    assert warnings == ""
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"):
        assert re.search(f"^{section}$", text, re.M)


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_pages_that_there_are(build_root, page):
    text, _ = render(build_root / "data/man" / page)
    named = set(re.findall(r"\b((?:memcoord|org\.example)[\w.]*\(\d\))", text))
    ours = {f"{name}({section})" for name, section in (page.rsplit(".", 1) for page in PAGES)}
    assert named and named <= ours


def test_every_command_and_option_is_told_of(build_root, ctl):
    text, _ = render(build_root / "data/man/memcoordctl.1")
    for command in COMMANDS:
        assert re.search(rf"^ +{command}\b", text, re.M), command
        for option in re.findall(r"--[a-z-]+", ctl.good(command, "--help")):
            assert option in text, (command, option)
    assert "--version" in text


def test_every_exit_code_is_told_of(source_root, build_root):
    codes = re.findall(r"MC_EXIT_\w+ = (\d)", (source_root / "src/ctl/client.h").read_text())
    text, _ = render(build_root / "data/man/memcoordctl.1")
    section = text.partition("EXIT STATUS")[2].partition("AUTHORISATION")[0]
    assert re.findall(r"^ +(\d) ", section, re.M) == codes


def test_every_option_of_the_daemon_is_told_of(build_root):
    usage = subprocess.run([build_root / "src/memcoordd", "--help"], capture_output=True, text=True, check=True,
                           env={"LC_ALL": "C.UTF-8"}).stdout
    text, _ = render(build_root / "data/man/memcoordd.8")
    told = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", text.partition("OPTIONS")[2].partition("SIGNALS")[0], re.M))
    assert told == set(re.findall(r"--[a-z-]+", usage))


def test_every_setting_is_told_of_with_its_value(source_root, build_root):
    """The sample has each setting as a comment, or set, with the value that holds by itself."""
    sample = (source_root / "data/memcoord.conf").read_text()
    settings = re.findall(r"^#?([a-z-]+)=(\S+)$", sample, re.M)
    assert len(settings) >= 12
    text, _ = render(build_root / "data/man/memcoord.conf.5")
    assert re.findall(r"^ +([a-z-]+)=(\S+)(?= |$)", text.partition("\nPOLICY OF A VM")[0], re.M) == settings


def test_every_member_of_the_bus_is_told_of(source_root, build_root):
    text, _ = render(build_root / "data/man/org.example.MemCoord1.5")
    members = 0
    for path in sorted((source_root / "introspection").glob("*.xml")):
        for element in tree.parse(path).getroot().iter():
            if element.tag in ("method", "signal"):
                assert re.search(rf"^ +{element.get('name')} \(", text, re.M), element.get("name")
                members += 1
            elif element.tag == "property":
                assert re.search(rf"^ +{element.get('name')} {element.get('type')}\b", text, re.M), element.get("name")
                members += 1
    assert members > 50


@pytest.mark.parametrize("member, missing", [
    ('<method name="New"/>', "New"),
    ('<!-- New: something --><method name="New"><arg name="what" type="s" direction="in"/></method>', "what"),
])
def test_member_without_a_word_stops_the_build(source_root, tmp_path, member, missing):
    path = tmp_path / "x.xml"
    path.write_text(f'<node><!-- i: an interface --><interface name="i">{member}</interface></node>')
    done = subprocess.run([source_root / "data/man/generate-api.py", path], capture_output=True, text=True)
    assert done.returncode != 0
    assert missing in done.stderr
