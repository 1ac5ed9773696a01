# SPDX-License-Identifier: LGPL-2.1-or-later
"""The configuration that is installed: a sample that changes nothing, and that can be taken at its word."""

import os
import re
import subprocess

import pytest

SETTING = re.compile(r"^#([a-z-]+)=(.*)$", re.M)


@pytest.fixture(scope="module")
def sample(installed):
    return (installed / "etc/memcoord/memcoord.conf").read_text()


@pytest.fixture
def start(installed, tmp_path):
    """Starts the service with a configuration, where there is no bus: it says what is wrong with the first of the two."""
    def start(text):
        path = tmp_path / "memcoord.conf"
        if text is not None:
            path.write_text(text)
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent", "LC_ALL": "C.UTF-8"}
        done = subprocess.run([installed / "usr/libexec/memcoordd", "--config", path, "--state-dir", tmp_path],
                              capture_output=True, text=True, env=environment, timeout=20)
        assert done.returncode == 1
        return done.stderr.replace(str(path), "FILE").strip()
    return start


def test_pipe_for_a_configuration_is_refused_and_not_waited_for(start, tmp_path):
    os.mkfifo(tmp_path / "memcoord.conf")
    assert start(None) == "memcoordd: FILE is not a regular file"


def test_reserve_above_the_host_s_memory_is_refused(start):
    told = start("[Thresholds]\nhost-reserve=64T\n")
    assert told.startswith("memcoordd: FILE:2: host-reserve: HostReserve 64 TiB is not below HostTotal ")


NO_BUS = "memcoordd: failed to connect to the system bus"


def test_all_of_it_is_a_comment(sample, start):
    assert [line for line in sample.splitlines() if not line.startswith(("#", "[")) and line] == []
    assert start(sample).startswith(NO_BUS)


def test_every_setting_can_be_uncommented(sample, start):
    assert len(SETTING.findall(sample)) == 13
    assert start(SETTING.sub(r"\1=\2", sample)).startswith(NO_BUS)


def test_every_setting_of_the_source_is_there(sample, source_root):
    """By the tables that the service reads by; a maximum is a VM's alone."""
    thresholds = re.findall(r'\{ "\w+", "([a-z-]+)", .*MC_UNIT', (source_root / "src/common/threshold.c").read_text())
    policy = re.findall(r'\{ "([a-z-]+)", read_', (source_root / "src/service/config-file.c").read_text())
    assert "maximum" in thresholds
    assert {name for name, _ in SETTING.findall(sample)} == {*thresholds, *policy} - {"maximum"}


@pytest.mark.parametrize("line, told", [
    ("low-watermark=plenty", 'FILE:9: low-watermark: "plenty" is not a size such as 150M or 2G'),
    ("low-watermark=1M", "FILE:9: low-watermark: "),
    ("low-water-mark=100M", "FILE:9: low-water-mark: there is no such key in [Thresholds]"),
    ("low-watermark", "FILE:9: neither a [group], nor key=value, nor a # comment"),
    ("low-watermark=200M", "FILE:9: low-watermark: "),
])
def test_error_tells_where_and_why(sample, start, line, told):
    """The line takes the place of the first of [Thresholds]."""
    lines = sample.splitlines()
    at = lines.index("[Thresholds]") + 1
    lines[at] = line
    told = told.replace("FILE:9", f"FILE:{at + 1}")
    assert start("\n".join(lines)).startswith(f"memcoordd: {told}")
