# SPDX-License-Identifier: LGPL-2.1-or-later
"""A frontend that reads everything once, and then only listens, shows the truth through a thousand random changes."""

import copy
import os
import random
import xml.etree.ElementTree as tree

from gi.repository import GLib

from common import MIB, SOURCE
from common.bus import HOST, MANAGER, NAME, PROPERTIES, ROOT, VM, Client
from common.service import start_service, stop_service

CHANGES = 1000
NOT_TOLD = {property.get("name") for path in (SOURCE / "introspection").glob("*.xml") for property in tree.parse(path).iter("property")
            if property.find("annotation[@value='false']") is not None}  # documented not to be signalled


class Mirror:
    """What a frontend believes: {path: {interface: {property: value}}}."""

    def __init__(self, bus):
        client = Client(bus)
        self.connection = client.connection
        self.heard = 0
        client.subscribe(self.take)
        self.objects = {}
        self.objects = self.ask_vms()[0] | {ROOT: {HOST: self.ask_host()[0]}}

    def take(self, path, name, arguments):
        self.heard += 1
        if name == "InterfacesAdded":
            added, interfaces = arguments
            assert added not in self.objects
            self.objects[added] = interfaces
        elif name == "InterfacesRemoved":
            removed, interfaces = arguments
            assert set(self.objects.pop(removed)) == set(interfaces)
        elif name == "PropertiesChanged":
            of, values, invalidated = arguments
            assert not invalidated
            for each, value in values.items():
                assert self.objects[path][of][each] != value, f"{each} of {path} is told again"
                self.objects[path][of][each] = value

    def ask(self, interface, method, parameters=None):
        """The truth, and what is believed when it comes: signals and answers are taken in the order they were sent."""
        answers = []

        def take(connection, result):
            answers.append((connection.call_finish(result).unpack()[0], copy.deepcopy(self.objects)))

        self.connection.call(NAME, ROOT, interface, method, parameters, None, 0, 5000, None, take)
        while not answers:
            GLib.MainContext.default().iteration(True)
        return answers[0]

    def ask_vms(self):
        return self.ask(MANAGER, "GetManagedObjects")

    def ask_host(self):
        return self.ask(PROPERTIES, "GetAll", GLib.Variant("(s)", (HOST,)))

    def check(self):
        truth, believed = self.ask_vms()
        del believed[ROOT]
        assert told(truth) == told(believed)
        truth, believed = self.ask_host()
        assert told_of(truth) == told_of(believed[ROOT][HOST])


def told_of(properties):
    return {name: value for name, value in properties.items() if name not in NOT_TOLD}


def told(objects):
    return {path: {interface: told_of(properties) for interface, properties in faces.items()} for path, faces in objects.items()}


