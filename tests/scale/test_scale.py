# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole service with many VMs: silent at rest, small, and no dearer per VM the more there are."""

import daemon
import pytest
import scale_table

# What grows with the square of the VMs costs ten times as much per VM with ten times as many. Caches are finite, and other
# processes run: that is less than this.
FLAT = 4.0


@pytest.fixture(scope="module")
def measured():
    return {n: scale_table.measure(n, seconds, runs) for n, seconds, runs in ((100, 30, 2), (1000, 15, 2), (10000, 6, 1))}


@pytest.mark.parametrize("n_vms", [100, 1000, 10000])
def test_rest_is_silent(measured, n_vms):
    assert measured[n_vms]["rest-signals"] == 0
    assert measured[n_vms]["rest-bytes"] == 0


def test_change_is_told(measured):
    assert measured[100]["change-signals"] > 50


def test_memory_with_a_hundred(measured):
    assert measured[100]["memory-mib"] <= 20


def test_memory_of_the_daemon_with_a_hundred(tmp_path):
    memory = daemon.measure(tmp_path, 100)
    print(memory)
    assert memory["own"] <= 20


@pytest.mark.parametrize("load", ["rest", "change"])
@pytest.mark.parametrize("n_vms", [1000, 10000])
def test_cost_per_vm_is_flat(measured, n_vms, load):
    assert measured[n_vms][f"{load}-per-vm"] < FLAT * measured[100][f"{load}-per-vm"]


def test_change_costs_little_more_than_rest(measured):
    """What a cycle has to look at costs about as much as to tell all of it: five times that was GDBus's part once."""
    assert measured[1000]["change-cpu-us"] < 6 * measured[1000]["rest-cpu-us"]


def test_memory_with_ten_thousand(measured):
    assert measured[10000]["memory-mib"] <= 120


@pytest.mark.parametrize("n_vms, most_ms", [(1000, 20), (10000, 200)])
def test_main_loop_is_not_held_by_who_reads_all(measured, n_vms, most_ms):
    assert measured[n_vms]["objects-loop-ms"] < most_ms


def test_start_is_linear(measured):
    assert measured[10000]["start-ms"] / 10000 < FLAT * measured[100]["start-ms"] / 100


def test_rest_costs_next_to_nothing(measured):
    assert measured[1000]["rest-core"] < 1
