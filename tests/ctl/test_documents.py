# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages: they can be read, and they tell of everything that there is."""

import re
import subprocess
import textwrap
import xml.etree.ElementTree as tree

import pytest

from test_usage import COMMANDS

PAGES = ["memcoordctl.1", "memcoord.conf.5", "org.example.MemCoord1.5", "memcoordd.8", "memcoord-exporter.8"]


def render(path):
    """A page as it is read, and the warnings about it. Indented alike by each groff: 1.24 indents less by itself."""
    done = subprocess.run(["man", "--warnings", "--encoding=UTF-8", "--local-file", path], capture_output=True, text=True,
                          env={"LC_ALL": "C.UTF-8", "MANWIDTH": "5000", "MANROFFOPT": "-rBP=7n", "PATH": "/usr/bin:/bin"},
                          check=True)
    return re.sub(".\x08", "", done.stdout), done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_page_renders_without_warnings(build_root, page):
    text, warnings = render(build_root / "data/man" / page)
    assert warnings == ""
    for section in ("NAME|Name", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "NOTES", "SEE ALSO"):  # rst2man wrote the first in capitals before 0.23
        assert re.search(f"^({section})$", text, re.M)


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_pages_that_there_are(build_root, page):
    text, _ = render(build_root / "data/man" / page)
    named = set(re.findall(r"\b((?:memcoord|org\.example)[\w.-]*\(\d\))", text))
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


def unexplained(what, section, arguments=()):
    """What is missing in the section of an interface or a member. gdbus-codegen leaves out, without a word, what it cannot
    place: arguments that are returned (GLib 2.74; 2.84 shows them), and all that follows the first line of an argument."""
    given = [argument.get("name") for argument in arguments if argument.get("direction") != "out"]
    returned = [f"{argument.get('name')} " for argument in arguments if argument.get("direction") == "out"]
    paragraphs = [line for line in re.findall(r"^ {7}(\S.*)$", section, re.M)
                  if line.split()[0] not in given and not line.startswith(tuple(returned))]
    if not paragraphs or not all(re.fullmatch(r"[A-Z].*\.", paragraph) for paragraph in paragraphs):
        yield what
    for argument in arguments:
        name, way = argument.get("name"), argument.get("direction", "")
        explained = (rf"^ {{7}}Returns .*\b{name}: \S" if name not in given else
                     rf"^ {{7}}{name}(?: +|\n {{14}})\S.*(?<!,)$")
        if not re.search(rf"^ +{way.upper()} ?{name} {re.escape(argument.get('type'))},?$", section, re.M) \
                or not re.search(explained, section, re.M):
            yield f"{what} {name}"


def unexplained_on_page(text, path):
    sections = dict(re.findall(r"^ {3}(org\S+)$\n(.*?)(?=^ {0,3}\S)", text, re.M | re.S))
    for interface in tree.parse(path).getroot().iter("interface"):
        name = interface.get("name")
        about = re.search(rf"^(?:{name}|{name.upper()})\n   Description\n(.*?)(?=^ {{0,3}}\S)", text, re.M | re.S)
        yield from unexplained(name, about.group(1) if about else "")
        for kind, mark, first in (("method", ".", r"\("), ("signal", "::", r"\("), ("property", ":", r"readable {type}$")):
            for member in interface.iter(kind):
                full = name + mark + member.get("name")
                section = sections.get(full, "")
                if not re.search(rf"^ +{member.get('name')} {first.format(**member.attrib)}", section, re.M):
                    yield full
                yield from unexplained(full, section, member.findall("arg"))
                if member.find("annotation[@value='false']") is not None and "not signalled" not in section:
                    yield f"{full} not signalled"


def test_every_member_of_the_bus_is_told_of(source_root, build_root):
    text, _ = render(build_root / "data/man/org.example.MemCoord1.5")
    assert len(re.findall(r"^ {3}org\S+[.:]\w+$", text, re.M)) > 50
    for path in (source_root / "introspection").glob("*.xml"):
        assert list(unexplained_on_page(text, path)) == []


def method(name, text):
    """A method of two arguments that returns one, with what is said of it."""
    return f"""<!--
{textwrap.indent(f"{name}:{chr(10)}{text}", " " * 8)}
    -->
    <method name="{name}">
      <arg name="what" type="s" direction="in"/>
      <arg name="where" type="s" direction="in"/>
      <arg name="done" type="t" direction="out"/>
    </method>"""


SILENT = '<annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/>'
INTERFACES = "<node>" + "\n".join([
    "<!-- org.New:\n    It is new.\n-->", '<interface name="org.New">',
    method("Good", "@what: this\n@where: here\n\nDoes it.\n\nReturns @done: how much."),
    method("NoText", "@what: this\n@where: here\n"),
    method("NoArgument", "@where: here\n\nDoes it.\n\nReturns @done: how much."),
    method("NoAnswer", "@what: this\n@where: here\n@done: how much\n\nDoes it."),
    method("LongFirst", "@what: this,\n  or that\n@where: here\n\nDoes it.\n\nReturns @done: how much."),
    method("LongLast", "@what: this\n@where: here,\n  or there\n\nDoes it.\n\nReturns @done: how much."),
    '<method name="Bare"/>', '<signal name="Bare"/>', '<property name="Bare" type="t" access="read"/>',
    f'<!-- Silent:\n It is. -->\n<property name="Silent" type="t" access="read">{SILENT}</property>',
    '</interface>', '<interface name="org.Bare">', '<!-- Good:\n It is. -->', '<method name="Good"/>', "</interface>"]) + "</node>"


def test_member_without_a_word_is_noticed(source_root, tmp_path):
    path = tmp_path / "new.xml"
    path.write_text(INTERFACES)
    subprocess.run([source_root / "data/man/describe-interfaces", "gdbus-codegen", tmp_path, path], check=True)
    included = "".join(f".. include:: interface-{name}.rst\n\n" for name in ("org.New", "org.Bare"))
    (tmp_path / "page.rst").write_text(f"####\npage\n####\n\n{included}====\nLAST\n====\n\nText.\n")
    subprocess.run(["rst2man", tmp_path / "page.rst", tmp_path / "page.5"], check=True)
    text, _ = render(tmp_path / "page.5")
    missing = list(unexplained_on_page(text, path))
    assert [what for what in missing if "Long" not in what] == [
        "org.New.NoText", "org.New.NoText done", "org.New.NoArgument what", "org.New.NoAnswer done",
        "org.New.Bare", "org.New::Bare", "org.New:Bare", "org.New:Silent not signalled", "org.Bare"]
    # Where the second line of an argument goes, and what goes with it, is not the same with GLib 2.74 and 2.84.
    assert {what.split()[0] for what in missing if "Long" in what} == {"org.New.LongFirst", "org.New.LongLast"}
