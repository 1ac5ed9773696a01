# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service manager on the session bus, as the service asks it about its stop: tells a job and a state, or hangs.

Its arguments are the type of the job of every unit ("none": there is no job; "hang": it never answers) and the state of the system.
"""

import sys

from gi.repository import Gio, GLib

NAME, ROOT = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
UNIT, JOB = f"{ROOT}/unit/memcoordd_2eservice", f"{ROOT}/job/7"
INTERFACES = """<node>
<interface name="org.freedesktop.systemd1.Manager">
<method name="GetUnitByPID"><arg type="u" direction="in"/><arg type="o" direction="out"/></method>
<property name="SystemState" type="s" access="read"/></interface>
<interface name="org.freedesktop.systemd1.Unit"><property name="Job" type="(uo)" access="read"/></interface>
<interface name="org.freedesktop.systemd1.Job"><property name="JobType" type="s" access="read"/></interface></node>"""

job, state = sys.argv[1:]
PROPERTIES = {"SystemState": GLib.Variant("s", state), "JobType": GLib.Variant("s", job),
              "Job": GLib.Variant("(uo)", (0, "/") if job == "none" else (7, JOB))}


def on_call(connection, sender, path, interface, method, parameters, invocation):
    if job != "hang":
        invocation.return_value(GLib.Variant("(o)", (UNIT,)))


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
manager, unit, of_job = Gio.DBusNodeInfo.new_for_xml(INTERFACES).interfaces
for where, what in ((ROOT, manager), (UNIT, unit), (JOB, of_job)):
    bus.register_object(where, what, on_call, lambda *asked: PROPERTIES[asked[4]], None)
Gio.bus_own_name_on_connection(bus, NAME, 0, lambda *_: print("ready", flush=True), None)
GLib.MainLoop().run()
