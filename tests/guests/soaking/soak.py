# SPDX-License-Identifier: LGPL-2.1-or-later
"""Carries a plan out on the bed. What does not fit the moment (a guest that is off is to reboot) is passed over."""

import signal
import statistics
import time

from bed import MIB, Bed, Watch
from common import wait_until
from common.bus import HOST, ROOT, VM
from gi.repository import GLib

from .invariants import RESERVE, Invariants
from .plan import GUESTS, make_plan

HOST_TOTAL = 3 << 30
BASE = 256 * MIB
SPARE = 150 * MIB
HOST_RATE = 20 * MIB  # a second: less than the margin that the policy keeps for what it does not manage
CALM_WITHIN_S = 60
TICK_S = 0.1
START_APART_S = 4  # what one takes is seen before the next is started


class Soak:
    def __init__(self, seconds, seed, tell=print):
        self.seconds = seconds
        self.plan = make_plan(seconds, seed)
        self.seed = seed
        self.tell = tell
        self.states = dict.fromkeys(GUESTS, "off")  # off, booting, up, hung, suspended, saved, dead
        self.libvirtd = "up"
        self.paused = False
        self.done, self.passed_over = {}, 0
        self.base = BASE
        self.last_start = 0.0
        self.watch = self.bed = self.invariants = None

    @property
    def broken(self):
        return self.invariants.broken

    def run(self):
        with Bed(host_total=HOST_TOTAL, base=BASE) as bed:
            self.bed = bed
            for name, options in GUESTS.items():
                bed.add_guest(name, start=False, **options)
            bed.start_daemon()
            with Watch(keep=100) as watch:
                self.watch = watch
                self.invariants = Invariants(bed, watch, self.tell)
                for name in ("small", "middle", "large", "dry"):
                    self.start(bed.guests[name])
                self.carry_out()
                self.calm_down()
            if self.broken:
                self.tell(bed.read_daemon_log()[-4000:])

    # Time

    def carry_out(self):
        steps = list(self.plan)
        began, next_check, last = time.monotonic(), 0.0, 0.0
        while (now := time.monotonic() - began) < self.seconds:
            while steps and steps[0].t <= now:
                self.carry_out_one(steps.pop(0))
            self.hear_guests()
            self.move_base(now - last)
            last = now
            if now >= next_check:
                self.check()
                next_check = now + 1
            time.sleep(TICK_S)

    def check(self):
        self.invariants.check(self.libvirtd == "up", self.bed.daemon.poll() is None)

    def carry_out_one(self, step):
        act = getattr(self, "act_" + step.act.replace("-", "_"))
        if act(step.guest, step.value) is False:
            self.passed_over += 1
            return
        self.done[step.act] = self.done.get(step.act, 0) + 1
        self.tell(str(step))

    def hear_guests(self):
        for name, guest in self.bed.guests.items():
            for line in guest.hear():
                if line == "ready" and self.states[name] == "booting":
                    self.states[name] = "up"
                    if name == "late":
                        guest.tell("balloon")

    def move_base(self, seconds):
        """Upwards only while the host has some to spare: nothing else on it is so careless."""
        most = int(HOST_RATE * seconds)
        goal = self.base if self.bed.host.available > RESERVE + SPARE else min(self.base, self.bed.host.base)
        self.bed.host.base += max(min(goal - self.bed.host.base, most), -most)

    # Guests

    def pick(self, name, *states):
        """The one named, or else the next that is in one of these states; None too while libvirtd is away."""
        names = list(GUESTS)
        first = names.index(name)
        for candidate in names[first:] + names[:first]:
            if self.states[candidate] in states and self.libvirtd == "up":
                return self.bed.guests[candidate]
        return None

    def has_room(self, guest):
        """As an administrator looks before starting a VM."""
        root = self.watch.last.root
        if time.monotonic() - self.last_start < START_APART_S:
            return False
        left = root["HostAvailable"] - min(root["HostAvailable"], root["HostPromised"] + root["HostReserve"])
        return root["State"] == "running" and left > guest.current + 128 * MIB

    def act_start(self, name, _):
        guest = self.pick(name, "off", "saved")
        if not guest or not self.has_room(guest):
            return False
        self.start(guest)
        return True

    def start(self, guest):
        guest.start()
        self.states[guest.name] = "booting"
        self.last_start = time.monotonic()

    def gone(self, guest):
        guest.disconnect()
        self.states[guest.name] = "off"

    def act_destroy(self, name, _):
        guest = self.pick(name, "booting", "up", "suspended", "dead")
        if not guest:
            return False
        guest.destroy()
        self.gone(guest)
        return True

    def act_kill(self, name, _):
        guest = self.pick(name, "booting", "up", "hung")
        if not guest:
            return False
        guest.signal(signal.SIGKILL)
        self.gone(guest)
        wait_until(lambda: guest.name not in self.bed.virsh("list", "--name").stdout.split(), 10, f"{guest.name} to be gone")
        return True

    def act_load(self, name, value):
        guest = self.pick(name, "up")
        if not guest:
            return False
        most = guest.maximum // MIB - 110
        size = most * (30 + value % 70) // 100
        guest.tell(f"hold {size}" if value & 0x8000 else f"grow {size // 4} {10 + value % 60}")
        return True

    def act_free(self, name, _):
        return bool(self.tell_guest(name, "free"))

    def act_cache(self, name, value):
        return bool(self.tell_guest(name, f"cache {value % 300}"))

    def tell_guest(self, name, line):
        guest = self.pick(name, "up")
        if not guest:
            return None
        guest.tell(line)
        return guest

    def act_reboot(self, name, _):
        guest = self.tell_guest(name, "reboot")
        if not guest:
            return False
        self.states[guest.name] = "booting"
        return True

    def act_panic(self, name, _):
        guest = self.tell_guest(name, "panic")
        if not guest:
            return False
        self.states[guest.name] = "dead"
        return True

    def act_hang(self, name, _):
        guest = self.pick(name, "up")
        if not guest:
            return False
        guest.signal(signal.SIGSTOP)
        self.states[guest.name] = "hung"
        return True

    def act_go_on(self, name, _):
        hung = [guest for guest in self.bed.guests.values() if self.states[guest.name] == "hung"]
        if not hung:
            return False
        hung[0].signal(signal.SIGCONT)
        self.states[hung[0].name] = "up"
        return True

    def act_suspend(self, name, _):
        guest = self.pick(name, "up")
        if not guest:
            return False
        self.bed.virsh("suspend", guest.name)
        self.states[guest.name] = "suspended"
        return True

    def act_resume(self, name, _):
        guest = self.pick(name, "suspended")
        if not guest:
            return False
        self.bed.virsh("resume", guest.name)
        self.states[guest.name] = "up"
        return True

    def save_path(self, guest):
        return self.bed.directory / f"{guest.name}.save"

    def act_save(self, name, _):
        guest = self.pick(name, "up")
        if not guest:
            return False
        guest.disconnect()
        self.bed.virsh("save", guest.name, self.save_path(guest))
        self.states[guest.name] = "saved"
        return True

    def act_restore(self, name, _):
        guest = self.pick(name, "saved")
        if not guest or not self.has_room(guest):
            return False
        self.bed.virsh("restore", self.save_path(guest))
        guest.connect()
        self.states[guest.name] = "up"
        return True

    # libvirtd

    def act_kill_libvirtd(self, *_):
        if self.libvirtd != "up" or "hung" in self.states.values():
            return False
        self.libvirtd = "down"
        self.bed.end_process("libvirtd", signal.SIGKILL)
        return True

    def act_start_libvirtd(self, *_):
        if self.libvirtd != "down":
            return False
        self.bed.start_libvirtd()
        self.libvirtd = "up"
        return True

    def act_stop_libvirtd(self, *_):
        if self.libvirtd != "up":
            return False
        self.libvirtd = "stopped"
        self.bed.processes["libvirtd"].send_signal(signal.SIGSTOP)
        return True

    def act_let_libvirtd_go_on(self, *_):
        if self.libvirtd != "stopped":
            return False
        self.bed.processes["libvirtd"].send_signal(signal.SIGCONT)
        self.libvirtd = "up"
        return True

    # The service

    def act_kill_service(self, *_):
        self.bed.stop_daemon(signal.SIGKILL)
        self.bed.start_daemon(wait=False)
        return True

    def act_restart_service(self, *_):
        if self.bed.stop_daemon() != 0:
            self.invariants.fail("the service did not end cleanly")
        self.bed.start_daemon(wait=False)
        return True

    def steer(self, *words):
        try:
            self.bed.call(*words)
        except GLib.Error:
            return False
        return True

    def act_threshold(self, _, value):
        low = 50 + value % 100
        return self.steer_root("SetThresholds", "a{st}", {"LowWatermark": low * MIB, "HighWatermark": (low + 50) * MIB})

    def steer_root(self, *words):
        return self.steer(ROOT, HOST, *words)

    def act_vm_range(self, name, value):
        guest = self.pick(name, "up")
        if not guest:
            return False
        if value & 1:
            return self.steer(guest.object_path, VM, "ResetThresholds", "as", [])
        maximum = guest.maximum * (50 + value % 50) // 100
        return self.steer(guest.object_path, VM, "SetThreshold", "st", "Maximum", maximum)

    def act_pause(self, *_):
        self.paused = self.paused or self.steer_root("Pause", "su", "soak", 0)
        return self.paused

    def act_unpause(self, *_):
        if not self.paused:
            return False
        self.paused = not self.steer_root("Resume")
        return not self.paused

    # Others

    def act_host_load(self, _, value):
        self.base = BASE + value % 500 * MIB

    def act_host_jump(self, _, value):
        """Something takes a lot at once, which nobody can foresee."""
        self.invariants.excuse_floor()
        self.base = self.bed.host.base = BASE + (200 + value % 500) * MIB

    def act_foreign(self, name, value):
        guest = self.pick(name, "up")
        vm = self.watch.last.vms.get(guest.name) if guest else None
        if not vm or guest.balloon == "none":
            return False
        size = vm["Balloon"] * (70 + value % 30) // 100
        return self.bed.virsh("setmem", guest.name, size >> 10, "--live", check=False).returncode == 0

    def act_period(self, name, value):
        guest = self.pick(name, "up")
        if not guest or guest.balloon == "none":
            return False
        return self.bed.virsh("dommemstat", guest.name, "--period", value % 12, "--live", check=False).returncode == 0

    # The end

    def calm_down(self):
        """When it is over, all is well again by itself."""
        self.act_start_libvirtd()
        self.act_let_libvirtd_go_on()
        while self.act_go_on("", 0):
            pass
        while self.act_resume("small", 0):
            pass
        for guest in self.bed.guests.values():
            if self.states[guest.name] == "up":
                guest.tell("free")
            elif self.states[guest.name] == "dead":
                guest.destroy()
                self.gone(guest)
        if self.paused:
            self.act_unpause()
        try:
            wait_until(self.looks_calm, CALM_WITHIN_S, lambda: f"all to be well: {self.watch.describe_last()}", lambda left: time.sleep(1))
        except TimeoutError as late:
            self.invariants.fail(str(late))

    def looks_calm(self):
        self.hear_guests()
        self.check()
        return self.is_calm()

    def is_calm(self):
        up = {name for name, state in self.states.items() if state == "up"}
        look = self.watch.last
        well = {name for name, vm in look.vms.items() if vm["Status"] in ("managed", "stuck", "foreign", "unsupported")}
        return (self.watch.now - look.t < 2 and look.root["State"] == "running" and up == well == set(look.vms)
                and self.bed.host.available > RESERVE)

    def report(self):
        took = sorted(seconds * 1000 for seconds in self.watch.tooks)
        lives = [life for life in self.invariants.own.values() if life["warm"]]
        lines = [
            f"seed {self.seed}, {self.seconds / 60:g} minutes: "
            + ", ".join(f"{count} {act}" for act, count in sorted(self.done.items()))
            + f"; {self.passed_over} passed over",
            f"{self.invariants.checks} checks, {len(self.watch.moves)} moves, the host's lowest {self.bed.host.lowest >> 20} MiB",
            f"answers: median {statistics.median(took):.1f} ms, 99 % {took[len(took) * 99 // 100]:.1f} ms, slowest {took[-1]:.0f} ms",
        ]
        for life in lives:
            lines.append("the service, warm and at its end: " + ", ".join(
                f"{name} {life['warm'][name]} {life['last'][name]}" for name in life["warm"]))
        lines.append(f"{len(self.broken)} broken" if self.broken else "all held")
        return "\n".join(lines)
