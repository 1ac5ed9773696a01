# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that runs as somebody else: makes the calls that it is told to, one JSON line each, and tells what came of them.

It is given to Python as text, since that somebody may not read where the source is. With "agent" as its argument it is
also the one whom polkit asks for passwords, for this process, and counts how often.
"""

import json
import os
import sys

from gi.repository import Gio, GLib

AGENT = """<node><interface name="org.freedesktop.PolicyKit1.AuthenticationAgent">
<method name="BeginAuthentication"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="a{ss}" direction="in"/><arg type="s" direction="in"/><arg type="a(sa{sv})" direction="in"/></method>
<method name="CancelAuthentication"><arg type="s" direction="in"/></method></interface></node>"""
POLKIT = ("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority")

bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
asked = []
held = []  # what came with an answer is open for as long as this runs


def on_agent(connection, sender, path, interface, method, parameters, invocation):
    if method == "BeginAuthentication":
        asked.append(parameters.unpack()[1])
    invocation.return_dbus_error("org.freedesktop.PolicyKit1.Error.Failed", "nobody is there to type")


def become_agent():
    with open("/proc/self/stat", encoding="ascii") as stat:
        started = int(stat.read().rpartition(")")[2].split()[19])
    bus.register_object("/agent", Gio.DBusNodeInfo.new_for_xml(AGENT).interfaces[0], on_agent, None, None)
    subject = ("unix-process", {"pid": GLib.Variant("u", os.getpid()), "start-time": GLib.Variant("t", started),
                                "uid": GLib.Variant("i", os.getuid())})
    bus.call_sync(*POLKIT, "RegisterAuthenticationAgent", GLib.Variant("((sa{sv})ss)", (subject, "C", "/agent")), None, 0, 5000)


def call(order):
    parameters = GLib.Variant.parse(None, order["parameters"]) if order["parameters"] else None
    flags = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if order.get("interactive") else 0
    answers = []

    def take(connection, result):
        try:
            answer, descriptors = connection.call_with_unix_fd_list_finish(result)
            held.append(descriptors)
            answers.append({"ok": answer.print_(True)})
        except GLib.Error as error:
            answers.append({"error": Gio.DBusError.get_remote_error(error) or "local", "message": error.message})

    bus.call_with_unix_fd_list("org.example.MemCoord", order["path"], order["interface"], order["method"], parameters, None,
                               flags, order.get("timeout", 5000), None, None, take)
    while not answers:
        GLib.MainContext.default().iteration(True)
    return answers[0] | {"asked": len(asked)}


if "agent" in sys.argv:
    become_agent()
print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps(call(json.loads(line))), flush=True)
