#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the manual page of the bus interfaces, as reStructuredText, from their introspection XML.

Usage: generate-api.py XML... > org.example.MemCoord1.rst

The comment in front of an interface or a member is its description: the name and a colon, "@argument: text" for each
argument, and paragraphs. A member or an argument without a description is an error.
"""

import re
import sys
import textwrap
import xml.etree.ElementTree as tree

KINDS = (("method", "Methods"), ("property", "Properties"), ("signal", "Signals"))
EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"

HEADER = """\
.. Generated from the introspection XML.

=====================
org.example.MemCoord1
=====================

---------------------------------------
the D-Bus interfaces of **memcoordd**
---------------------------------------

:Manual section: 5
:Manual group: MemCoord

SYNOPSIS
========

::

    busctl tree org.example.MemCoord
    busctl introspect org.example.MemCoord /org/example/MemCoord
    gdbus monitor --system --dest org.example.MemCoord

DESCRIPTION
===========

**memcoordd**\\(8) owns the name *org.example.MemCoord* on the system bus. Its object */org/example/MemCoord* has the
interface *org.example.MemCoord1*, for the host and the service, and *org.freedesktop.DBus.ObjectManager*, through which
VMs are announced: each is an object */org/example/MemCoord/vm/_UUID*, with ``_`` for each ``-`` of the UUID, and has
*org.example.MemCoord1.VM*. Objects come and go with the VMs.

Every property is read-only; methods make changes, and need an authorisation by polkit. Reading needs none. Members may be
added; none is removed or changes its meaning.
"""

FOOTER = """
EXAMPLES
========

Read the state of the host::

    busctl get-property org.example.MemCoord /org/example/MemCoord org.example.MemCoord1 State HostCondition HostAvailable

Set a threshold; sizes are bytes::

    busctl call org.example.MemCoord /org/example/MemCoord org.example.MemCoord1 SetThreshold st LowWatermark $((120<<20))

Pause balancing for ten minutes::

    gdbus call --system --dest org.example.MemCoord --object-path /org/example/MemCoord \\
        --method org.example.MemCoord1.Pause 'kernel update' 600

Show each balloon target as it is set::

    gdbus monitor --system --dest org.example.MemCoord

FILES
=====

*/usr/share/dbus-1/interfaces/org.example.MemCoord1.xml*, */usr/share/dbus-1/interfaces/org.example.MemCoord1.VM.xml*
    The introspection XML that this page is generated from.

NOTES
=====

A caller that waits for changes should listen to *PropertiesChanged*, *PolicyChanged* and *MemoryMoved* instead of polling. With many
VMs, *GetManagedObjects* is long: 0.8 MB with 1,000 of them.

SEE ALSO
========

**memcoordd**\\(8), **memcoordctl**\\(1), **memcoord.conf**\\(5), **busctl**\\(1), **gdbus**\\(1)
"""


class Undocumented(Exception):
    """Something in the XML without a description."""


def read(path):
    """Yields the interfaces with their description, and each member with its own."""
    builder = tree.TreeBuilder(insert_comments=True)
    root = tree.parse(path, tree.XMLParser(target=builder)).getroot()
    for interface, comment in described(root, ("interface",)):
        members = list(described(interface, [kind for kind, _ in KINDS]))
        yield interface, comment, members


def described(parent, tags):
    comment = None
    for child in parent:
        if child.tag is tree.Comment:
            comment = child.text
        elif child.tag in tags:
            yield child, comment
            comment = None
        else:
            comment = None


def split(comment, name):
    """Returns the description's paragraphs, and what it says of each argument."""
    if not comment:
        raise Undocumented(name)
    lines = textwrap.dedent("\n".join(line.strip() for line in comment.strip().splitlines())).splitlines()
    lines[0] = re.sub(rf"^{re.escape(name)}:\s*", "", lines[0])
    paragraphs, arguments, current = [[]], {}, None
    for line in lines:
        argument = re.match(r"@([\w-]+):\s*(.*)", line)
        if argument:
            current = argument.group(1)
            arguments[current] = [argument.group(2)]
        elif not line:
            current = None
            paragraphs.append([])
        elif current:
            arguments[current].append(line)
        else:
            paragraphs[-1].append(line)
    short = arguments.pop("short_description", None)
    if short:
        paragraphs.insert(0, [re.sub(r"\.?$", ".", " ".join(short))])
    arguments.pop("since", None)
    return ([markup(" ".join(part)) for part in paragraphs if part],
            {key: markup(" ".join(part)) for key, part in arguments.items()})


def markup(text):
    """Turns the XML's `code`, #names and %constants into reStructuredText, and takes the meaning from all else."""
    marked = ""
    for part in re.split(r"(`[^`]+`)", text):
        if part.startswith("`") and len(part) > 2:
            part = f"``{part[1:-1]}``"
        else:
            part = re.sub(r"(?<!\w)[#%@](?=[A-Za-z])", "", part)
            part = re.sub(r"([\\*|_`])", r"\\\1", part)
        # Markup ends, and begins, at a space or a point; elsewhere an escaped space stands in for it.
        joint = marked and part and (marked.endswith("``") and part[0].isalnum()
                                     or part.startswith("``") and marked[-1].isalnum())
        marked += ("\\ " if joint else "") + part
    return marked


def describe_arguments(element, arguments, name):
    for argument in element.findall("arg"):
        key = argument.get("name")
        if not arguments.get(key):
            raise Undocumented(f"argument {key} of {name}")
        way = ", returned" if element.tag == "method" and argument.get("direction") == "out" else ""
        yield f"    *{key}* (``{argument.get('type')}``{way})\n        {arguments[key]}\n"


def signature(element):
    def part(direction):
        return ", ".join(f"{argument.get('type')} {argument.get('name')}" for argument in element.findall("arg")
                         if argument.get("direction", "in") == direction or element.tag == "signal")
    if element.tag == "property":
        return f" ``{element.get('type')}``"
    if element.tag == "signal":
        return f" ``({part('in')})``"
    returned = part("out")
    return f" ``({part('in')})``" + (f" → ``({returned})``" if returned else "")


def describe(element, comment):
    name = element.get("name")
    paragraphs, arguments = split(comment, name)
    if not paragraphs:
        raise Undocumented(name)
    yield f"**{name}**{signature(element)}"
    for paragraph in paragraphs:
        yield f"    {paragraph}\n"
    yield from describe_arguments(element, arguments, name)
    for annotation in element.findall("annotation"):
        if annotation.get("name") == EMITS and annotation.get("value") == "false":
            yield "    Changes are not signalled.\n"


def main(paths):
    print(HEADER)
    for path in paths:
        for interface, comment, members in read(path):
            name = interface.get("name")
            print(f"{name}\n{'=' * len(name)}\n")
            print("\n\n".join(split(comment, name)[0]) + "\n")
            for kind, title in KINDS:
                chosen = [member for member in members if member[0].tag == kind]
                if chosen:
                    print(f"{title}\n{'-' * len(title)}\n")
                for member in sorted(chosen, key=lambda member: member[0].get("name")):
                    print("\n".join(describe(*member)))
    print(FOOTER)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Undocumented as missing:
        sys.exit(f"no description of {missing}")
