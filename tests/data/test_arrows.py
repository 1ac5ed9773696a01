# SPDX-License-Identifier: LGPL-2.1-or-later
"""The arrows between the rooms point one way: what a folder may include, by its #include lines."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

# Whom each room may know besides itself. memcoordd.c, which is in none, knows all of them.
ARROWS = {
    "common": set(),
    "policy": set(),
    "host": set(),
    "hypervisor": set(),
    "hypervisor/libvirt": {"hypervisor"},
    "service": {"common", "policy", "host", "hypervisor"},
    "bus": {"common", "service", "policy"},
    "ctl": {"common"},
}
# Who alone may know a library, or what a generator wrote: each is spoken to in one place.
KEEPERS = {
    r"libvirt/(libvirt|virterror)|libvirt-glib/": r"hypervisor/libvirt/[\w-]+\.[ch]",
    r"libxml/": r"(hypervisor/libvirt/xml-node|service/metadata)\.c",
    r"polkit/": r"bus/authority\.c",
    r"systemd/": r"service/watchdog\.c",
    r"json-glib/": r"ctl/json\.c",
    r"mc-dbus\.h": r"bus/[\w-]+\.[ch]",
}


def includes(path):
    return re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def rooms_of_headers():
    """By the name that others include a header by: one of a room inside another has that room's name before it."""
    paths = [path.relative_to(SOURCE) for path in SOURCE.glob("*/**/*.h")]
    return {path.as_posix().partition("/")[2]: path.parent.as_posix() for path in paths}


@pytest.mark.parametrize("room", sorted(ARROWS))
def test_room_knows_only_whom_it_may(room):
    rooms = rooms_of_headers()
    for path in sorted(SOURCE.joinpath(room).glob("*.[ch]")):
        for name in includes(path):
            # A header of the same name in the room itself comes first, as for the compiler.
            owner = room if SOURCE.joinpath(room, name).exists() else rooms.get(name)
            assert owner in {None, room} | ARROWS[room], f"{path.name} includes {name} of {owner}"


def test_every_room_is_known():
    assert {path.parent.relative_to(SOURCE).as_posix() for path in SOURCE.glob("*/**/*.c")} == set(ARROWS)


@pytest.mark.parametrize("room", ["common", "policy"])
def test_room_knows_glib_alone(room):
    for path in SOURCE.joinpath(room).glob("*.[ch]"):
        for name in includes(path):
            assert not re.match(r"(gio|glib-object|libvirt|systemd|polkit|sys/|unistd|fcntl|time\.h)", name), (path, name)


@pytest.mark.parametrize("library", sorted(KEEPERS))
def test_library_is_spoken_to_in_one_place(library):
    knowing = [path.relative_to(SOURCE).as_posix() for path in SOURCE.glob("**/*.[ch]")
               if any(re.match(library, name) for name in includes(path))]
    assert knowing
    assert [name for name in knowing if not re.fullmatch(KEEPERS[library], name)] == []


def test_the_check_sees_an_arrow():
    assert "policy.h" in includes(SOURCE / "service" / "coordinator-private.h") + includes(SOURCE / "service" / "vm.h")
