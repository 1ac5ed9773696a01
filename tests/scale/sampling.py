# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long one sample of real QEMU processes takes, beside `virsh domstats` of the same, as they become more."""

import statistics
import subprocess
import sys
import time

from common.libvirtd import LoneLibvirtd
from common.probe import Probe

STEPS = [1, 2, 4, 8, 16, 32]
TIMES = 25


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


def main():
    steps = [int(step) for step in sys.argv[1:]] or STEPS
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
