# SPDX-License-Identifier: LGPL-2.1-or-later
"""How tests/distributions is called. What it does takes an hour for each release, so it is no test of any suite."""

import re
import subprocess

import pytest

RELEASES = ("12", "13", "sid")


@pytest.fixture
def distributions(source_root):
    def call(*arguments):
        return subprocess.run([source_root / "tests/distributions", *arguments], capture_output=True, text=True, timeout=20)
    return call


@pytest.mark.parametrize("arguments, told", [
    (["14"], "unknown argument '14'"),
    (["13", "--nope"], "unknown argument '--nope'"),
    ([""], "unknown argument ''"),
    (["--mirror"], "--mirror needs a value"),
    (["13", "--"], "-- needs a command"),
])
def test_bad_usage_is_refused_before_anything_is_made(distributions, arguments, told):
    done = distributions(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"tests/distributions: {told}\n")


def test_help_tells_of_every_option_and_release(distributions, source_root):
    done = distributions("--help")
    assert (done.returncode, done.stderr) == (0, "")
    script = (source_root / "tests/distributions").read_text()
    options = set(re.findall(r"^    (--[a-z]+)\)", script, re.M))
    assert options and options <= set(re.findall(r"^  (--[a-z]+)", done.stdout, re.M))
    assert all(f"[{release}]" in done.stdout for release in RELEASES)


def test_each_release_has_a_name_on_the_mirror(source_root):
    command = ". tests/common/chroot.sh; for release; do codename $release; done"
    done = subprocess.run(["bash", "-euc", command, "bash", *RELEASES], cwd=source_root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["bookworm", "trixie", "sid"]


def test_command_without_arguments_names_suites_that_there_are(source_root):
    """They are those of tests/run, which refuses others."""
    command = re.search(r"^command=\(tests/run (.*)\)$", (source_root / "tests/distributions").read_text(), re.M).group(1)
    every = re.search(r'^every="(.*)"$', (source_root / "tests/run").read_text(), re.M).group(1).split()
    suites = re.sub(r'--fast|--guests="[^"]*"', "", command).split()
    assert suites and set(suites) <= set(every)
