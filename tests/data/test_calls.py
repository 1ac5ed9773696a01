# SPDX-License-Identifier: LGPL-2.1-or-later
"""What memcoordctl calls and hears of the service has the types that the interfaces tell."""

import re
import xml.etree.ElementTree as tree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST, VM = "org.example.MemCoord1", "org.example.MemCoord1.VM"
INTERFACES = {"NULL": (HOST,), "MC_ROOT_INTERFACE": (HOST,), "vm": (HOST, VM), "pause.vm": (HOST, VM)}
PARAMETERS = r'(?:NULL|g_variant_new \("\((?P<given>[^"]*)\)".*?\))'
CHANGE = re.compile(r'mc_call_change \(client, (?P<whose>[\w.]+), "(?P<method>\w+)",\s*' + PARAMETERS + r",\s*&?error\)", re.S)
READ = re.compile(r'mc_call_read \(client, (?P<whose>\w+), "(?P<method>\w+)", "(?P<told>[^"]*)",')
CALL = re.compile(r'mc_client_(?:change|read) \(client, MC_ROOT_PATH, (?P<whose>MC_ROOT_INTERFACE),\s*"(?P<method>\w+)",\s*' + PARAMETERS
                  + r',\s*"\((?P<told>[^"]*)\)"', re.S)
SIGNAL = re.compile(r'\{ "(\w+)", "\(([^"]*)\)", on_\w+ \}')


def members(kind):
    """{(interface, name): (types in, types out)}"""
    found = {}
    for path in (ROOT / "introspection").glob("*.xml"):
        for interface in tree.parse(path).getroot().iter("interface"):
            for member in interface.iter(kind):
                types = [(argument.get("direction", "out"), argument.get("type")) for argument in member.iter("arg")]
                found[interface.get("name"), member.get("name")] = tuple(
                    "".join(type_ for direction, type_ in types if direction == way) for way in ("in", "out"))
    return found


def commands():
    paths = [*(ROOT / "src/ctl/commands").glob("*.c"), ROOT / "src/ctl/forecast.c", ROOT / "src/ctl/past.c"]
    return {path.name: path.read_text() for path in paths}


def test_calls_have_the_types_of_the_interfaces():
    methods, used = members("method"), set()
    for name, text in commands().items():
        calls = [*CHANGE.finditer(text), *READ.finditer(text), *CALL.finditer(text)]
        assert len(calls) == len(re.findall(r"mc_call_\w+ \(|mc_client_change \(|mc_client_read \(\w+, \w+, MC_ROOT_INTERFACE", text)), name
        for call in calls:
            words = call.groupdict()
            # A decision is a VM's; all else that is said of "vm" is the host's where there is none.
            whose = (VM,) if words["method"] == "GetDecisions" else INTERFACES[words["whose"]]
            for interface in whose:
                types = ((words.get("given") or "").replace("@", ""), words.get("told") or "")
                assert methods[interface, words["method"]] == types, (name, words["method"])
                used.add((interface, words["method"]))
    # SetThresholds() does all that these do, and GetDecisions() tells more.
    assert set(methods) - used == {(HOST, "SetThreshold"), (VM, "SetThreshold"), (VM, "SetManaged"), (VM, "ListDecisions")}


def test_signals_have_the_types_of_the_interfaces():
    heard = dict(SIGNAL.findall(commands()["monitor.c"]))
    signals = {name: told for (_, name), (_, told) in members("signal").items()}
    assert signals and {name: heard.get(name) for name in signals} == signals
