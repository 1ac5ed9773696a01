# SPDX-License-Identifier: LGPL-2.1-or-later
"""What polkit's dialogs say: by a real polkitd, in each language that there is a translation for."""

import gettext
import os
import subprocess
import xml.etree.ElementTree as tree

import pytest
from gi.repository import GLib

from common import SOURCE
from common.bus import connect

POLKIT = ("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority")
TEMPLATE = SOURCE / "data/polkit/org.example.MemCoord1.policy.in"
LANGUAGES = [line for line in (SOURCE / "po/LINGUAS").read_text().split() if not line.startswith("#")]
# What gettext has written for these since 0.23.
TAGS = {"de": "de", "pt_BR": "pt-BR", "zh_CN": "zh-Hans-CN", "zh_TW": "zh-Hant-TW", "sr@latin": "sr-Latn"}
OTHER_MSGFMT = """#!/bin/sh
# A msgfmt that writes language tags, as of gettext 0.23.
set -eu
to=
for word; do case $word in --output-file=*) to=${word#--output-file=} ;; esac; done
"$MSGFMT" "$@" --output-file="$MERGED"
sed SCRIPT "$MERGED" >"$([ "$to" = - ] && echo /dev/stdout || echo "$to")"
"""


def shown(system, locale):
    """{action: (description, message)} of ours, as polkitd has them for this locale."""
    connection = connect(system.address)
    actions = connection.call_sync(*POLKIT, "EnumerateActions", GLib.Variant("(s)", (locale,)), None, 0, 20_000).unpack()[0]
    connection.close_sync()
    return {action[0]: action[1:3] for action in actions if action[0].startswith("org.example.MemCoord1.")}


def untranslated():
    actions = tree.parse(TEMPLATE).getroot().findall("action")
    return {action.get("id"): (action.findtext("description"), action.findtext("message")) for action in actions}


@pytest.mark.parametrize("form", ["{}", "{}.UTF-8"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_polkitd_shows_each_language_that_is_shipped(system, tmp_path, language, form):
    subprocess.run(["msgfmt", "-o", tmp_path / "mo", SOURCE / f"po/{language}.po"], check=True)
    with open(tmp_path / "mo", "rb") as file:
        translate = gettext.GNUTranslations(file).gettext
    wanted = {action: tuple(map(translate, texts)) for action, texts in untranslated().items()}
    assert set(wanted.values()).isdisjoint(untranslated().values())
    assert shown(system, form.format(language)) == wanted


def test_polkitd_shows_the_language_to_those_of_its_other_countries(system):
    assert shown(system, "de_AT.UTF-8") == shown(system, "de") != untranslated()


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "en_US.UTF-8", "xx_XX"])
def test_polkitd_shows_english_to_all_others(system, locale):
    assert shown(system, locale) == untranslated()


@pytest.mark.parametrize("other", [False, True], ids=["msgfmt", "other-msgfmt"])
def test_each_translation_has_the_name_of_its_locale_whatever_msgfmt_writes(tmp_path, other):
    directory = tmp_path / "po"
    directory.mkdir()
    (directory / "LINGUAS").write_text("# Some.\n" + "\n".join(TAGS) + "\n")
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    described = [texts[0] for texts in untranslated().values()]
    for language in TAGS:
        entries = "".join(f'msgid "{text}"\nmsgstr "{language} {number}"\n' for number, text in enumerate(described))
        (directory / f"{language}.po").write_text(header + entries)
    environment = dict(os.environ)
    if other:
        real = subprocess.run(["sh", "-c", "command -v msgfmt"], capture_output=True, text=True, check=True).stdout.strip()
        script = "".join(f's/"{language}"/"{tag}"/;' for language, tag in TAGS.items())
        (tmp_path / "msgfmt").write_text(OTHER_MSGFMT.replace("SCRIPT", f"'{script}'"))
        (tmp_path / "msgfmt").chmod(0o755)
        environment |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "MSGFMT": real, "MERGED": str(tmp_path / "merged")}
    subprocess.run([SOURCE / "data/polkit/translate", TEMPLATE, tmp_path / "policy", directory], env=environment, check=True)
    for number, action in enumerate(tree.parse(tmp_path / "policy").getroot().findall("action")):
        named = {element.get("{http://www.w3.org/XML/1998/namespace}lang"): element.text for element in action.findall("description")}
        assert named == {None: described[number]} | {language: f"{language} {number}" for language in TAGS}
    assert {path.name for path in tmp_path.iterdir()} - {"po", "msgfmt", "merged"} == {"policy"}


def test_translation_that_is_missing_is_an_error(tmp_path):
    (tmp_path / "LINGUAS").write_text("de\n")
    done = subprocess.run([SOURCE / "data/polkit/translate", TEMPLATE, tmp_path / "policy", tmp_path], capture_output=True)
    assert done.returncode != 0
    assert not (tmp_path / "policy").exists()
