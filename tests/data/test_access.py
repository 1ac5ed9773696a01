# SPDX-License-Identifier: LGPL-2.1-or-later
"""There is a rule for each method that is installed, and everybody may do nothing but look."""

import re
import xml.etree.ElementTree as tree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOOKING = {"Plan", "Forecast", "GetHistory", "GetMoves", "ListInhibitors", "ListDecisions", "GetDecisions"}
NAMES = {"MC_ROOT_INTERFACE": "org.example.MemCoord1", "MC_VM_INTERFACE": "org.example.MemCoord1.VM"}


def methods():
    return {(interface.get("name"), method.get("name"))
            for path in (ROOT / "introspection").glob("*.xml")
            for interface in tree.parse(path).getroot().iter("interface") for method in interface.iter("method")}


def rules():
    found = re.findall(r'\{ (MC_\w+_INTERFACE), "(\w+)", (\w+) \}', (ROOT / "src/bus/access.c").read_text())
    return [(NAMES[interface], method, action) for interface, method, action in found]


def test_each_method_has_one_rule():
    assert sorted((interface, method) for interface, method, _ in rules()) == sorted(methods())


def test_everybody_may_look_and_nothing_else():
    assert {method for _, method, action in rules() if action == "NULL"} == LOOKING


def test_actions_are_those_of_polkit():
    used = {action for _, _, action in rules()} - {"NULL"}
    names = (ROOT / "src/common/names.h").read_text()
    policy = tree.parse(ROOT / "data/polkit/org.example.MemCoord1.policy.in").getroot()
    assert {re.search(rf'{action} +"(\S+)"', names).group(1) for action in used} == \
        {action.get("id") for action in policy.iter("action")}
