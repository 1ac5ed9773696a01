# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests/coverage lets pass, and that its bounds are about the source as it is."""

import types
from pathlib import Path
from xml.etree import ElementTree

PROJECT = Path(__file__).resolve().parents[2]
LEAST = {"src/a": 90, "src/b": 50}


def load():
    """It is a program: no module that one could import, and no compiled copy is to lie beside it."""
    path = PROJECT / "tests/coverage"
    module = types.ModuleType("coverage_gate")
    module.__file__ = str(path)
    exec(compile(path.read_text(), path, "exec"), module.__dict__)
    return module


gate = load()


def judge(folders, failed=()):
    return {name: wrong for name, wrong in gate.judge(folders, LEAST, failed) if wrong}


def test_enough_passes():
    assert judge({"src/a": (9, 10), "src/b": (6, 10)}) == {}


def test_less_fails():
    assert judge({"src/a": (899, 1000), "src/b": (6, 10)}) == {"src/a": "89.9 % of its lines, less than 90 %"}


def test_folder_without_a_bound_fails():
    assert list(judge({"src/a": (9, 10), "src/b": (6, 10), "src/new": (10, 10)})) == ["src/new"]


def test_bound_of_a_folder_that_is_not_there_fails():
    assert list(judge({"src/a": (9, 10)})) == ["src/b"]


def test_suite_that_failed_fails():
    assert list(judge({"src/a": (9, 10), "src/b": (6, 10)}, ["bus"])) == ["suite bus"]


def test_files_are_summed_by_folder():
    files = [{"filename": f"src/a/{name}.c", "line_total": 10, "line_covered": covered} for name, covered in (("x", 3), ("y", 4))]
    assert gate.by_folder(files) == {"src/a": (7, 20)}


def test_results_count_in_the_totals(tmp_path):
    path = tmp_path / "coverage.xml"
    gate.write_junit(path, [("src/a", None), ("src/b", "too few")])
    cases = {case.get("name"): case.find("failure") is not None for case in ElementTree.parse(path).iter("testcase")}
    assert cases == {"src/a": False, "src/b": True}


def test_each_folder_of_the_source_has_a_bound():
    assert set(gate.LEAST) == {str(path.parent.relative_to(PROJECT)) for path in PROJECT.glob("src/**/*.c")}
