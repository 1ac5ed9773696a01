# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark's loads: who needs how much memory when, on which guests, on a host of what size."""

from dataclasses import dataclass, field

from bed import MIB

RESERVE = 200 * MIB
AT_ONCE = float("inf")


@dataclass(frozen=True)
class Shape:
    """A guest as the load begins, in MiB."""

    maximum: int
    current: int
    swap: int
    data: int = 0  # that it can read

    def options(self):
        """As Bed.add_guest() takes them."""
        return {name: value * MIB for name, value in vars(self).items()}


@dataclass(frozen=True)
class Step:
    at: float  # s
    guest: str
    command: str  # as guest-init.c obeys it: "grow MIB RATE", "hold MIB", "free", "read MIB"


@dataclass(frozen=True)
class Load:
    name: str
    about: str
    fits: bool  # whether the host has memory enough for what the guests need at any moment
    end_s: float
    steps: tuple
    guests: dict = field(default_factory=lambda: FOUR)  # by name, each a Shape
    host_total: int = 2560 * MIB

    def needed(self, guest, t):
        """MiB that the guest holds, and reads, at that moment when nothing holds it up."""
        reading = [step for step in self.steps if step.guest == guest and step.at <= t and is_reading(step)]
        return self.held(guest, t) + (int(reading[-1].command.split()[1]) if reading else 0)

    def held(self, guest, t):
        held, target, rate, since = 0.0, 0.0, AT_ONCE, 0.0
        for step in (step for step in self.steps if step.guest == guest and step.at <= t and not is_reading(step)):
            held, since = advance(held, target, rate, step.at - since), step.at
            target, rate = told(step.command, target)
        return advance(held, target, rate, t - since)


def is_reading(step):
    return step.command.startswith("read")


def advance(held, target, rate, seconds):
    if target <= held or rate == AT_ONCE:
        return target
    return min(target, held + rate * seconds)


def told(command, target):
    verb, *numbers = command.split()
    if verb == "grow":
        return target + int(numbers[0]), int(numbers[1]) or AT_ONCE
    return (int(numbers[0]) if verb == "hold" else 0), AT_ONCE


def story(*lines):
    return tuple(Step(at, guest, command) for at, guest, command in lines)


# Each has a fair share of the host.
FOUR = {name: Shape(maximum=1024, current=512, swap=768) for name in ("one", "two", "three", "four")}
READERS = {
    **{name: Shape(maximum=768, current=432, swap=256, data=380) for name in ("files", "web")},
    **{name: Shape(maximum=768, current=432, swap=512) for name in ("one", "two", "three", "four")},
}
MIXED = {
    "large": Shape(maximum=4096, current=1792, swap=1024),
    **{name: Shape(maximum=512, current=320, swap=256) for name in ("one", "two")},
    "three": Shape(maximum=384, current=256, swap=256),
    "four": Shape(maximum=256, current=192, swap=256),
}

LOADS = (
    Load("relay", "one guest after another grows by 550 MiB and frees it", True, 84, story(
        (2, "one", "grow 550 40"), (32, "one", "free"),
        (27, "two", "grow 550 40"), (57, "two", "free"),
        (52, "three", "grow 550 40"), (82, "three", "free"),
    )),
    Load("seesaw", "two guests grow fast in turns beside one that stays large", True, 70, story(
        (1, "one", "grow 150 25"),
        (3, "two", "grow 500 40"), (26, "two", "free"), (48, "two", "grow 500 40"),
        (24, "three", "grow 500 40"), (48, "three", "free"),
    )),
    Load("surges", "guests take hundreds of MiB at once", True, 70, story(
        (3, "one", "hold 250"), (12, "one", "hold 450"), (24, "one", "free"),
        (20, "two", "hold 300"), (28, "two", "hold 450"), (42, "two", "free"),
        (36, "three", "hold 300"), (46, "three", "hold 450"), (58, "three", "free"),
        (52, "four", "hold 300"), (60, "four", "hold 450"),
    )),
    Load("crowd", "all grow beyond what the host has", False, 65, story(
        *((2, name, "grow 450 25") for name in FOUR), (40, "one", "free"), (42, "two", "grow 200 25"),
    )),
    Load("readers", "two guests read files of 380 MiB again and again, beside four that grow by 460 MiB in turns", True, 96, story(
        (0, "files", "read 380"), (0, "web", "read 380"),
        (4, "one", "grow 460 40"), (30, "one", "free"),
        (28, "two", "grow 460 40"), (54, "two", "free"),
        (52, "three", "grow 460 40"), (78, "three", "free"),
        (76, "four", "grow 460 40"),
    ), READERS, 3072 * MIB),
    Load("mixed", "a guest of 4 GiB takes turns with four of 256 to 512 MiB", True, 90, story(
        (2, "large", "grow 2000 100"), (34, "large", "free"), (60, "large", "grow 2000 100"),
        (32, "one", "grow 300 30"), (60, "one", "free"),
        (40, "two", "grow 300 30"), (66, "two", "free"),
        (36, "three", "grow 200 20"), (62, "three", "free"),
        (44, "four", "grow 80 10"), (70, "four", "free"),
    ), MIXED, 3584 * MIB),
)
