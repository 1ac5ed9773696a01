# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service itself killed, its bus gone, and others that move memory or change settings beside it."""

import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import libvirt
import pytest
from bed import LOW, MIB, Bed, Watch, assert_served, is_at_target
from common import wait_until
from common.bus import HOST, ROOT
from gi.repository import GLib

NAMES = ("one", "two", "three")
INTERVAL_S = 2
KILLS = 100
RESPECT_S = 60  # how long what somebody else has set is respected


@pytest.fixture(scope="module")
def bed():
    with Bed(host_total=4 << 30) as bed:
        bed.add_guests(**{name: dict(maximum=1024 * MIB, current=512 * MIB, swap=512 * MIB) for name in NAMES})
        bed.start_daemon()
        wait_until(bed.managed, 30, "all guests to be managed")
        yield bed


def pair(low):
    return {"LowWatermark": low * MIB, "HighWatermark": (low + 40) * MIB}


def set_thresholds(client, **values):
    client.call(ROOT, HOST, "SetThresholds", GLib.Variant("(a{st})", (values,)))


def is_running(client):
    try:
        return client.host()["State"] == "running"
    except GLib.Error:
        return False


@pytest.fixture(scope="module", autouse=True)
def libvirt_events():
    """They are taken in all the time, in a thread of their own."""
    libvirt.virEventRegisterDefaultImpl()
    ending = threading.Event()

    def run():
        while not ending.is_set():
            libvirt.virEventRunDefaultImpl()

    timer = libvirt.virEventAddTimeout(100, lambda *_: None, None)  # so that the thread sees the end
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    ending.set()
    thread.join()
    libvirt.virEventRemoveTimeout(timer)


class Balloons:
    """The range in which each guest's balloon was while this lasts: it may go down and up again within the start of a service.

    libvirt tells of each change. One look at all of them is not enough: it takes long where a guest is busy, and what it tells of
    the others is then no longer true.
    """

    def __init__(self):
        self.ranges = {}

    def __enter__(self):
        self.connection = libvirt.openReadOnly("qemu:///system")
        self.connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, self.on_change, None)
        self.look()
        return self

    def __exit__(self, *_):
        self.look()
        self.connection.close()

    def on_change(self, connection, domain, actual_kib, opaque):
        self.see(domain.name(), actual_kib << 10)

    def look(self):
        flags = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
        for domain, figures in self.connection.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_BALLOON, flags):
            self.see(domain.name(), figures["balloon.current"] << 10)

    def see(self, name, now):
        least, most = self.ranges.get(name, (now, now))
        self.ranges[name] = min(least, now), max(most, now)


def start_after_kill(bed, client):
    """The service shows the truth again in its first cycle. Returns the host's settings that are in force."""
    with Balloons() as true:
        began = time.monotonic()
        bed.start_daemon(wait=False)
        wait_until(lambda: is_running(client) and set(client.vms()) == set(true.ranges), 5, "the service to be back")
        assert time.monotonic() - began < INTERVAL_S
        shown = client.vms()
    for name, vm in shown.items():
        least, most = true.ranges[name]
        assert least - 16 * MIB <= vm["Balloon"] <= most + 16 * MIB, name
    return client.host()


def change_until_killed(bed, client, dice):
    """Changes settings until the service is killed in the middle of it. Returns the last change answered, and the next."""
    answered = asked = None
    killer = threading.Timer(dice.uniform(0.02, 0.4), bed.daemon.kill)
    killer.start()
    try:
        while True:
            asked = dice.randrange(20, 200)
            set_thresholds(client, **pair(asked))
            answered = asked
    except GLib.Error:
        killer.join()
    assert bed.stop_daemon(signal.SIGKILL) == -signal.SIGKILL
    return answered, asked


def test_killed_a_hundred_times(bed, guests):
    """At random moments, while settings change and memory moves."""
    dice = random.Random(20)
    client = bed.connect()
    low = 60
    set_thresholds(client, **pair(low))
    for _ in range(KILLS):
        dice.choice(guests).hold(dice.randrange(0, 400))
        answered, asked = change_until_killed(bed, client, dice)
        root = start_after_kill(bed, client)
        possible = (answered or low, asked)
        low = root["LowWatermark"] // MIB
        assert low in possible  # what was answered is kept; what was not may be
        assert root["HighWatermark"] == pair(low)["HighWatermark"]
        # What an earlier start had begun to write is swept away.
        wait_until(lambda: {path.name for path in (bed.directory / "state").iterdir()} == {"settings", "counters"}, 2, "two files")
    set_thresholds(client, **pair(100))
    client.close()
    with Watch() as watch:
        for guest in guests:
            guest.free()
            watch.wait(lambda look: is_at_target(look.vms[guest.name]), 30, f"{guest.name} to be where it was told to be")
            assert guest.info()["oom"] == 0
            watch.wait_status(guest, "managed", 10)
        assert_served(watch, guests[0], 2 * INTERVAL_S)


