# SPDX-License-Identifier: LGPL-2.1-or-later
"""64 VMs, and what a real libvirtd is asked for at once, as it writes that down itself: its test driver stands for QEMU."""

import re
import time

import pytest

from common import MIB
from common.libvirtd import LoneLibvirtd

VMS = 64
CLIENT_REQUESTS = 5  # libvirtd's max_client_requests: what is more waits, and its keepalive with it
WORKERS = 20  # libvirtd's max_workers, which all its clients share
AT_ONCE = 19  # all of the adapter's threads
KEPT = 3  # connections that stay open for the next call
LINGER_S = 10  # how long the others do
LOGGING = 'log_filters = "2:rpc.netserverclient"\nlog_outputs = "2:file:{path}"\n'
MESSAGE = re.compile(r"RPC_SERVER_CLIENT_(MSG_RX|MSG_TX_QUEUE|DISPOSE|NEW): client=(\w+)"
                     r"(?:.* prog=(\d+) .* type=(\d) .* serial=(\d+))?")
KEEPALIVE = "1801807216"
CALL, REPLY = "0", "1"


@pytest.fixture
def logging_libvirtd():
    daemon = LoneLibvirtd()
    daemon.write_conf("libvirtd.conf", LOGGING.format(path=daemon.directory / "calls"))
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()


def uuid_of(number):
    return f"c0ffee00-0000-4000-8000-{number:012x}"


@pytest.fixture
def probe(logging_libvirtd, start_probe):
    domains = "".join(
        f"""<domain type="test"><name>vm{number}</name><uuid>{uuid_of(number)}</uuid>
            <memory unit="MiB">1024</memory><os><type>hvm</type></os>
            <devices><memballoon model="virtio"/></devices></domain>"""
        for number in range(VMS)
    )
    node = logging_libvirtd.directory / "node.xml"
    node.write_text(f"<node>{domains}</node>")
    probe = start_probe(f"test+unix://{node}?socket={logging_libvirtd.socket}")
    probe.wait_connected()
    return probe


class Traffic:
    """What the log tells: how many calls of a client, of all, and how many clients there were at once, at the most."""

    def __init__(self, path):
        self.of_client = self.of_all = self.clients = 0
        self.calls = self.opened = 0
        waiting = {}  # client → its calls
        for line in path.read_text().splitlines():
            found = MESSAGE.search(line)
            if not found or found[3] == KEEPALIVE:
                continue
            what, client, program, kind, serial = found.groups()
            if what == "DISPOSE":
                waiting.pop(client, None)
            elif what == "NEW":
                waiting[client] = set()
                self.opened += 1
            elif (what, kind) == ("MSG_RX", CALL):
                waiting.setdefault(client, set()).add((program, serial))
                self.calls += 1
            elif (what, kind) == ("MSG_TX_QUEUE", REPLY):
                waiting[client].discard((program, serial))
            sizes = [len(calls) for calls in waiting.values()]
            self.of_client = max(self.of_client, *sizes, 0)
            self.of_all = max(self.of_all, sum(sizes))
            self.clients = max(self.clients, len(sizes))
        self.clients_now = len(waiting)


def everything_at_once(probe, number):
    """As when the service starts: each VM described, its period and its policy set, and a target; and samples meanwhile."""
    asked = []
    for vm in map(uuid_of, range(VMS)):
        asked += [probe.ask("describe", vm), probe.ask("period", vm, 1 + number % 5),
                  probe.ask("metadata", vm, f"<policy><weight>{number + 1}</weight></policy>"),
                  probe.ask("target", vm, (512 + number) * MIB)]
    samples = 0
    while not all(any(line.get("answer") == each for line in probe.lines) for each in asked[-4:]) or samples < 2:
        assert len(probe.sample(5000)) == VMS
        samples += 1
    return [probe.answer(each, 30) for each in asked]


def test_sixty_four_vms_stay_within_libvirtds_limits(logging_libvirtd, probe):
    everything_at_once(probe, 0)
    threads = []
    for number in range(1, 6):
        answers = everything_at_once(probe, number)
        assert [answer for answer in answers if "error" in answer] == []
        threads.append(probe.count_threads())
    traffic = Traffic(logging_libvirtd.directory / "calls")
    print(vars(traffic), threads)
    assert traffic.calls > 6 * VMS * 4
    assert traffic.of_client == 1 < CLIENT_REQUESTS  # one at a time: see connection-pool.h
    assert traffic.of_all <= AT_ONCE < WORKERS
    assert traffic.clients <= AT_ONCE < WORKERS
    assert traffic.opened <= AT_ONCE + 1  # with the test's own, that asked whether libvirtd is there: they stay
    assert max(threads) <= AT_ONCE
    time.sleep(LINGER_S)
    for _ in range(3):  # while it closes them, too
        assert len(probe.sample(5000)) == VMS
    assert Traffic(logging_libvirtd.directory / "calls").clients_now == KEPT
