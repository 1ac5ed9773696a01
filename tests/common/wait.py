# SPDX-License-Identifier: LGPL-2.1-or-later
"""The one wait of all suites."""

import time


def wait_until(condition, seconds, what, pause=lambda left: time.sleep(min(left, 0.1))):
    """Returns what the condition returns once it holds.

    `what` is awaited: a text, or a function that makes it when it is too late. `pause` waits, for so many seconds at most, for
    something after which to look again.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{what() if callable(what) else what}: not within {seconds} s")
        pause(left)
    return value