def test_killed_in_the_middle_of_a_squeeze(bed, guests, watch):
    """The target that was left behind, which the guest cannot reach, is withdrawn by the next start."""
    one = guests[0]
    one.hold(350)
    watch.wait(lambda look: look.vms["one"]["Usable"] > 100 * MIB, 20, "it to have room")
    bed.virsh("setmem", one.name, "200M", "--live")
    time.sleep(1)
    bed.stop_daemon(signal.SIGKILL)
    assert bed.calls.of(one)[-1][1] == 200 * MIB and one.balloon_bytes() > 220 * MIB  # the middle
    killed = time.monotonic()
    bed.start_daemon()
    watch.wait(lambda look: "one" in look.vms, INTERVAL_S, "it to be back")
    wait_until(lambda: bed.calls.of(one, killed), 20, "the target to be withdrawn")
    wait_until(lambda: abs(one.balloon_bytes() - bed.calls.of(one)[-1][1]) <= 12 * MIB and one.info()["available"] > LOW, 20,
               "it to have what it needs")
    assert one.info()["oom"] == 0


def test_second_instance(bed, guests, watch):
    first, began = bed.daemon, watch.now
    second = subprocess.run(
        [bed.build / "src/memcoordd", "--state-dir", bed.directory / "other"], capture_output=True, text=True, timeout=20
    )
    assert second.returncode == 1
    assert "org.example.MemCoord" in second.stderr
    assert first.poll() is None
    assert_served(watch, guests[0], 2 * INTERVAL_S)
    assert watch.signals == [] and watch.failures == [] and watch.since(began)


def test_period_changed_by_another_tool(bed, guests, nobody_sleeps, watch):
    one = guests[0]
    bed.virsh("dommemstat", one.name, "--period", 10, "--live")
    wait_until(lambda: bed.stats_period(one) == 1, len(NAMES) * INTERVAL_S + 2, "the period to be ours again")
    assert watch.values(one, "Status") == ["managed"]
    bed.virsh("dommemstat", one.name, "--period", 0, "--live")
    wait_until(lambda: bed.stats_period(one) == 1, len(NAMES) * INTERVAL_S + 2, "the period to be ours again")
    began = watch.now
    time.sleep(2 * INTERVAL_S)
    assert watch.longest_silence(one, began) <= INTERVAL_S + 1


def test_another_coordinator(bed, guests, watch):
    """What somebody else sets is noticed, respected for a while, and then told again by need."""
    one, two, _ = guests
    bed.settle(3, 60)
    target = watch.vm(one)["Target"]
    bed.virsh("setmem", one.name, (target - 100 * MIB) >> 10, "--live")
    foreign = time.monotonic()
    watch.wait(lambda look: "somebody else" in look.vms["one"]["LastReason"], 2 * INTERVAL_S + 2, "it to be noticed")
    assert_served(watch, two, 2 * INTERVAL_S)
    one.grow(max((one.info()["available"] - 70 * MIB) // MIB, 1), 0)  # short, but not yet in distress
    wait_until(lambda: one.info()["available"] <= LOW, 30, "it to be short")
    wait_until(lambda: any(size > target - 100 * MIB for _, size in bed.calls.of(one, foreign)), RESPECT_S + 10,
               "it to be given more")
    first, _ = bed.calls.of(one, foreign)[0]
    assert first - foreign > RESPECT_S - 5
    wait_until(lambda: one.info()["available"] > LOW, 15, "it to have what it needs")


def test_bus_gone(bed, guests):
    """It ends with an error, for the service manager to start it again, and nothing of what was set is lost."""
    bed.set_threshold("LowWatermark", 80 * MIB)
    bed.end_process("bus", signal.SIGKILL)
    assert bed.daemon.wait(5) == 1
    assert "The bus is gone" in bed.read_daemon_log()
    bed.processes.pop("libvirtd").wait(20)  # it ends with its bus, too
    Path("/run/dbus/system_bus_socket").unlink()
    bed.start_bus()
    bed.start_libvirtd()
    bed.start_daemon()
    wait_until(bed.managed, 15, "all guests to be managed again")
    assert bed.property("LowWatermark") == 80 * MIB
    with Watch() as watch:
        assert_served(watch, guests[0], 2 * INTERVAL_S)
