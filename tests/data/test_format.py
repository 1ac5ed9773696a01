# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the files of the source have in common: their layout, and a line that says under which licence they are."""

import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("src", "data", "docs", "introspection", "po", "tests")
FORMATTER = "clang-format-19"  # each version lays out some lines otherwise; this one is in Debian 12, 13 and sid
LICENCE = "SPDX-License-Identifier: LGPL-2.1-or-later"
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 450, 60
MARKED = {".c", ".h", ".py", ".xml", ".in", ".rst"}
TEXTS = MARKED | {".md", ".build", ".conf", ".rules", ".catalog", ".po"}


def files(suffixes):
    found = [path for room in ROOMS for path in PROJECT.joinpath(room).rglob("*")]
    return sorted(path for path in [*found, *PROJECT.glob("*.*")] if path.suffix in suffixes and path.is_file())


def unlike(paths):
    """What clang-format would change."""
    done = subprocess.run([FORMATTER, "--dry-run", "--Werror", "--style=file", *paths], capture_output=True, text=True)
    return [line for line in done.stderr.splitlines() if "error:" in line]


def test_c_is_laid_out_by_clang_format():
    sources = files({".c", ".h"})
    assert len(sources) > 100
    assert unlike(sources) == []


def test_layout_that_differs_is_noticed(tmp_path):
    (tmp_path / ".clang-format").write_text((PROJECT / ".clang-format").read_text())
    odd = tmp_path / "odd.c"
    odd.write_text("int f(int a){return a;}\n")
    assert unlike([odd]) != []


# clang-format leaves comments as they are.
def odd_comments(path):
    """Lines of a comment that are too long, and those whose end stands alone on a second line."""
    lines = path.read_text().splitlines()
    for number, (line, below) in enumerate(zip(lines, [*lines[1:], ""]), 1):
        comment = line.lstrip().startswith(("/*", "*"))
        if comment and (len(line) > 100 or line.lstrip().startswith("/* ") and below.strip() == "*/"):
            yield f"{path.name}:{number}"


def test_comments_fit():
    assert [odd for path in (PROJECT / "src").rglob("*.[ch]") for odd in odd_comments(path)] == []


@pytest.mark.parametrize("comment", ["/* " + "x" * 100 + " */\n", "/* One line.\n */\n"])
def test_comment_that_does_not_fit_is_noticed(tmp_path, comment):
    (tmp_path / "odd.c").write_text(comment)
    assert list(odd_comments(tmp_path / "odd.c")) == ["odd.c:1"]


def long_ones(paths):
    """Files of more than 450 lines and functions of more than 60, as this layout has them: braces at the begin of a line."""
    for path in paths:
        lines = path.read_text().splitlines()
        if len(lines) > MOST_LINES:
            yield f"{path.name}: {len(lines)} lines"
        begin = 0
        for number, line in enumerate(lines, 1):
            if line == "{":
                begin = number
            elif line == "}" and number - begin + 1 > MOST_LINES_OF_A_FUNCTION:
                yield f"{path.name}:{begin}: {number - begin + 1} lines"


def test_files_and_functions_are_short():
    assert list(long_ones((PROJECT / "src").rglob("*.[ch]"))) == []


@pytest.mark.parametrize("code", ["\n" * 451, "int\nf (void)\n{\n" + "  g ();\n" * 59 + "}\n"], ids=["file", "function"])
def test_long_ones_are_noticed(tmp_path, code):
    (tmp_path / "odd.c").write_text(code)
    assert len(list(long_ones([tmp_path / "odd.c"]))) == 1


def test_files_say_their_licence():
    marked = files(MARKED)
    assert len(marked) > 200
    assert [path for path in marked if not any(LICENCE in line for line in path.read_text().splitlines()[:6])] == []


def test_lines_end_where_they_end():
    for path in files(TEXTS):
        text = path.read_text()
        assert text.endswith("\n"), f"{path}: no newline at the end"
        loose = [number for number, line in enumerate(text.splitlines(), 1) if line != line.rstrip()]
        assert loose == [], f"{path}: spaces at the end of lines {loose}"
