# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a fault must not touch: that a guest in need is given memory in time."""

from .guest import MIB

LEFT = 50 * MIB  # what a guest in need has left: half of the low watermark


def make_small(bed, guests):
    """Frees all that they hold, and leaves each with room to be given more."""
    for guest in guests:
        guest.free()
    for guest in guests:
        bed.wait_for(lambda: guest.info()["held"] == 0, 10, f"{guest.name} to hold nothing")
    large = [guest for guest in guests if bed.vm(guest)["Target"] > guest.maximum * 3 // 4]
    for guest in large:
        bed.set_threshold("Maximum", guest.maximum // 2, guest)
    for guest in large:
        bed.wait_for(
            lambda: bed.vm(guest)["Target"] <= guest.maximum * 51 // 100, 40, f"{guest.name} to be made small"
        )
    for guest in large:
        bed.call(guest.object_path, "org.example.MemCoord1.VM", "ResetThresholds", "as", 0)


def is_at_target(vm):
    return abs(vm["Balloon"] - vm["Target"]) <= 12 * MIB


def make_needy(guest, left=LEFT):
    """Has it hold all but so much of what it has available, at once."""
    guest.grow(max((guest.info()["available"] - left) // MIB, 1), 0)


def assert_served(watch, guest, within_s):
    """Makes it needy, and sees it given more within so many seconds of the figures that show the need."""
    # A balloon that is still on its way would leave it more, or less, than is meant.
    watch.wait(lambda look: is_at_target(look.vms[guest.name]), 15, f"{guest.name}'s balloon to be at its target")
    began, target = watch.now, watch.vm(guest)["Target"]
    make_needy(guest)
    try:
        given = watch.wait(lambda look: look.vms[guest.name]["Target"] > target, 15, f"{guest.name} to be given memory")
    except TimeoutError as error:
        raise AssertionError(f"{error}; the target was {target // MIB} MiB; in the guest: {guest.info()}") from None
    shown = [
        look.t for look in watch.since(began)
        if 0 < look.vms[guest.name]["Usable"] <= look.vms[guest.name]["LowWatermark"]
    ]
    needed = min(shown, default=given.t)
    assert given.t - needed <= within_s, f"{guest.name}: {given.t - needed:.1f} s"
