# SPDX-License-Identifier: LGPL-2.1-or-later
"""memcoordctl world: a host as the simulator reads it."""

import configparser
import json
import re
import subprocess
from pathlib import Path

import pytest

from common import MIB


def read(text):
    """The groups of a world file; a comment behind a value is not part of it."""
    world = configparser.ConfigParser(comment_prefixes=("#",), inline_comment_prefixes=None, interpolation=None)
    world.optionxform = str
    world.read_string(text)
    return world


def mib(bytes_):
    return f"{(bytes_ + MIB // 2) // MIB}M"


def test_world_is_what_the_bus_says(service, ctl):
    world, host, vms = read(ctl.good("world")), service.host(), service.vms()
    assert set(world.sections()) == {"host"} | {f"vm {name}" for name in vms}
    assert world["host"]["total"] == mib(host["HostTotal"])
    assert world["host"]["length"] == "900"
    assert world["host"]["base"].endswith("M")
    for name, vm in vms.items():
        group = world[f"vm {name}"]
        assert group["maximum"] == mib(vm["Maximum"])
        assert group["start"] == mib(vm["Balloon"])
        assert group["hold"] == mib(vm["Balloon"] - vm["Usable"])
        assert 30 <= int(group["own"].removesuffix("M")) <= 300
        assert not {"weight", "minimum", "low-watermark", "managed"} & set(group)


def test_what_is_set_is_in_it(service, ctl):
    ctl.good("set", "web", "weight=250", "minimum=300M", "low-watermark=120M")
    service.wait_until(lambda: service.vms()["web"]["LowWatermark"] == 120 * MIB)
    group = read(ctl.good("world"))["vm web"]
    assert (group["weight"], group["minimum"], group["low-watermark"]) == ("250", "300M", "120M")


def test_vm_that_reports_nothing(service, ctl):
    service.tell("mute", "web")
    service.wait_until(lambda: service.vms()["web"]["Available"] == 0)
    text = ctl.good("world")
    assert "reports nothing" in text
    assert read(text)["vm web"]["own"] == "100M"


@pytest.mark.parametrize("name", ["a[b]", "evil\u202ename", "x" * 64, "tab\there"])
def test_name_that_a_group_cannot_have(service, ctl, name):
    service.tell("rename", "web", name)
    service.wait_until(lambda: name in service.vms())
    uuid = service.vms()[name]["UUID"]
    text = ctl.good("world")
    assert f"vm vm-{uuid}" in read(text).sections()
    assert "\u202e" not in text and "\t" not in text


def test_file_is_never_lost(service, ctl, tmp_path):
    path = tmp_path / "mine.world"
    assert ctl.good("world", str(path)) == ""
    assert read(path.read_text())["host"]["length"] == "900"
    path.write_text("precious")
    refused = ctl("world", str(path))
    assert refused.returncode == 1 and "--force" in refused.stderr and str(path) in refused.stderr
    assert path.read_text() == "precious"
    ctl.good("world", "--force", str(path))
    assert path.read_text().startswith("# A host and its VMs")
    missing = ctl("world", str(tmp_path / "none" / "here"))
    assert (missing.returncode, missing.stdout) == (1, "")


def test_what_is_no_plain_file_stays_that(service, ctl, tmp_path):
    there, link = tmp_path / "there.world", tmp_path / "link.world"
    there.write_text("old")
    link.symlink_to(there)
    ctl.good("world", "--force", str(link))
    assert link.is_symlink() and there.read_text().startswith("# A host and its VMs")
    for path in (Path("/dev/null"), tmp_path):
        refused = ctl("world", "--force", str(path))
        assert refused.returncode == 1 and str(path) in refused.stderr
    assert Path("/dev/null").is_char_device()


def test_misuse(service, ctl):
    assert ctl("world", "a", "b").returncode == 2
    assert ctl("world", "--json").returncode == 2


@pytest.mark.parametrize("arguments, status, told", [
    (["--world", "{none}"], 1, "{none}"),
    (["--world", "{folder}"], 1, "{folder}"),
    (["--world", "{wrong}"], 1, "{wrong}: [vm one] hold=much: 'much' is not a size, such as 150M or 1.5G"),
    (["--world", "{good}", "--only", "nobody"], 2, "no coordinator's name fits 'nobody'"),
    (["--world", "{good}", "--each"], 2, "--each and --data are not for --world"),
    (["--world", "{good}", "--load", "spike"], 2, "only one of"),
    (["--world", "{good}", "more"], 2, "unexpected argument 'more'"),
    (["--world"], 2, "--world"),
    (["--json"], 2, "--json is for --world"),
])
def test_the_simulator_tells_what_is_wrong(build_root, tmp_path, arguments, status, told):
    paths = {name: str(tmp_path / name) for name in ("none", "folder", "wrong", "good")}
    (tmp_path / "folder").mkdir()
    for name, hold in (("wrong", "much"), ("good", "100M")):
        (tmp_path / name).write_text(f"[host]\ntotal=4G\n[vm one]\nmaximum=1G\nhold={hold}\n")
    done = subprocess.run([build_root / "tests/simulator/simulate", *(word.format(**paths) for word in arguments)],
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("simulate: ") and told.format(**paths) in done.stderr and done.stderr.count("\n") == 1


def test_the_simulator_takes_it(service, ctl, build_root, tmp_path):
    service.tell("rename", "db", "a[b]")
    service.wait_until(lambda: "a[b]" in service.vms())
    path = tmp_path / "host.world"
    ctl.good("world", str(path))
    done = subprocess.run([build_root / "tests/simulator/simulate", "--world", path, "--json", "--only", "MemCoord"],
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    (told,) = json.loads(done.stdout).values()
    (what,) = told.values()
    assert len(what["vms"]) == 3 and re.fullmatch(r"[\d.-]+", str(what["moves"]))