class Changer:
    """Changes things at random, from all sides."""

    def __init__(self, service):
        self.service = service
        self.random = random.Random(7)
        self.names = []
        self.count = 0
        self.descriptors = []
        self.reservations = []

    def call(self, path, interface, method, types="()", *values):
        """Most are in order and some are not: either is a change, or none."""
        try:
            return self.service.connection.call_with_unix_fd_list_sync(
                NAME, path, interface, method, GLib.Variant(types, values), None, 0, 300, None, None)
        except GLib.Error as error:  # what a VM that hangs is to be told waits for it
            allowed = ("org.example.MemCoord1.Error.", "UnknownMethod", "Timeout was reached")
            assert any(each in error.message for each in allowed), error.message
            return None, None

    def vm(self):
        return self.random.choice(self.names)

    def add(self):
        if len(self.names) < 12:
            self.count += 1
            self.names.append(f"vm{self.count}")
            self.service.tell("add", self.names[-1], self.random.choice([64, 512, 1024, 4096]) * MIB)

    def remove(self):
        if len(self.names) > 2:
            self.service.tell("remove", self.names.pop(self.random.randrange(len(self.names))))

    def rename(self):
        old = self.names.pop(self.random.randrange(len(self.names)))
        self.count += 1
        self.names.append(f"vm{self.count}")
        self.service.tell("rename", old, self.names[-1])

    def figures(self):
        self.service.tell("unused", self.vm(), self.random.choice([0, 1, 20, 90, 125, 200, 900]) * MIB)

    def life(self):
        self.service.tell(self.random.choice(["run", "suspend", "reboot", "hang", "release"]), self.vm())

    def metadata(self):
        inside = self.random.choice(["", "<weight>7</weight>", "<minimum>64M</minimum>", "<maximum>bad</maximum>"])
        managed = self.random.choice(["yes", "no"])
        self.service.tell("metadata", self.vm(), f'<policy xmlns="https://example.org/memcoord/1" managed="{managed}">{inside}</policy>')

    def connection(self):
        self.service.tell("disconnect")
        self.service.tell("cycle")
        self.service.tell("reconnect")

    def host(self):
        self.service.tell("host", self.random.randrange(7 << 30))

    def threshold(self):
        name, value = self.random.choice([("LowWatermark", 90 * MIB), ("LowWatermark", 110 * MIB), ("Interval", 3),
                                          ("HighWatermark", 160 * MIB), ("HostUsageLimit", 80), ("StepLimit", 99)])
        self.call(ROOT, HOST, "SetThreshold", "(st)", name, value)

    def of_vm(self):
        path = self.random.choice([path for path in self.paths()] or [ROOT])
        method, types, *values = self.random.choice([
            ("SetThreshold", "(st)", "Weight", self.random.randrange(1, 99)), ("SetThreshold", "(st)", "Maximum", 900 * MIB),
            ("SetThresholds", "(a{st})", {"LowWatermark": 70 * MIB, "HighWatermark": 170 * MIB}),
            ("SetManaged", "(b)", self.random.choice([False, True, True])),
            ("ResetThresholds", "(as)", []), ("Pause", "(su)", f"reason {self.random.random()}", self.random.choice([0, 1])),
            ("Resume", "()")])
        self.call(path, VM, method, types, *values)

    def paths(self):
        return [path for path in self.service.call(ROOT, MANAGER, "GetManagedObjects")[0]]

    def whole(self):
        method, types, *values = self.random.choice([
            ("Pause", "(su)", "all", self.random.choice([0, 3])), ("Resume", "()"), ("SetDryRun", "(b)", True),
            ("SetDryRun", "(b)", False), ("ResetThresholds", "(as)", [])])
        self.call(ROOT, HOST, method, types, *values)

    def inhibit(self):
        if self.descriptors and self.random.random() < 0.7:
            os.close(self.descriptors.pop())
            return
        _, descriptors = self.call(ROOT, HOST, "Inhibit", "(ss)", "test", "")
        if descriptors:
            self.descriptors.append(descriptors.steal_fds()[0])

    def reserve(self):
        if self.reservations and self.random.random() < 0.7:
            self.call(ROOT, HOST, "Release", "(s)", self.reservations.pop())
            return
        answer, _ = self.call(ROOT, HOST, "Reserve", "(tu)", self.random.choice([1, 64, 4096]) * MIB, 3)
        if answer:
            self.reservations.append(answer.unpack()[1])

    def cycle(self):
        self.service.tell("cycle")

    def change(self):
        often = [self.figures, self.life, self.of_vm, self.threshold, self.cycle]
        at_times = [self.add, self.remove, self.rename, self.metadata, self.host, self.whole, self.inhibit]
        seldom = [self.connection, self.reserve]
        change = self.random.choice(often * 3 + at_times * 2 + seldom)
        change()


def test_frontend_shows_the_truth(bus):
    service = start_service(bus, speed=50)
    changer = Changer(service)
    for _ in range(3):
        changer.add()
    mirror = Mirror(bus)
    for _ in range(CHANGES):
        changer.change()
        mirror.check()
    assert mirror.heard > CHANGES
    service.tell("cycle")
    mirror.check()
    assert {faces[VM]["Name"] for path, faces in mirror.objects.items() if path != ROOT} == set(changer.names)
    for descriptor in changer.descriptors:
        os.close(descriptor)
    stop_service(service)
