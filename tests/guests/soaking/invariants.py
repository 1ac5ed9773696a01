# SPDX-License-Identifier: LGPL-2.1-or-later
"""What must hold whatever happens, judged from outside: by libvirt, /proc, and the bus."""

import os
import time
from collections import deque
from pathlib import Path

import libvirt
from bed import MIB

BACK_S = 15  # until the service has found libvirtd again, which it looks for with a back-off of 10 s
LAG_S = 6  # what the bus may be behind: two intervals, and a hung VM's tries
FLOOR_AGAIN_S = 45  # after memory was taken suddenly
RESERVE = 200 * MIB
TOLERANCE = 16 * MIB

# Its own, and two for each of its 19 connections, which it opens for calls that meet and for those that hang.
DESCRIPTORS_MOST = 16 + 2 * 19
THREADS_MOST = 24
MEMORY_MOST = 24 * MIB  # of its own: not what it shares with others
GROWTH_MOST = 3 * MIB
WARM_S = 45

libvirt.registerErrorHandler(lambda *_: None, None)


class Invariants:
    def __init__(self, bed, watch, tell):
        self.bed = bed
        self.watch = watch
        self.tell = tell
        self.broken = []
        self.checks = 0
        self.truth_from = 0.0
        self.since = {}  # what does not hold at the moment → since when
        self.floor_excused_until = 0.0
        self.seen_signals = 0
        self.connection = None
        self.own = {}  # pid → (t, figures) of the service when it was warm, and its largest since
        self.balloons = {}  # by name, a second apart

    def fail(self, text):
        text = f"{self.watch.now:7.1f} BROKEN {text}"
        self.broken.append(text)
        self.tell(text)

    def hold(self, key, holds, patience_s, text):
        """Fails where that has not held for longer than so many seconds; once each time."""
        if holds:
            self.since.pop(key, None)
            return
        since = self.since.setdefault(key, time.monotonic())
        if since is not None and time.monotonic() - since > patience_s:
            self.fail(f"{text}, for more than {patience_s} s")
            self.since[key] = None

    def excuse_floor(self):
        self.floor_excused_until = self.watch.now + FLOOR_AGAIN_S

    def check(self, libvirtd_up, service_up):
        self.checks += 1
        self.check_floor()
        self.check_moves()
        if service_up:
            self.check_own()
            self.check_answers()
        if not libvirtd_up:
            self.truth_from = self.watch.now + BACK_S
        elif self.watch.now > self.truth_from:
            self.check_truth()

    # The host's floor

    def is_floor_excused(self):
        return self.watch.now < self.floor_excused_until

    def check_floor(self):
        self.hold("floor", self.is_floor_excused() or self.bed.host.available > RESERVE, 0,
                  f"the host has {self.bed.host.available >> 20} MiB")

    # Minimum and maximum

    def check_moves(self):
        moves = self.watch.moves
        for t, path, before, to, reason in moves[self.seen_signals:]:
            looks = [look for look in self.watch.looks[-20:] if path in look.by_path]
            if "taken over" in reason or "does not reach" in reason or not looks:
                continue  # told what it has
            most = max(look.by_path[path]["Maximum"] for look in looks)
            least = min(look.by_path[path]["Minimum"] for look in looks)
            if to > max(most, before) or to < min(least, before):
                self.fail(f"{path} was told {to >> 20} MiB (before: {before >> 20}), "
                          f"outside {least >> 20}-{most >> 20} MiB: {reason}")
            if to > before and self.bed.host.available <= RESERVE // 2 and not self.is_floor_excused():
                self.fail(f"a grant with {self.bed.host.available >> 20} MiB left: {reason}")
        self.seen_signals = len(moves)

    # The bus against libvirt

    def true_vms(self):
        if self.connection is None:
            self.connection = libvirt.openReadOnly("qemu:///system")
        return {
            domain.name(): (domain.ID(), domain.UUIDString(), domain.info())
            for domain in self.connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        }

    def remember(self, name, balloon):
        """What it had of late: the bus shows one of these, for it is read at another moment."""
        balloons = self.balloons.setdefault(name, deque(maxlen=LAG_S))
        balloons.append(balloon)
        return balloons

    def check_truth(self):
        try:
            truth = self.true_vms()
        except libvirt.libvirtError:
            self.connection = None  # it went away just now, or a guest did
            return
        shown = self.watch.last.vms
        # Each alone: one that goes and another one that comes are not one difference that lasts.
        for name in self.bed.guests:
            self.hold(f"missing {name}", name not in truth or name in shown, LAG_S, f"libvirt has {name}, the bus has not")
            self.hold(f"left {name}", name in truth or name not in shown, LAG_S, f"the bus has {name}, libvirt has not")
        for name in set(truth) & set(shown):
            number, uuid, info = truth[name]
            vm = shown[name]
            balloons = self.remember(name, info[2] << 10)
            self.hold(f"id {name}", (vm["Id"], vm["UUID"]) == (number, uuid), LAG_S, f"{name} has id {vm['Id']}, not {number}")
            tolerance = max(TOLERANCE, vm["Maximum"] // 100)
            self.hold(f"balloon {name}", min(balloons) - tolerance <= vm["Balloon"] <= max(balloons) + tolerance, LAG_S,
                      f"{name} has {balloons[-1] >> 20} MiB, not {vm['Balloon'] >> 20}")
            suspended = info[0] == libvirt.VIR_DOMAIN_PAUSED
            told = vm["Status"] in ("suspended", "unsupported", "paused", "busy", "opted-out")
            self.hold(f"state {name}", not suspended or told, LAG_S, f"{name} is suspended, not {vm['Status']}")

    # The service's own needs

    def figures(self):
        pid = self.bed.daemon.pid
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return {
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": int(status["Threads"]),
            "memory": int(status["RssAnon"].split()[0]) << 10,
        }

    def check_own(self):
        try:
            now = self.figures()
        except OSError:
            return  # it was killed just now
        for name, most in (("descriptors", DESCRIPTORS_MOST), ("threads", THREADS_MOST), ("memory", MEMORY_MOST)):
            self.hold(name, now[name] <= most, 5, f"the service has {now[name]} {name}")
        life = self.own.setdefault(self.bed.daemon.pid, {"began": self.watch.now, "warm": None, "last": now})
        life["last"] = now
        if life["warm"] is None and self.watch.now - life["began"] > WARM_S:
            life["warm"] = now
        if life["warm"]:
            grown = now["memory"] - life["warm"]["memory"]
            self.hold("growth", grown <= GROWTH_MOST, 5, f"the service has grown by {grown >> 10} KiB")

    def check_answers(self):
        recent = self.watch.looks[-6:]
        slow = [look for look in recent if look.took > 0.1]
        quiet = self.watch.now - recent[-1].t
        self.hold("answers", quiet < 5 and len(slow) < len(recent), 5, f"the service answers late: {[look.took for look in recent]}")
