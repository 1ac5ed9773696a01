# SPDX-License-Identifier: LGPL-2.1-or-later
"""What watching costs the whole host, per minute, side by side in one run: nobody, this build, other builds, a poller as MOM's and
one as Proxmox VE's.

Counted, not timed: the commands that libvirtd sends to QEMU's monitors, by its log, and the reports that guests are asked for, by the
statistics periods in it. CPU time is of the daemon, of libvirtd and of all QEMUs with their guests, each round's after the other's.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from bed import MIB, Bed
from common import BUILD, wait_until

# A guest at rest, with what it wants.
MAXIMUM, CURRENT = 1024 * MIB, 480 * MIB
SETTLES_S = 45
SENT = re.compile(rb"(\S+ \S+): .*QEMU_MONITOR_SEND_MSG: mon=(\S+) msg=(.*)")
PERIOD = re.compile(rb'guest-stats-polling-interval.*?"value":\s*(\d+)')

# Asks each VM by itself through libvirt, every so many seconds, as the peer does: its figures, and where it wants them, its reports.
POLLER = """
import sys, time, libvirt
every, period = float(sys.argv[1]), int(sys.argv[2])
connection = libvirt.open("qemu:///system")
domains = connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
for domain in domains:
    domain.setMemoryStatsPeriod(period, libvirt.VIR_DOMAIN_AFFECT_LIVE)
while True:
    began = time.monotonic()
    for domain in domains:
        domain.info()
        domain.memoryStats()
    time.sleep(max(0, every - (time.monotonic() - began)))
"""


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Log:
    """What libvirtd has sent to monitors, and to which."""

    def __init__(self, path):
        self.path = path
        self.at = path.stat().st_size

    def read(self):
        with open(self.path, "rb") as file:
            file.seek(self.at)
            text = file.read()
        self.at += len(text)
        return [sent.groups() for sent in map(SENT.match, text.splitlines()) if sent]


def moment(written):
    return datetime.strptime(written.decode(), "%Y-%m-%d %H:%M:%S.%f%z").astimezone(timezone.utc).timestamp()


class Reports:
    """How many each guest was asked for: by its period, and once where it had none before."""

    def __init__(self):
        self.periods = {}  # monitor: (seconds, since)
        self.asked = 0.0

    def follow(self, sent):
        for written, monitor, message in sent:
            if period := PERIOD.search(message):
                self.change(monitor, int(period[1]), moment(written))

    def change(self, monitor, seconds, now):
        before, since = self.periods.get(monitor, (0, now))
        if before:
            self.asked += (now - since) // before
        elif seconds:
            self.asked += 1
        self.periods[monitor] = seconds, now

    def upto(self, now):
        for monitor, (seconds, _) in list(self.periods.items()):
            self.change(monitor, seconds, now)
        asked, self.asked = self.asked, 0.0
        return asked


@contextmanager
def nobody(bed):
    yield None


def service(build):
    @contextmanager
    def run(bed):
        bed.build = Path(build).resolve()
        bed.start_daemon()
        wait_until(bed.managed, 60, "all guests to be managed")
        yield bed.daemon.pid
        bed.stop_daemon()
    return run


def poller(every_s, period_s):
    @contextmanager
    def run(bed):
        process = subprocess.Popen([sys.executable, "-c", POLLER, str(every_s), str(period_s)])
        yield process.pid
        process.kill()
        process.wait()
    return run


def work(bed, until, busy):
    """At rest, or with one guest after the other that uses most of what it has for a while."""
    guests = list(bed.guests.values())
    n = 0
    while time.time() < until:
        if busy:
            guests[n % len(guests)].hold(300)
            guests[(n - 3) % len(guests)].free()
            n += 1
        time.sleep(max(0, min(5, until - time.time())))
    if busy:
        for guest in guests:
            guest.free()


def measure(bed, log, who, seconds, busy):
    """{what: per minute}"""
    reports = Reports()
    log.read()
    with who(bed) as pid:
        work(bed, time.time() + SETTLES_S, busy)
        reports.follow(log.read())
        reports.upto(time.time())
        pids = {"daemon": [pid] if pid else [], "libvirtd": [bed.libvirtd.process.pid], "QEMUs": bed.pids()}
        before = {name: sum(map(cpu_s, some)) for name, some in pids.items()}
        work(bed, time.time() + seconds, busy)
        used = {name: sum(map(cpu_s, some)) - before[name] for name, some in pids.items()}
        sent = log.read()
        reports.follow(sent)
        figures = {"commands": len(sent), "reports": reports.upto(time.time()), **used}
    return {name: figure * 60 / seconds for name, figure in figures.items()}


def show(title, rounds):
    print(f"\n{title}\n\n| per minute | commands to monitors | reports of guests | daemon, s | libvirtd, s | QEMUs, s | CPU beyond nobody's, s |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    medians = {who: {name: statistics.median(figures[name] for figures in all_of) for name in all_of[0]} for who, all_of in rounds.items()}
    total = {who: figures["daemon"] + figures["libvirtd"] + figures["QEMUs"] for who, figures in medians.items()}
    for who, figures in medians.items():
        print(f"| {who} | {figures['commands']:.0f} | {figures['reports']:.0f} | {figures['daemon']:.2f} | {figures['libvirtd']:.2f}"
              f" | {figures['QEMUs']:.1f} | {total[who] - total['nobody']:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="tests/scale/host", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guests", type=int, default=12, help="how many guests there are (12)")
    parser.add_argument("--seconds", type=int, default=60, help="how long each is measured (60)")
    parser.add_argument("--rounds", type=int, default=2, help="how often each is, in turns (2)")
    parser.add_argument("--build", action="append", default=[], metavar="DIR", help="another build of the service to measure beside")
    parser.add_argument("--no-pollers", action="store_true", help="nobody and builds alone, in three fifths of the time")
    parser.add_argument("--busy", action="store_true", help="also with guests that work")
    options = parser.parse_args()
    pollers = {"as MOM, every 5 s": poller(5, 5), "as Proxmox VE, every 10 s": poller(10, 10)}
    builds = {"this build": service(BUILD), **{f"build {path}": service(path) for path in options.build}}
    whos = {"nobody": nobody, **builds, **({} if options.no_pollers else pollers)}
    with Bed(host_total=(options.guests + 3) << 29, logged="2:qemu.qemu_monitor") as bed:
        bed.add_guests(**{f"guest{i}": dict(maximum=MAXIMUM, current=CURRENT) for i in range(options.guests)})
        bed.wait_ballooned(300)
        log = Log(bed.calls.path)
        for busy in (False, True) if options.busy else (False,):
            rounds = {who: [] for who in whos}
            for _ in range(options.rounds):
                for who, run in whos.items():
                    rounds[who].append(measure(bed, log, run, options.seconds, busy))
            show(f"{options.guests} guests {'that work' if busy else 'at rest'}, {options.rounds} rounds of {options.seconds} s", rounds)


main()
