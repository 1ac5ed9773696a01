# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark's loads: who needs how much memory when, on four guests of 1 GiB that share a host of 2.5 GiB."""

from dataclasses import dataclass

from bed import MIB

NAMES = ("one", "two", "three", "four")
HOST_TOTAL = 2560 * MIB
RESERVE = 200 * MIB
MAXIMUM = 1024 * MIB
CURRENT = 512 * MIB  # a fair share of the host
SWAP = 768 * MIB
AT_ONCE = float("inf")


@dataclass(frozen=True)
class Step:
    at: float  # s
    guest: str
    command: str  # as guest-init.c obeys it: "grow MIB RATE", "hold MIB", "free"


@dataclass(frozen=True)
class Load:
    name: str
    about: str
    fits: bool  # whether the host has memory enough for what the guests need at any moment
    end_s: float
    steps: tuple

    def held(self, guest, t):
        """MiB that the guest holds at that moment when nothing holds it up."""
        held, target, rate, since = 0.0, 0.0, AT_ONCE, 0.0
        for step in (step for step in self.steps if step.guest == guest and step.at <= t):
            held, since = advance(held, target, rate, step.at - since), step.at
            target, rate = told(step.command, target)
        return advance(held, target, rate, t - since)


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
        *((2, name, "grow 450 25") for name in NAMES), (40, "one", "free"), (42, "two", "grow 200 25"),
    )),
)
