# SPDX-License-Identifier: LGPL-2.1-or-later
"""memcoordctl metrics: what it prints is what the bus has, and what Prometheus's own tool takes."""

import re
import subprocess

import pytest

from common import MIB

SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')


def parse(text):
    """{(name, label's value, …): value}: enough for what is compared here; promtool judges the syntax."""
    samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            key = (name, *(label for label in re.findall(r'="((?:\\.|[^"\\])*)"', labels or "")))
            assert key not in samples, line
            samples[key] = float(value)
    return samples


def check(text):
    """By promtool, which prints what it does not like."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_figures_are_those_of_the_bus(service, ctl):
    samples = parse(ctl.good("metrics"))
    host = service.host()
    assert samples[("memcoord_up",)] == 1
    assert samples[("memcoord_state", "running")] == 1 and samples[("memcoord_state", "degraded")] == 0
    assert samples[("memcoord_build_info", host["Version"])] == 1
    for name, known in (("memory_bytes", "HostTotal"), ("reserve_bytes", "HostReserve"), ("reservations_bytes", "Reserved")):
        assert samples[(f"memcoord_host_{name}",)] == host[known]
    assert samples[("memcoord_host_usage_limit_ratio",)] == host["HostUsageLimit"] / 100
    assert samples[("memcoord_host_used_ratio",)] == pytest.approx(host["HostUsedPercent"] / 100, abs=0.01)
    vms = service.vms()
    assert len(vms) == 3
    for name, vm in vms.items():
        assert samples[("memcoord_vm_status", name, vm["UUID"], "managed")] == 1
        for family, known in (("balloon", "Balloon"), ("target", "Target"), ("unused", "Unused"), ("usable", "Usable"),
                              ("minimum", "Minimum"), ("maximum", "Maximum"), ("low_watermark", "LowWatermark")):
            assert samples[(f"memcoord_vm_{family}_bytes", name, vm["UUID"])] == vm[known]
        assert abs(samples[("memcoord_vm_stats_timestamp_seconds", name, vm["UUID"])] * 1e6 - vm["StatsTime"]) < 60e6


def test_both_formats_have_the_same_samples(service, ctl):
    open_text, older = ctl.good("metrics"), ctl.good("metrics", "--format=prometheus")
    assert parse(open_text).keys() == parse(older).keys()
    assert open_text.endswith("\n# EOF\n") and "# EOF" not in older


def test_promtool_has_nothing_to_say(service, ctl):
    service.tell("rename", "web", r'we"b\n\\{}=,')
    service.tell("mute", "db")
    service.wait_until(lambda: r'we"b\n\\{}=,' in service.vms())
    check(ctl.good("metrics", "--format=prometheus"))


def test_promtool_says_something_where_there_is_something(ctl):
    with pytest.raises(AssertionError):
        check("memcoord_up_total 1\n")


def test_guest_that_reports_nothing_has_no_figures(service, ctl):
    service.tell("add", "silent", 512 * MIB)
    service.tell("mute", "silent")
    service.wait_until(lambda: service.vms()["silent"]["Unused"] == 0)
    uuid = service.vms()["silent"]["UUID"]
    named = {key[0] for key in parse(ctl.good("metrics")) if uuid in key}
    assert "memcoord_vm_maximum_bytes" in named and "memcoord_vm_unused_bytes" not in named and "memcoord_vm_usable_bytes" not in named


def test_degraded_service_has_no_old_figures(service, ctl):
    service.tell("disconnect")
    service.wait_until(lambda: service.host()["State"] == "degraded")
    samples = parse(ctl.good("metrics"))
    assert samples[("memcoord_state", "degraded")] == 1 and samples[("memcoord_hypervisor_connected",)] == 0
    named = {key[0] for key in samples}
    assert not named & {"memcoord_host_available_bytes", "memcoord_host_used_ratio", "memcoord_vm_balloon_bytes"}
    assert "memcoord_host_reserve_bytes" in named and "memcoord_vm_status" in named


def test_pause_and_dry_run_are_seen(service, ctl):
    ctl.good("pause", "--reason=tests")
    ctl.good("dry-run", "on")
    samples = parse(ctl.good("metrics"))
    assert samples[("memcoord_state", "paused")] == 1 and samples[("memcoord_dry_run",)] == 1


def test_service_that_is_away_is_a_figure(ctl):
    done = ctl("metrics")
    assert done.returncode == 3 and "memcoordd" in done.stderr
    assert parse(done.stdout) == {("memcoord_up",): 0}


def test_numbers_are_no_matter_of_the_language(service, ctl, speaking):
    german = parse(ctl.good("metrics", env=speaking("de")))
    assert 0 < german[("memcoord_host_used_ratio",)] < 1
