#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether the translations fit the source: POTFILES names every file with messages, each catalogue has every message.

Usage: catalogues.py SOURCE_ROOT; prints what is wrong, and fails if anything is.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

LANGUAGES = {"de", "fr", "zh_CN"}
KEYWORDS = ["_", "N_", "C_:1c,2", "NC_:1c,2"]
MARKED = re.compile(r"\b(_|N_|C_|NC_) ?\(")


def sources_with_messages(root):
    """The files that somebody has to translate, relative to the root."""
    for path in sorted(path for suffix in ("c", "ts", "tsx") for path in (root / "src").rglob(f"*.{suffix}")):
        if MARKED.search(path.read_text()):
            yield path.relative_to(root).as_posix()
    for path in sorted((root / "data").rglob("*.policy.in")):
        yield path.relative_to(root).as_posix()


def lines(path):
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def messages(catalogue, *filters):
    """The messages of a catalogue as {(context, message)}; the header is none."""
    text = subprocess.run(["msgattrib", "--no-wrap", *filters, catalogue], capture_output=True, text=True, check=True).stdout
    found = set()
    for entry in text.split("\n\n"):
        entry = re.sub(r"^#~ ?", "", entry, flags=re.M)
        context = re.search(r'^msgctxt "(.*)"$', entry, re.M)
        message = re.search(r'^msgid "((?:.|\n)*?)"\nmsg(?:str|id_plural)', entry, re.M)
        if message and message.group(1):
            found.add((context and context.group(1), message.group(1).replace('"\n"', "")))
    return found


def template(root, files, directory):
    """Writes the template that the sources make."""
    path = pathlib.Path(directory) / "memcoord.pot"
    keywords = [f"--keyword={keyword}" for keyword in KEYWORDS]
    subprocess.run(["xgettext", "--from-code=UTF-8", "--force-po", *keywords, "-o", path, *files], cwd=root, check=True)
    return path


def check_catalogue(path, wanted):
    done = subprocess.run(["msgfmt", "--check", "-o", "/dev/null", path], capture_output=True, text=True)
    if done.returncode != 0:
        yield f"{path.name}: {done.stderr.strip()}"
    for title, found in (("is not there", wanted - messages(path)),
                         ("is not in the source any more", messages(path) - wanted),
                         ("is not translated", messages(path, "--untranslated")),
                         ("is fuzzy", messages(path, "--only-fuzzy")),
                         ("is obsolete", messages(path, "--only-obsolete"))):
        for _, message in sorted(found, key=str):
            yield f'{path.name}: "{message}" {title}'


def check(root):
    """Yields what is wrong."""
    root = pathlib.Path(root)
    files = lines(root / "po" / "POTFILES")
    sources = set(sources_with_messages(root))
    for path in sorted(sources - set(files)):
        yield f"POTFILES: {path} has messages and is not listed"
    for path in sorted(set(files) - sources):
        yield f"POTFILES: {path} is listed and has no messages"
    languages = set(lines(root / "po" / "LINGUAS"))
    for language in sorted(LANGUAGES - languages):
        yield f"LINGUAS: {language} is not listed"
    with tempfile.TemporaryDirectory() as directory:
        wanted = messages(template(root, [path for path in files if (root / path).exists()], directory))
    for language in sorted(languages):
        yield from check_catalogue(root / "po" / f"{language}.po", wanted)


if __name__ == "__main__":
    problems = list(check(sys.argv[1]))
    print("\n".join(problems))
    sys.exit(bool(problems))
