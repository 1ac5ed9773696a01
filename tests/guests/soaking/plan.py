# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is to happen when, by chance alone: nothing here depends on how a run goes."""

import random
from dataclasses import dataclass, field

from bed import MIB

EVERY_S = 0.8  # on average
CALM_S = 20  # at the end nothing new happens

GUESTS = {
    "small": dict(maximum=512 * MIB, current=384 * MIB, swap=384 * MIB),
    "middle": dict(maximum=1024 * MIB, current=512 * MIB, swap=512 * MIB),
    "large": dict(maximum=1536 * MIB, current=768 * MIB, swap=512 * MIB),
    "reporter": dict(maximum=768 * MIB, current=768 * MIB, swap=384 * MIB, free_page_reporting=True),
    "dry": dict(maximum=512 * MIB),
    "late": dict(maximum=256 * MIB, load_driver=False),
    "bare": dict(maximum=256 * MIB, balloon="none"),
}


@dataclass(order=True)
class Step:
    t: float
    act: str = field(compare=False)
    guest: str = field(compare=False, default="")
    value: int = field(compare=False, default=0)

    def __str__(self):
        return f"{self.t:7.1f} {self.act} {self.guest} {self.value or ''}".rstrip()


# Weight, what happens, how long it lasts (at least, at most) and what ends it.
ACTS = (
    (50, "load", None, None),
    (8, "free", None, None),
    (6, "cache", None, None),
    (16, "start", None, None),
    (3, "destroy", None, None),
    (3, "reboot", None, None),
    (2, "kill", None, None),
    (1, "panic", None, None),
    (4, "hang", (3, 15), "go-on"),
    (4, "suspend", (2, 15), "resume"),
    (2, "save", (3, 10), "restore"),
    (2, "kill-libvirtd", (1, 10), "start-libvirtd"),
    (2, "stop-libvirtd", (1, 10), "let-libvirtd-go-on"),
    (1, "kill-service", None, None),
    (1, "restart-service", None, None),
    (5, "host-load", None, None),
    (1, "host-jump", None, None),
    (3, "threshold", None, None),
    (3, "vm-range", None, None),
    (2, "pause", (2, 8), "unpause"),
    (2, "foreign", None, None),
    (2, "period", None, None),
)


def make_plan(seconds, seed):
    dice = random.Random(seed)
    steps, t = [], 0.0
    names, weights = list(GUESTS), [act[0] for act in ACTS]
    while True:
        t += dice.expovariate(1 / EVERY_S)
        _, act, lasts, end = dice.choices(ACTS, weights)[0]
        guest, value = dice.choice(names), dice.randrange(1 << 16)
        length = dice.uniform(*lasts) if lasts else 0
        if t + length > seconds - CALM_S:
            break
        steps.append(Step(t, act, guest, value))
        if end:
            steps.append(Step(t + length, end, guest, value))
    return sorted(steps)
