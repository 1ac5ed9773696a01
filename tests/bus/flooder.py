# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that floods, until its input ends, with one call: as fast as the bus takes it where it wants no replies, and a
hundred at any time where it does, which it reads. For each line that it is given it tells how many answers of each kind it got.

It is given to Python as text, since who runs it may not read where the source is. Arguments: path, interface, method,
parameters as GVariant text or "", and whether it wants replies. Without them it writes to the socket by itself: a library
would be slower.
"""

import collections
import json
import os
import socket
import sys
import threading

from gi.repository import Gio, GLib

NAME = "org.example.MemCoord"
path, interface, method, parameters, wants_reply = sys.argv[1:]
answers = collections.Counter()
body = GLib.Variant.parse(None, parameters) if parameters else None


def blob(destination, path, interface, method, body, flags, serial):
    message = Gio.DBusMessage.new_method_call(destination, path, interface, method)
    if body is not None:
        message.set_body(body)
    message.set_flags(flags)
    message.set_serial(serial)
    return message.to_blob(Gio.DBusCapabilityFlags.NONE)


def begin():
    print("ready", flush=True)
    sys.stdin.readline()
    threading.Thread(target=tell, daemon=True).start()


def tell():
    for _ in sys.stdin:
        print(json.dumps(answers), flush=True)
    os._exit(0)


def flood_without_replies():
    bus = socket.socket(socket.AF_UNIX)
    bus.connect(os.environ["DBUS_SYSTEM_BUS_ADDRESS"].partition("unix:path=")[2])
    bus.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
    assert bus.recv(1000).startswith(b"OK")
    bus.sendall(b"BEGIN\r\n" + blob("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", None,
                                    Gio.DBusMessageFlags.NONE, 1))
    block = blob(NAME, path, interface, method, body, Gio.DBusMessageFlags.NO_REPLY_EXPECTED, 2) * 200
    begin()
    while True:
        bus.sendall(block)


def flood_with_replies():
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)

    def call():
        bus.call(NAME, path, interface, method, body, None, 0, 60_000, None, take)

    def take(connection, result):
        try:
            connection.call_finish(result)
            answers["ok"] += 1
        except GLib.Error as error:
            answers[Gio.DBusError.get_remote_error(error)] += 1
        call()

    begin()
    for _ in range(100):
        call()
    GLib.MainLoop().run()


if wants_reply == "yes":
    flood_with_replies()
else:
    flood_without_replies()
