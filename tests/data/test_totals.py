# SPDX-License-Identifier: LGPL-2.1-or-later
"""The last line of tests/run: nothing that did not pass is lost on the way to it."""

import subprocess
from pathlib import Path

import pytest

TOTALS = Path(__file__).resolve().parents[1] / "totals"


def case(name, mark=""):
    return f"<testcase classname='suite' name='{name}'>{mark}</testcase>"


def total(directory, **suites):
    for name, cases in suites.items():
        (directory / f"{name.replace('_', '-')}.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    done = subprocess.run([TOTALS, *directory.glob("*.xml")], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def test_all_passed(tmp_path):
    assert total(tmp_path, unit=case("a") + case("b"), bus=case("a")) == (0, ["3 passed, 0 failed"])


@pytest.mark.parametrize("mark", ["<failure/>", "<error/>", "<skipped/>"])
def test_whatever_did_not_pass_has_failed_and_is_named(tmp_path, mark):
    assert total(tmp_path, unit=case("a") + case("b", mark)) == (1, ["failed: unit suite b", "1 passed, 1 failed"])


def test_suite_without_a_test_has_failed(tmp_path):
    code, lines = total(tmp_path, unit=case("a"), bus="")
    assert (code, lines[-1]) == (1, "1 passed, 1 failed")


def test_nothing_at_all_has_failed():
    done = subprocess.run([TOTALS], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "0 passed, 0 failed\n")


def test_what_failed_stays_failed_whatever_passes_beside_it(tmp_path):
    code, lines = total(tmp_path, guests=case("a", "<failure/>") + case("b"), guests_again=case("a"))
    assert (code, lines) == (1, ["failed: guests suite a", "2 passed, 1 failed"])


def test_whatever_a_test_prints_does_no_harm(tmp_path):
    assert total(tmp_path, unit=case("a", "<system-out>\x01\x02\x1b[1m</system-out>")) == (0, ["1 passed, 0 failed"])
