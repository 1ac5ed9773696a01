# SPDX-License-Identifier: LGPL-2.1-or-later
"""What counts as passed: the last line of tests/run, from JUnit files."""

import subprocess
from pathlib import Path

TOTALS = Path(__file__).resolve().parents[1] / "totals"


def totals(directory, **files):
    """Each file: pairs of a test and what is in its entry. Returns the exit code and the lines."""
    paths = []
    for name, cases in files.items():
        path = directory / f"{name.replace('_', '-')}.xml"
        entries = "".join(f"<testcase classname='c' name='{case}'>{mark}</testcase>" for case, mark in cases)
        path.write_text(f"<testsuites><testsuite>{entries}</testsuite></testsuites>")
        paths.append(path)
    done = subprocess.run(["/usr/bin/python3", TOTALS, *paths], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def test_all_passed(tmp_path):
    assert totals(tmp_path, one=[("a", ""), ("b", "")], two=[("a", "")]) == (0, ["3 passed, 0 failed"])


def test_skipped_is_failed(tmp_path):
    code, lines = totals(tmp_path, one=[("a", "<skipped/>"), ("b", "<failure/>"), ("c", "<error/>"), ("d", "")])
    assert (code, lines[-1]) == (1, "1 passed, 3 failed")
    assert lines[:-1] == ["failed: one c a", "failed: one c b", "failed: one c c"]


def test_failed_while_it_ended(tmp_path):
    for entries in ([("a", "<error/>"), ("a", "")], [("a", ""), ("a", "<error/>")]):
        assert totals(tmp_path, one=entries)[1][-1] == "0 passed, 1 failed"


def test_nothing_is_no_success(tmp_path):
    assert totals(tmp_path, one=[]) == (1, ["0 passed, 0 failed"])


def test_run_again(tmp_path):
    first = [("a", "<failure/>"), ("b", "<failure/>"), ("c", "")]
    code, lines = totals(tmp_path, guests=first, guests_again=[("a", ""), ("b", "<failure/>")])
    assert (code, lines) == (1, ["passed only when it was run again: c a", "failed: guests c b", "2 passed, 1 failed"])
    code, lines = totals(tmp_path, guests=first, guests_again=[("a", ""), ("b", "")])
    assert (code, lines[-1]) == (0, "3 passed, 0 failed")
