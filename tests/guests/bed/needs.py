# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a fault must not touch: that a guest in need is given memory in time.

The need is timed by the guest's own figures, from when it was told to use its memory on, and the grant by libvirtd's word and
then the guest's. What the service says of either proves nothing: it tells of a need and of its answer at once, however late.
"""

import time

from common import MIB, wait_until

from .strain import Strain, stolen_s
from .watch import Watch

LOW = 100 * MIB  # the low watermark: a guest that has no more available is in need
LEFT = 50 * MIB  # what a guest in need has left
GRANT = 8 * MIB  # less answers no need
CALM_S = 2
NEED_WITHIN_S = 90  # emulated guests use memory slowly where others use the processor
ANSWER_S = 15
SMALL_S = 90
LOOK_S = 0.05


def tell_small(bed, guests):
    """Frees all that they hold, and has each told to leave room to be given more: its balloon may still be on its way."""
    for guest in guests:
        guest.free()
    for guest in guests:
        wait_until(lambda: guest.info()["held"] == 0, 10, f"{guest.name} to hold nothing")
    large = [guest for guest in guests if bed.vm(guest)["Target"] > guest.maximum * 3 // 4]
    for guest in large:
        bed.set_threshold("Maximum", guest.maximum // 2, guest)
    for guest in large:
        wait_until(
            lambda: bed.vm(guest)["Target"] <= guest.maximum * 51 // 100, 40, f"{guest.name} to be made small"
        )
    for guest in large:
        bed.call(guest.object_path, "org.example.MemCoord1.VM", "ResetThresholds", "as", [])


def make_small(bed, guests):
    """The same, until the balloons are there: emulated guests may take half a minute for what they were told at once."""
    tell_small(bed, guests)
    for guest in guests:
        wait_until(lambda: is_at_target(bed.vm(guest)), SMALL_S, f"{guest.name} to be small")


def is_at_target(vm):
    return abs(vm["Balloon"] - vm["Target"]) <= 12 * MIB


def make_needy(guest, left=LEFT):
    """Has it hold all but so much of what it has available, at once."""
    guest.grow(max((guest.info()["available"] - left) // MIB, 1), 0)


def calls_since(guest, since):
    """For people to read: (s, MiB)."""
    return [(round(t - since, 2), size // MIB) for t, size in guest.bed.calls.of(guest, since)]


class Course:
    """How a need went, in seconds since the guest was told to use its memory; None: it did not come to that."""

    def __init__(self, guest):
        self.guest = guest
        self.bed = guest.bed
        self.balloon = guest.balloon_bytes()
        self.info = guest.info()
        self.killed = self.info["oom"] + self.info["killed"]
        self.lowest = self.info["total"]
        self.needed = None  # the guest itself had no more than LOW available
        self.carried_out = False  # it holds all that it was told to
        self.granted = None  # libvirtd was told to give it more
        self.given = None  # the guest itself had more
        self.stolen = 0.0  # seconds between the two that the machine did not have
        self.strain = Strain()
        self.watch = Watch()
        self.began = time.monotonic()

    def look(self):
        now = time.monotonic() - self.began
        self.info = self.guest.info()
        if self.needed is None and self.info["available"] <= LOW:
            self.needed = now
            self.stolen_before = stolen_s()
        self.carried_out |= self.info["held"] == self.info["target"]
        self.find_grant()
        if self.granted is None:
            self.lowest = min(self.lowest, self.info["total"])
        elif self.given is None and self.info["total"] >= self.lowest + GRANT:
            self.given = time.monotonic() - self.began

    def find_grant(self):
        if self.granted is not None:
            return
        least = self.balloon
        for t, size in self.bed.calls.of(self.guest, self.began):
            if size >= least + GRANT:
                self.note_grant(t - self.began)
                return
            least = min(least, size)

    def note_grant(self, granted):
        self.granted = granted
        if self.needed is not None:
            self.stolen = stolen_s() - self.stolen_before

    def has_come(self):
        return self.needed is not None or self.carried_out

    def has_missed(self):
        """It uses all that it was to, and yet is not in need: pages came back to it meanwhile."""
        return self.carried_out and self.needed is None and self.granted is None

    def try_again(self):
        self.carried_out = False
        make_needy(self.guest)

    def is_over(self):
        return self.given is not None and self.has_come()

    def late(self):
        """Seconds from need to grant that the machine had: none where it was given memory before it came to need."""
        return 0.0 if self.needed is None else max(self.granted - self.needed - self.stolen, 0.0)

    def __str__(self):
        moments = ", ".join(
            f"{name} {'never' if t is None else f'at {t:.2f} s'}"
            for name, t in (("in need", self.needed), ("granted", self.granted), ("given", self.given))
        )
        return (f"{self.guest.name}, {self.balloon // MIB} MiB at first: {moments}; set (s, MiB): "
                f"{calls_since(self.guest, self.began)}; in the guest: {self.info}; the service showed (s, …, MiB): {self.shown()}; "
                f"the machine kept from everybody: {self.strain}")

    def shown(self):
        """What the service said of it meanwhile: that proves nothing, and tells who reads of a failure where to look."""
        shown = []
        for look in self.watch.looks:
            vm = look.vms.get(self.guest.name, {})
            now = (vm.get("Status"), vm.get("LastReason"), *(vm[name] // MIB for name in ("Target", "Usable") if name in vm),
                   vm.get("StatsTime", 0) % 10**9 / 1e6)
            if not shown or shown[-1][1:] != now:
                shown.append((round(look.t + self.watch.began - self.began, 2), *now))
        return shown


def follow_need(guest, cause=make_needy, also=lambda: None):
    """Until it is in need and was given memory, or was not for ANSWER_S. How long it takes to use its memory is its own affair.

    `also` looks at something else, as often.
    """
    course = Course(guest)
    with course.watch.aside():
        cause(guest)
        last = course.began + NEED_WITHIN_S
        while not course.is_over() and time.monotonic() < last:
            course.look()
            also()
            if cause is make_needy and course.has_missed():
                course.try_again()
            if course.has_come():
                last = min(last, time.monotonic() + ANSWER_S)
            time.sleep(LOOK_S)
    return course


def is_being_given(guest):
    """A grant of just now would answer the next need before it came."""
    calls = guest.bed.calls.of(guest)
    since = time.monotonic() - CALM_S
    return any(t >= since and size > before for (_, before), (t, size) in zip(calls, calls[1:]))


def wait_calm(watch, guest):
    """A balloon that is still on its way would leave it more, or less, than is meant."""
    watch.wait(lambda look: is_at_target(look.vms[guest.name]), 15, f"{guest.name}'s balloon to be at its target")
    wait_until(lambda: not is_being_given(guest), 15, f"{guest.name} to be given no more")


def assert_served(watch, guest, within_s, cause=make_needy):
    """Makes it needy, and sees it given more within so many seconds of its need."""
    wait_calm(watch, guest)
    course = follow_need(guest, cause=cause)
    assert course.info["oom"] + course.info["killed"] == course.killed, f"it was hurt: {course}"
    assert course.has_come(), f"no need came about: {course}"
    assert course.granted is not None, f"nothing was granted: {course}"
    assert course.given is not None, f"what was granted did not arrive: {course}"
    assert course.late() <= within_s, f"{course.late():.1f} s late: {course}"


def assert_left_alone(guest, since):
    """Nobody had libvirt set its balloon since then, a moment of time.monotonic()."""
    calls = calls_since(guest, since)
    assert calls == [], f"{guest.name} was moved (s, MiB): {calls}"
