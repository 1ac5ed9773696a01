# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the documents point to is there: links, tests by name, commands of this project."""

import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = ("", "data/**/", "introspection/", "findings/", "src/**/", "tests/**/")
DOCUMENTS = sorted({path.relative_to(PROJECT).as_posix() for folder in FOLDERS for path in PROJECT.glob(f"{folder}*.md")})
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)")
NAMED_TEST = re.compile(r"([\w/-]+/test_\w+\.py)(?:::(test_\w+))?")
SOURCE_FILE = re.compile(r"`([\w/-]+\.[ch])`")
COMMAND = re.compile(r"(?<![\w/])(tests/[a-z-]+(?:/[a-z-]+)*)(?![\w./*-])")


def test_there_are_documents():
    assert {"README.md", "NEWS.md", "CONTRIBUTING.md", "introspection/frontends.md", "src/README.md", "src/GLOSSARY.md", "tests/README.md"} <= set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    path = PROJECT / name
    for link in LINK.findall(path.read_text()):
        if not link.startswith(("http:", "https:", "mailto:")):
            assert (path.parent / link).exists(), link


@pytest.mark.parametrize("name", DOCUMENTS)
def test_tests_that_are_named_exist(name):
    for file, function in NAMED_TEST.findall((PROJECT / name).read_text()):
        path = next((base / file for base in (PROJECT, PROJECT / "tests") if (base / file).exists()), None)
        assert path, file
        assert not function or f"def {function}(" in path.read_text(), f"{file}::{function}"


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name.startswith(("src/", "CONTRIBUTING"))])
def test_source_files_that_are_named_exist(name):
    for file in SOURCE_FILE.findall((PROJECT / name).read_text()):
        assert any(list(PROJECT.glob(f"{folder}{file}")) for folder in ("", "src/**/", "tests/**/")), file


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_that_are_named_exist(name):
    for command in COMMAND.findall((PROJECT / name).read_text()):
        assert (PROJECT / command).exists(), command


def blocks_of_readme(section):
    """Those that tests/install/readme types."""
    text = (PROJECT / "README.md").read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"(?:^    .*\n)+", text, re.M)


def test_readme_has_to_type_what_is_typed_on_each_debian():
    install, upgrade_and_uninstall = map(blocks_of_readme, ("Install", "Upgrade and uninstall"))
    assert "apt-get install" in install[0]
    assert len(upgrade_and_uninstall) == 2
    for block in install + upgrade_and_uninstall:
        subprocess.run(["sh", "-n"], input=block, text=True, check=True)


def test_each_build_that_a_document_has_begins_alike():
    """Who has typed one of them and then another has the directory of the first: its prefix stays."""
    begun = {name: re.findall(r"meson setup build( --prefix=\S+)?", (PROJECT / name).read_text())
             for name in ("README.md", "CONTRIBUTING.md", "tests/demo")}
    assert all(begun.values())
    assert {prefix for prefixes in begun.values() for prefix in prefixes} == {" --prefix=/usr"}


def test_tests_are_built_where_the_readme_has_set_the_build_up_without_them():
    left_out = set(re.findall(r"-D(\w+)=false", "".join(blocks_of_readme("Install"))))
    set_up = re.search(r"^set_up build .*$", (PROJECT / "tests/run").read_text(), re.M).group()
    assert left_out and left_out <= set(re.findall(r"-D(\w+)=true", set_up))
