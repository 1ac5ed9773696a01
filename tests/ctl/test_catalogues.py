# SPDX-License-Identifier: LGPL-2.1-or-later
"""The translations fit the source, and the check that says so notices when they do not."""

import shutil

import pytest

import catalogues


def test_translations_are_complete(source_root):
    assert list(catalogues.check(source_root)) == []


@pytest.fixture
def copy(source_root, tmp_path):
    for part in ("src", "data", "po"):
        shutil.copytree(source_root / part, tmp_path / part, symlinks=True)
    return tmp_path


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_new_message_is_noticed(copy):
    replace(copy / "src/ctl/main.c", '_ ("Commands:")', '_ ("Commands there are:")')
    problems = list(catalogues.check(copy))
    for language in ("de", "fr", "zh_CN"):
        assert f'{language}.po: "Commands there are:" is not there' in problems
        assert f'{language}.po: "Commands:" is not in the source any more' in problems


def test_unlisted_file_is_noticed(copy):
    (copy / "src/ctl/new.c").write_text('const char *text = N_ ("new");\n')
    assert "POTFILES: src/ctl/new.c has messages and is not listed" in list(catalogues.check(copy))


def test_listed_file_that_is_gone_is_noticed(copy):
    (copy / "src/ctl/output/table.c").rename(copy / "src/ctl/output/tables.c")
    (copy / "po/POTFILES").write_text((copy / "po/POTFILES").read_text() + "src/ctl/output/table.c\n")
    assert "POTFILES: src/ctl/output/table.c is listed and has no messages" in list(catalogues.check(copy))


def test_untranslated_message_is_noticed(copy):
    replace(copy / "po/de.po", 'msgstr "Befehle:"', 'msgstr ""')
    assert list(catalogues.check(copy)) == ['de.po: "Commands:" is not translated']


def test_fuzzy_message_is_noticed(copy):
    replace(copy / "po/fr.po", 'msgid "Commands:"', '#, fuzzy\nmsgid "Commands:"')
    assert 'fr.po: "Commands:" is fuzzy' in list(catalogues.check(copy))


def test_wrong_format_is_noticed(copy):
    replace(copy / "po/de.po", 'msgstr "Angehalten für %s."', 'msgstr "Angehalten für %d."')
    assert any(problem.startswith("de.po: ") for problem in catalogues.check(copy))


def test_missing_language_is_noticed(copy):
    (copy / "po/LINGUAS").write_text("de\nfr\n")
    assert "LINGUAS: zh_CN is not listed" in list(catalogues.check(copy))
