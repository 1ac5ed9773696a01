#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The members of bus interfaces, one a line, with all that a program relies on: what a release promises to keep.

Usage: interfaces.py [XML…] > released/VERSION     (by itself: this project's interfaces)
"""

import sys
import xml.etree.ElementTree as tree
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "introspection"
MEMBERS = ("method", "signal", "property")


def argument(element):
    return " ".join(filter(None, (element.get("direction"), element.get("type"), element.get("name"))))


def describe(member):
    words = [member.tag, member.get("name")]
    if member.tag == "property":
        words += [member.get("type"), member.get("access")]
    else:
        words.append("(" + ", ".join(argument(element) for element in member.findall("arg")) + ")")
    words += [f"{element.get('name')}={element.get('value')}" for element in member.findall("annotation")
              if not element.get("name").startswith("org.gtk.")]
    return " ".join(words)


def members(path):
    """Each member of each interface of an introspection XML."""
    for interface in tree.parse(path).getroot().iter("interface"):
        for member in interface:
            if member.tag in MEMBERS:
                yield f"{interface.get('name')} {describe(member)}"


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(SOURCE.glob("*.xml")):
        print("\n".join(sorted(members(name))))
