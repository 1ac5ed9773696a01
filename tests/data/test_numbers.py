# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each number of the policy has its source in the policy's README, as it is, and each test that is named there exists."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
POLICY = PROJECT / "src/policy"
ROWS = re.findall(r"^\| (.+?) \| (.+) \|$", (POLICY / "README.md").read_text().partition("\n## Numbers\n")[2].partition("\n## ")[0], re.M)
TUNING = dict(re.findall(r"^  \.(\w+) = (\d+),$", (POLICY / "tuning.c").read_text(), re.M))
DEFINE = re.compile(r"^#define (\w+) +\(*(?:\(\w+\))?\(?\d", re.M)
COUNTS = re.compile(r"MC_N_\w+|MC_LAMBDA_\w+|MC_[MG]IB")  # of an enumeration, what a word of the law means, units


def defined():
    paths = [*POLICY.glob("*.[ch]"), PROJECT / "src/common/size.h"]  # some of its numbers the client has as well
    names = {name for path in paths for name in DEFINE.findall(path.read_text())}
    return {name for name in names if not COUNTS.fullmatch(name)}


def told():
    """{name, which may end with *: the value beside it, or ""}"""
    return dict(pair for names, _ in ROWS for pair in re.findall(r"`([A-Za-z]\w*\*?)`(?: (\d+))?", names))


def named_tests():
    """/reclaim/trifles, …/coming: each whole; what ends with "…" stands for all below it."""
    for _, source in ROWS:
        above = None
        for name in re.findall(r"`((?:/|…/)[\w/-]+…?)`", source):
            name = name.replace("…/", f"{above}/", 1) if name.startswith("…/") else name
            above = name.rpartition("/")[0]
            yield name.removesuffix("…").removesuffix("/")


def paths():
    """Of the suite unit, by path."""
    text = "".join(path.read_text() for folder in ("unit", "simulator") for path in (PROJECT / "tests" / folder).glob("test-*.c"))
    return {*re.findall(r'g_test_add_func \(\s*"(/[^"]+)"', text), *(f"/policy-hosts/{name}" for name in re.findall(r'ROW \("([^"]+)"', text))}


# Halves and doubles of an average or a middle, parts of a hundred, and the series of 2^-x are no numbers of the law.
BARE = re.compile(r"(?<![\w.])(?!(?:0|1|2|100|100\.0)(?![\w.]))\d+(?:\.\d+)?(?![\w.])")
NO_LAW = {"policy-settings.c", "tuning.c", "reasons.c", "arithmetic.h", "history.h", "policy.h"}


def bare_numbers():
    """The lines of code, defines aside, that compute with a number that has no name."""
    for path in sorted(POLICY.glob("*.[ch]")):
        if path.name in NO_LAW:
            continue
        text = re.sub(r"/\*.*?\*/|\"[^\"]*\"|^#[^\n]*$", "", path.read_text(), flags=re.S | re.M)
        yield from (f"{path.name}: {line.strip()}" for line in text.splitlines() if BARE.search(line) and "0.6931" not in line)


def test_numbers_have_names():
    assert list(bare_numbers()) == []


def test_there_are_numbers():
    assert len(ROWS) > 20 and len(TUNING) > 20 and len(defined()) > 50


@pytest.mark.parametrize("name", sorted({*TUNING, *defined()}))
def test_source_is_told(name):
    assert any(fnmatchcase(name, pattern) for pattern in told())


@pytest.mark.parametrize("pattern", sorted(told()))
def test_what_is_told_is_there(pattern):
    assert any(fnmatchcase(name, pattern) for name in {*TUNING, *defined()})


def test_values_are_as_they_are():
    assert {name: value for name, value in told().items() if value and TUNING[name] != value} == {}


@pytest.mark.parametrize("name", sorted(set(named_tests())))
def test_rows_exist(name):
    assert any(path == name or path.startswith(f"{name}/") for path in paths())
