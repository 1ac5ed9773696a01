# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the source has a table of, the documents tell whole and right."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
THRESHOLD = re.compile(r'\{ "\w+", "([\w-]+)", .*MC_UNIT_\w+, (.+?), (.+?), (.+?), (?:HOST|VM) \(\w+\) \}')
ROOT_XML, VM_XML = "introspection/org.example.MemCoord1.xml", "introspection/org.example.MemCoord1.VM.xml"


def text(name):
    return (PROJECT / name).read_text()


def written(bound):
    """As a person writes it: 16M."""
    return re.sub(r"^(\d+) \* (?:MC_)?([MGT])IB$", r"\1\2", bound)


def thresholds(owner):
    """{key: (least, most, default)}"""
    table = re.search(rf"const McThreshold mc_{owner}_thresholds\[\].*?\{{(.*?)\n\}};", text("src/common/threshold.c"), re.S)
    return {key: tuple(map(written, bounds)) for key, *bounds in THRESHOLD.findall(table.group(1))}


@pytest.mark.parametrize("document", ["data/man/memcoord.conf.rst", "data/memcoord.conf"])
def test_limits_and_defaults_are_told_where_settings_are(document):
    entries = re.split(r"^(?:``|#)(?=[a-z-]+=)", text(document), flags=re.M)
    told = {}
    for before, entry in zip(entries, entries[1:]):  # the sample tells above the setting, the page below it
        told[entry.partition("=")[0]] = " ".join(re.sub(r"[`#]", " ", before + entry).split())
    for key, (least, most, default) in thresholds("host").items():
        assert f"{least} to {most}" in told[key] and f"{key}={default}" in told[key]


@pytest.mark.parametrize("owner, document", [("host", ROOT_XML), ("vm", VM_XML)])
def test_every_threshold_is_told_on_the_bus(owner, document):
    names = text(document).partition("        SetThreshold:\n        @name: ")[2].partition("@value")[0]
    assert set(thresholds(owner)) == {re.sub("(?<!^)([A-Z])", r"-\1", name).lower() for name in re.findall(r"`(\w+)`", names)} - {"managed"}


def test_every_key_of_a_vm_is_in_the_example_of_its_metadata():
    example = text("data/man/memcoord.conf.rst").partition("POLICY OF A VM")[2].partition("</metadata>")[0]
    assert set(re.findall(r"<memcoord:([\w-]+)>", example)) == set(thresholds("vm"))


def test_every_code_of_a_detail_is_told():
    sent = set(re.findall(r'(?:say|tell) \(\s*"([\w-]+)"', text("src/service/vm-detail.c"))) | {"degraded"}
    told = text(VM_XML).partition("        StatusDetailCode:\n")[2].partition("-->")[0]
    statuses = {"managed", "opted-out", "busy", "suspended", "no-stats", "stale", "unsupported"}
    assert len(sent) > 25 and set(re.findall(r"`([a-z-]+)`", told)) - statuses == sent


def errors():
    return set(re.findall(r'MC_ERROR_PREFIX "(\w+)"', text("src/common/names.h")))


def test_every_error_is_told():
    told = text(ROOT_XML).partition("Errors of this service are")[2].partition("-->")[0]
    assert errors() and set(re.findall(r"`([A-Z][A-Za-z]+)`:", told)) == errors()


@pytest.mark.parametrize("document", [ROOT_XML, VM_XML])
def test_errors_of_each_method_are_errors_of_the_service(document):
    lists = re.findall(r"Errors: ([^.]*)", text(document))
    assert lists
    assert {name for names in lists for name in re.findall(r"`([A-Z]\w+)`", names)} <= errors()


# What a method that calls this can fail with, beside what it says itself.
ERRORS_OF_CALLS = {"mc_answer_when_kept": "Failed", "mc_argument_check_": "InvalidArgument"}


def errors_told(document):
    """{method: its list of errors, with that of the method that it refers to}"""
    comments = dict(re.findall(r"<!--\s+(\w+):\n((?:(?!-->).)*)-->\s+<method", text(document), re.S))
    lists = {method: comment.partition("Errors: ")[2] for method, comment in comments.items()}
    return {method: told + "".join(lists[other] for other in re.findall(r"as (\w+)\(\)", told)) for method, told in lists.items()}


def errors_sent(source):
    """{method: the errors that its handler, and what it hands on to in the same file, name or call for}"""
    bodies = dict(re.findall(r"^(\w+) \(([^;]*?\)\n\{.*?)^\}", text(source), re.S | re.M))
    sent = {}
    for name, body in bodies.items():
        reached = {name} | {other for other in bodies if re.search(rf"\b{other}\b", body)}
        reached |= {other for one in reached for other in bodies if re.search(rf"\b{other}\b", bodies[one])}
        code = "".join(bodies[one] for one in reached)
        named = {"".join(word.capitalize() for word in error.split("_")).replace("Vm", "VM")
                 for error in re.findall(r"MC_SERVICE_ERROR_(\w+)", code)}
        if name.startswith("handle_"):
            sent[name.removeprefix("handle_").title().replace("_", "")] = named | {error for call, error in ERRORS_OF_CALLS.items() if call in code}
    return sent


