# SPDX-License-Identifier: LGPL-2.1-or-later
"""
How long one sample of real QEMU processes takes, beside `virsh domstats` of the same, as they become more; or, after --model, of VMs
of libvirt's test driver, each of which takes as long to answer as was measured of a process.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common.libvirtd import LoneLibvirtd
from common.probe import Probe

STEPS = [1, 2, 4, 8, 16, 32, 48, 64]
MODEL_STEPS = [32, 100, 200, 500, 1000]
TIMES = 25
VM_MS = 4  # a guest of 64 on 16 cores, under TCG


def milliseconds(what):
    begun = time.monotonic()
    what()
    return (time.monotonic() - begun) * 1000


def median_and_most(what):
    times = sorted(milliseconds(what) for _ in range(TIMES))
    return f"{statistics.median(times):8.1f} {times[-1]:8.1f}"


def domstats(libvirtd, *options):
    subprocess.run(
        ["virsh", "-c", libvirtd.uri, "domstats", "--state", "--balloon", "--nowait", *options],
        check=True, stdout=subprocess.DEVNULL,
    )


def measure(libvirtd, probe, steps):
    started = 0
    print("         a sample, ms        virsh domstats, ms")
    print("VMs      median     most     median     most")
    for n_vms in steps:
        while started < n_vms:
            libvirtd.add_guest(f"guest{started}")
            started += 1
        time.sleep(2)  # their firmware is busy for a moment
        assert len(probe.sample(5000)) == n_vms
        sample = median_and_most(lambda: probe.sample(5000))
        print(f"{n_vms:3}    {sample}   {median_and_most(lambda: domstats(libvirtd))}", flush=True)


DOMAIN = """<domain type="test"><name>vm{0}</name><uuid>c0ffee00-0000-4000-8000-{0:012x}</uuid><memory unit="MiB">1024</memory>
<os><type>hvm</type></os><devices><memballoon model="virtio"/></devices></domain>"""


def sample_model(n_vms):
    """The median of a few."""
    with tempfile.TemporaryDirectory() as directory:
        node = Path(directory) / "node.xml"
        node.write_text("<node>" + "".join(map(DOMAIN.format, range(n_vms))) + "</node>")
        os.environ["VM_COSTS_US"] = str(VM_MS * 1000)
        probe = Probe(f"test://{node}")
        try:
            probe.wait_connected()
            for _ in range(3):  # the first asks all at once; where that takes too long, it learns that there are many
                probe.do("sample", 5000)
            assert len(probe.sample(5000)) == n_vms
            return statistics.median(milliseconds(lambda: probe.sample(5000)) for _ in range(5))
        finally:
            probe.end()


def model(steps):
    print(f"VMs      a sample, ms   one after the other, at {VM_MS} ms each   of that")
    for n_vms in steps:
        ours = sample_model(n_vms)
        print(f"{n_vms:4}     {ours:12.0f}   {n_vms * VM_MS:35}    {ours / n_vms / VM_MS:6.2f}", flush=True)


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--model"]:
        model([int(step) for step in arguments[1:]] or MODEL_STEPS)
        return
    steps = [int(step) for step in arguments] or STEPS
    libvirtd = LoneLibvirtd()
    probe = None
    try:
        libvirtd.start()
        probe = Probe(libvirtd.uri)
        probe.wait_connected()
        measure(libvirtd, probe, steps)
    finally:
        if probe is not None:
            probe.end()
        libvirtd.stop()


main()
