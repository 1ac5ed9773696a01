# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service's name on the session bus, with the properties that its argument says, as JSON: {"host": {name: [type, value]},
"vms": [{name: [type, value]}], "meanwhile": {name: [type, value]}}: the last are of the host, and signalled just before the VMs are told.
It may say what no service would, or only a later one."""

import json
import sys

from gi.repository import Gio, GLib

NAME, ROOT, HOST, VM = "org.example.MemCoord", "/org/example/MemCoord", "org.example.MemCoord1", "org.example.MemCoord1.VM"
PROPERTIES = "org.freedesktop.DBus.Properties"
INTERFACES = """<node><interface name="org.freedesktop.DBus.Properties">
<method name="GetAll"><arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method></interface>
<interface name="org.freedesktop.DBus.ObjectManager">
<method name="GetManagedObjects"><arg type="a{oa{sa{sv}}}" direction="out"/></method></interface></node>"""


def variants(properties):
    return {name: GLib.Variant(kind, value) for name, (kind, value) in properties.items()}


told = json.loads(sys.argv[1])
HOSTS, MEANWHILE = variants(told["host"]), variants(told["meanwhile"])
OBJECTS = {f"{ROOT}/vm/_{number}": {VM: variants(vm)} for number, vm in enumerate(told["vms"])}


def on_call(connection, sender, path, interface, method, parameters, invocation):
    if method == "GetAll":
        invocation.return_value(GLib.Variant("(a{sv})", (HOSTS,)))
    else:
        if MEANWHILE:
            connection.emit_signal(None, ROOT, PROPERTIES, "PropertiesChanged", GLib.Variant("(sa{sv}as)", (HOST, MEANWHILE, [])))
        invocation.return_value(GLib.Variant("(a{oa{sa{sv}}})", (OBJECTS,)))


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
for interface in Gio.DBusNodeInfo.new_for_xml(INTERFACES).interfaces:
    bus.register_object(ROOT, interface, on_call, None, None)
Gio.bus_own_name_on_connection(bus, NAME, 0, lambda *_: print("ready", flush=True), None)
GLib.MainLoop().run()