@pytest.mark.parametrize("source, document", [("src/bus/host-methods.c", ROOT_XML), ("src/bus/vm-methods.c", VM_XML)])
def test_errors_of_each_method_are_told(source, document):
    told, sent = errors_told(document), errors_sent(source)
    assert set(sent) == set(told)
    assert [(method, error) for method, errors in sent.items() for error in errors if f"`{error}`" not in told[method]] == []


def statuses():
    return set(re.findall(r'\[MC_VM_\w+\] = "([\w-]+)"', text("src/policy/reasons.c")))


def test_every_status_is_told():
    assert len(statuses()) == 12
    told = text(VM_XML).partition("        Status:\n")[2].partition("-->")[0]
    assert statuses() <= set(re.findall(r"`([\w-]+)`", told))


def test_fields_of_the_log_that_are_told_are_written():
    told = set(re.findall(r"MEMCOORD_[A-Z]+", text("data/man/memcoordd.rst")))
    assert told and told <= set(re.findall(r'"(MEMCOORD_[A-Z]+)"', text("src/service/events.c")))


@pytest.mark.parametrize("document", ["README.md", "data/memcoord.catalog", "data/memcoord.conf", "data/man/memcoord.conf.rst",
                                      "data/man/memcoordctl.rst", "data/man/memcoordd.rst"])
def test_commands_that_are_told_exist(document):
    there = set(re.findall(r'^  \{ "([a-z-]+)", ', text("src/ctl/commands.c"), re.M))
    told = set(re.findall(r"memcoordctl ([a-z][a-z-]+)", text(document)))
    assert told and told <= there


def test_what_sentences_quote_is_in_double_quotes():
    sources = {path.name: path.read_text() for path in PROJECT.glob("src/**/*.c")}
    assert len(sources) > 100
    assert [name for name, code in sources.items() if re.search(r"'(%s|memcoordctl[^'\n]*)'", code)] == []


def test_every_suite_of_pytest_is_one_of_meson():
    told = re.search(r"^pytest_suites = \[(.*)\]$", text("tests/meson.build"), re.M).group(1)
    assert set(re.findall(r"'(\w+)'", told)) == {path.parent.name for path in PROJECT.glob("tests/*/test_*.py")}


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "tests/README.md"])
def test_every_suite_is_told(document):
    suites = re.search(r'^every="(.*)"$', text("tests/run"), re.M).group(1).split()
    assert set(suites) <= set(re.findall(r"^\| `(\w+)` \|", text(document), re.M))


def codes():
    return set(re.findall(r'\[MC_REASON_\w+\]\s*= \{ "([\w-]+)"', text("src/policy/reasons.c"))) - {"none", "left-alone"}


def test_every_code_of_a_reason_is_told():
    told = text(VM_XML).partition("MEMCOORD_REASON:")[2].partition(". Programs")[0]
    assert len(codes()) > 15 and set(re.split(r",\s+|\s+or\s+", told.strip())) == codes()


def test_page_has_words_for_every_code_of_a_status_detail():
    told = text(VM_XML).partition("        StatusDetailCode:\n")[2].partition("-->")[0]
    known = set(re.findall(r"`([\w-]+)`", told)) - (statuses() - {"booting", "foreign", "stuck", "ineffective", "paused"})
    whole, part = text("src/cockpit/details.ts").split("const PART")
    words = r'^    "?([\w-]+)"?: _\("(.*)"\),$'
    assert {code for code, _ in re.findall(words, whole + part, re.M)} == known
    sentences = re.sub(r'"\s*\n\s*"', "", text("src/service/vm-detail.c"))
    assert [words for _, words in re.findall(words, whole, re.M) if f'"{words}"' not in sentences] == []


def first_column(document, heading):
    """What is quoted in the table of that heading, in its first column."""
    rows = re.findall(r"^\| (.+?) \|", text(document).partition(f"\n| {heading} |")[2].partition("\n\n")[0], re.M)
    return {name for row in rows for name in re.findall(r"`(?:…Error\.)?([\w.-]+)`", row)}


@pytest.mark.parametrize("heading, told", [("`Status`", statuses), ("`LastReasonCode`", codes), ("name", errors)])
def test_author_of_a_frontend_is_told_every(heading, told):
    buses = {"org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.LimitsExceeded"}
    assert first_column("introspection/frontends.md", heading) - buses == told()


def test_every_metric_is_told():
    tables, others = text("src/metrics/families.c"), text("src/metrics/metrics.c")
    names = {f"memcoord_{kind.lower()}_{name}" for kind, name in re.findall(r'\b(HOST|VM) \("(\w+)"\)', tables)}
    names |= set(re.findall(r'"(memcoord_(?!host_"|vm_")\w+)"', tables + others))
    counters = {f"memcoord_vm_{name}" if kind else name
                for kind, name in re.findall(r'\{ \{ (VM \()?"(\w+)"\)?,\s+MC_FAMILY_COUNTER', tables)}
    sampled = {f"{name}_total" if name in counters else f"{name}_info" if name == "memcoord_build" else name for name in names}
    assert len(counters) > 5 and counters < names
    told = text("data/man/memcoordctl.rst").partition("\nMETRICS\n")[2].partition("\nEXIT STATUS\n")[0]
    assert set(re.findall(r"``(memcoord_\w+)``", told)) == sampled
