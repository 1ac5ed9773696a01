#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Follows MemCoord: prints the host and each VM, and each again when it changes.

    follow.py [--session]                        until it is ended
    follow.py [--session] pause NAME [REASON]    pauses balancing of that VM for ten minutes

introspection/frontends.md explains it. It wants python3-gi, and has no call that waits but at its start.
"""

import sys

from gi.repository import Gio, GLib

NAME = "org.example.MemCoord"
ROOT = "/org/example/MemCoord"
HOST = "org.example.MemCoord1"
VM = "org.example.MemCoord1.VM"

# Codes that this program has words of its own for. There will be others: they are shown as they are.
REASONS = {"needs": "needs memory", "swapping": "swaps", "grows": "grows", "releases": "has more than it needs"}


def show(line):
    print(line, flush=True)


def value(proxy, name):
    """What a proxy has read; None is what an older service does not have."""
    known = proxy.get_cached_property(name)
    return None if known is None else known.unpack()


def mib(size):
    return f"{(size or 0) >> 20} MiB"


def show_host(host):
    if host.get_name_owner() is None:
        show("away")
    else:
        show(f"host: {value(host, 'State')}, {mib(value(host, 'HostAvailable'))} of {mib(value(host, 'HostTotal'))} available")


def show_vm(vm):
    code = value(vm, "LastReasonCode")
    why = REASONS.get(code, code) or "nothing was decided yet"
    show(f"{value(vm, 'Name')}: {mib(value(vm, 'Balloon'))} of {mib(value(vm, 'Maximum'))}, {value(vm, 'Status')}, {why}")


def on_host_signal(host, sender, signal, arguments):
    if signal == "MemoryMoved":
        _, before, after, reason = arguments.unpack()
        show(f"moved from {mib(before)} to {mib(after)}: {reason}")


def on_vm_removed(manager, removed):
    show(f"{value(removed.get_interface(VM), 'Name')}: gone")


def look(bus):
    """The first of the two calls that read all there is. Looking does not start a service that was stopped."""
    return Gio.DBusObjectManagerClient.new_for_bus_sync(
        bus, Gio.DBusObjectManagerClientFlags.DO_NOT_AUTO_START, NAME, ROOT, None, None, None)


def follow(bus):
    manager = look(bus)
    host = Gio.DBusProxy.new_for_bus_sync(bus, Gio.DBusProxyFlags.DO_NOT_AUTO_START, None, NAME, ROOT, HOST, None)
    host.connect("g-properties-changed", lambda *_: show_host(host))
    host.connect("notify::g-name-owner", lambda *_: show_host(host))
    host.connect("g-signal", on_host_signal)
    manager.connect("object-added", lambda _, added: show_vm(added.get_interface(VM)))
    manager.connect("object-removed", on_vm_removed)
    manager.connect("interface-proxy-properties-changed", lambda _, changed, vm, *properties: show_vm(vm))
    show_host(host)
    for vm in manager.get_objects():
        show_vm(vm.get_interface(VM))
    GLib.MainLoop().run()


def pause(bus, name, reason=""):
    """polkit may ask whoever sits there for a password: that may take as long as they like."""
    found = [vm.get_interface(VM) for vm in look(bus).get_objects() if value(vm.get_interface(VM), "Name") == name]
    if not found:
        sys.exit(f"no VM {name}")
    try:
        found[0].call_sync("Pause", GLib.Variant("(su)", (reason, 600)), Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION,
                           GLib.MAXINT, None)
    except GLib.Error as error:
        kind = Gio.DBusError.get_remote_error(error)
        Gio.DBusError.strip_remote_error(error)
        sys.exit(f"{kind}: {error.message}")


def main(arguments):
    bus = Gio.BusType.SYSTEM
    if arguments[:1] == ["--session"]:
        bus, arguments = Gio.BusType.SESSION, arguments[1:]
    if arguments[:1] == ["pause"] and len(arguments) in (2, 3):
        pause(bus, *arguments[1:])
    elif not arguments:
        follow(bus)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
