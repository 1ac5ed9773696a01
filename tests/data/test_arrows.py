# SPDX-License-Identifier: LGPL-2.1-or-later
"""The arrows of the source point one way: between the rooms (the folders of src), and between the files of a room. An arrow is
an #include, or the use of a function or table that the other file defines, whoever declares it."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

# Whom each room may know besides itself. memcoordd.c, which is in no folder, is a room of its own and knows all of them.
ARROWS = {
    "common": set(),
    "policy": {"common"},
    "host": {"common"},
    "history": {"common"},
    "hypervisor": {"common"},
    "hypervisor/libvirt": {"common", "hypervisor"},
    "service": {"common", "policy", "host", "history", "hypervisor"},
    "bus": {"common", "service", "policy", "history"},
    "metrics": {"common"},
    "ctl": {"common", "metrics"},
    "exporter": {"common", "metrics"},
    "main": {"common", "policy", "host", "history", "hypervisor", "hypervisor/libvirt", "service", "bus"},
}
MAIN = "memcoordd.c"
# Who alone may know a library, or what a generator wrote: each is spoken to in one place, or in two.
KEEPERS = {
    r"libvirt/(libvirt|virterror)|libvirt-glib/": r"hypervisor/libvirt/[\w-]+\.[ch]",
    r"libxml/": r"(hypervisor/libvirt/xml-node|service/metadata)\.c",
    r"polkit/": r"bus/authority\.c",
    r"systemd/": r"(exporter/(activation|report)\.c|exporter/event-source\.[ch]|service/service-manager\.c)",
    r"microhttpd": r"exporter/server\.c",
    r"json-glib/": r"ctl/output/json\.c",
    r"mc-dbus\.h": r"bus/[\w-]+\.[ch]",
}


def includes(path):
    return re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def file_of(path):
    """A .c and its .h are one, with what stands in for the .c where a library is missing."""
    return path.with_name(path.stem.removesuffix("-fallback"))


def code_of(path):
    """Without comments and texts."""
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', " ", path.read_text(), flags=re.DOTALL)


def defined_by(path):
    """The functions and tables of a .c file that others may use: as this layout has them, at the begin of a line."""
    code = code_of(path)
    functions = re.findall(r"^(mc_\w+) \((?=[^;{}]*\)\s*\{)", code, re.MULTILINE)
    return set(functions) | set(re.findall(r"^const [\w *]+\b(mc_\w+)(?:\[\w*\])? =", code, re.MULTILINE))


class Tree:
    def __init__(self, source):
        self.source = source
        self.paths = sorted(source.rglob("*.[ch]"))
        self.headers = {}
        for path in self.paths:
            if path.suffix == ".h":
                self.headers.setdefault(path.name, []).append(path)
        self.definers = {}
        for path in self.paths:
            for name in defined_by(path) if path.suffix == ".c" else ():
                self.definers.setdefault(name, []).append(path)

    def name(self, path):
        return path.relative_to(self.source).as_posix()

    def room(self, path):
        """The folder, or the one around it that is a room."""
        if self.name(path) == MAIN:
            return "main"
        folder = path.parent.relative_to(self.source).as_posix()
        return max((room for room in ARROWS if f"{folder}/".startswith(f"{room}/")), key=len, default=folder)

    def meant(self, path, found):
        """Which of these @path means: one of the same folder comes first, as for the compiler, then one of the same room, and
        then one that it may know."""
        room = self.room(path)
        return min(found, default=None, key=lambda other: (other.parent != path.parent, self.room(other) != room,
                                                           self.room(other) not in ARROWS[room]))

    def known_to(self, path):
        """{file: how @path knows it}"""
        known = {self.meant(path, self.headers.get(Path(name).name, [])): f"includes {name}" for name in includes(path)}
        for used in set(re.findall(r"\bmc_\w+", code_of(path))) if path.suffix == ".c" else ():
            known.setdefault(self.meant(path, self.definers.get(used, [])), f"uses {used}")
        known.pop(None, None)
        return known

    def against_the_floors(self):
        """Arrows between rooms that are not allowed."""
        return [f"{self.name(path)} {how} of {self.room(other)}"
                for path in self.paths for other, how in self.known_to(path).items()
                if self.room(other) not in {self.room(path)} | ARROWS[self.room(path)]]

    def arrows_inside(self, room):
        """{file: those of the room that it knows}"""
        arrows = {}
        for path in self.paths:
            if self.room(path) == room:
                arrows.setdefault(file_of(path), set()).update(
                    file_of(other) for other in self.known_to(path) if self.room(other) == room)
        return {file: others - {file} for file, others in arrows.items()}

    def circles(self, room):
        """Files of which each reaches the others."""
        arrows = self.arrows_inside(room)
        reached = {file: reach(arrows, file) for file in arrows}
        found = {frozenset(self.name(other) for other in reached[file] if file in reached[other])
                 for file in arrows if file in reached[file]}
        return sorted(sorted(circle) for circle in found)

    def strangers_to(self, library):
        """Files that know a library and are not its keeper."""
        return [self.name(path) for path in self.paths if any(re.match(library, name) for name in includes(path))
                and not re.fullmatch(KEEPERS[library], self.name(path))]


def reach(arrows, file):
    reached, left = set(), list(arrows[file])
    while left:
        other = left.pop()
        if other not in reached:
            reached.add(other)
            left += arrows[other]
    return reached


@pytest.fixture(scope="module")
def tree():
    return Tree(SOURCE)


def test_no_arrow_is_against_the_floors(tree):
    assert tree.against_the_floors() == []


@pytest.mark.parametrize("room", sorted(ARROWS))
def test_no_circle_is_in_a_room(tree, room):
    assert tree.circles(room) == []


def test_every_room_is_known(tree):
    assert {tree.room(path) for path in tree.paths} == set(ARROWS)


def more_than_glib(source, room):
    return [f"{path.name} includes {name}" for path in source.joinpath(room).rglob("*.[ch]") for name in includes(path)
            if re.match(r"(gio|glib-object|libvirt|systemd|polkit|sys/|unistd|fcntl|time\.h)", name)]


@pytest.mark.parametrize("room", ["common", "metrics", "policy"])
def test_room_knows_glib_alone(room):
    assert more_than_glib(SOURCE, room) == []


@pytest.mark.parametrize("library", sorted(KEEPERS))
def test_library_is_spoken_to_in_one_place(tree, library):
    assert any(re.match(library, name) for path in tree.paths for name in includes(path))
    assert tree.strangers_to(library) == []


# The check itself, on a tree that is made up: each kind of forbidden arrow is shown to it.

SOUND = {
    "policy/decide.h": "void mc_decide (void);\n",
    "policy/decide.c": '#include "decide.h"\n\nvoid\nmc_decide (void)\n{\n}\n',
    "service/vm.h": "void mc_vm_update (void);\n",
    "service/vm.c": '#include "vm.h"\n#include "decide.h"\n\nvoid\nmc_vm_update (void)\n{\n  mc_decide ();\n}\n',
    "service/cycle.h": "void mc_cycle_begin (void);\n",
    "service/cycle.c": '#include "cycle.h"\n#include "vm.h"\n\n/* Not by mc_cycle_begin() of others. */\nvoid\n'
                       'mc_cycle_begin (void)\n{\n  mc_vm_update ();\n}\n',
    "memcoordd.c": '#include "cycle.h"\n\nint\nmain (void)\n{\n  mc_cycle_begin ();\n}\n',
}


@pytest.fixture
def made_up(tmp_path):
    def make(changes):
        for name, text in (SOUND | changes).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Tree(tmp_path)

    return make


def test_a_sound_tree_has_no_forbidden_arrow(made_up):
    tree = made_up({})
    assert tree.against_the_floors() == []
    assert [tree.circles(room) for room in ("policy", "service", "main")] == [[], [], []]
    assert [tree.strangers_to(library) for library in KEEPERS] == [[]] * len(KEEPERS)


def test_an_include_against_the_floors_is_seen(made_up):
    tree = made_up({"policy/decide.c": '#include "decide.h"\n#include "vm.h"\n'})
    assert tree.against_the_floors() == ["policy/decide.c includes vm.h of service"]


def test_a_call_against_the_floors_is_seen(made_up):
    tree = made_up({"policy/decide.c": "void mc_vm_update (void);\n\nvoid\nmc_decide (void)\n{\n  mc_vm_update ();\n}\n"})
    assert tree.against_the_floors() == ["policy/decide.c uses mc_vm_update of service"]


def test_a_circle_of_includes_is_seen(made_up):
    tree = made_up({"service/vm.h": '#include "cycle.h"\nvoid mc_vm_update (void);\n'})
    assert tree.circles("service") == [["service/cycle", "service/vm"]]


def test_a_circle_of_calls_is_seen_where_the_lower_file_declares_what_the_upper_one_defines(made_up):
    tree = made_up({
        "service/vm.h": "void mc_vm_update (void);\nvoid mc_vm_notify (void);\n",
        "service/vm.c": '#include "vm.h"\n\nvoid\nmc_vm_update (void)\n{\n  mc_vm_notify ();\n}\n',
        "service/cycle.c": '#include "cycle.h"\n#include "vm.h"\n\nvoid\nmc_vm_notify (void)\n{\n}\n',
    })
    assert tree.circles("service") == [["service/cycle", "service/vm"]]


def test_a_circle_of_three_is_seen(made_up):
    tree = made_up({
        "service/vm.c": '#include "vm.h"\n#include "pause.h"\n',
        "service/pause.h": "void mc_pause_begin (void);\n",
        "service/pause.c": '#include "pause.h"\n#include "cycle.h"\n',
    })
    assert tree.circles("service") == [["service/cycle", "service/pause", "service/vm"]]


def test_a_table_against_the_floors_is_seen(made_up):
    tree = made_up({
        "service/vm.c": "const char *const mc_vm_names[2] = { 0 };\n",
        "policy/decide.c": "extern const char *const mc_vm_names[2];\n\nconst char *\nmc_decide (void)\n{\n  return mc_vm_names[0];\n}\n",
    })
    assert tree.against_the_floors() == ["policy/decide.c uses mc_vm_names of service"]


def test_the_port_that_knows_its_implementation_is_seen(made_up):
    tree = made_up({
        "hypervisor/libvirt/adapter.h": "void mc_adapter_new (void);\n",
        "hypervisor/hypervisor.c": '#include "adapter.h"\n',
    })
    assert tree.against_the_floors() == ["hypervisor/hypervisor.c includes adapter.h of hypervisor/libvirt"]


def test_a_circle_of_a_folder_within_a_room_is_seen(made_up):
    tree = made_up({
        "ctl/model.h": '#include "status.h"\n',
        "ctl/commands/status.h": '#include "model.h"\n',
    })
    assert tree.circles("ctl") == [["ctl/commands/status", "ctl/model"]]


def test_a_room_that_nobody_knows_is_seen(made_up):
    tree = made_up({"cloud/migrate.c": "int mc_migrate;\n"})
    assert {tree.room(path) for path in tree.paths} - set(ARROWS) == {"cloud"}


def test_what_is_more_than_glib_is_seen(made_up):
    tree = made_up({"policy/decide.c": '#include <gio/gio.h>\n#include <glib.h>\n'})
    assert more_than_glib(tree.source, "policy") == ["decide.c includes gio/gio.h"]


def test_a_library_that_somebody_else_speaks_to_is_seen(made_up):
    tree = made_up({"service/vm.c": '#include <libvirt/libvirt.h>\n#include "vm.h"\n'})
    assert tree.strangers_to(r"libvirt/(libvirt|virterror)|libvirt-glib/") == ["service/vm.c"]
