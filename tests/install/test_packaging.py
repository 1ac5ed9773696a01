# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a distribution's package is made of: options, the configuration that is kept, metainfo, and versions that agree.

data/packaging/build-debian builds the packages and tries them; that takes minutes, so it is not a test of this suite.
"""

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as tree

import pytest

from common import systemd_version

LEFT_OUT = ("tests", "exporter", "man", "simulator")
METAINFO = "usr/share/metainfo/org.example.MemCoord.metainfo.xml"
EDITED = "[Thresholds]\nlow-watermark=90M\n"


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True, **options).stdout


@pytest.fixture
def install_configuration(source_root, tmp_path):
    """Installs a configuration below a directory, as `meson install` does, and returns the path that it should have there."""
    def install(text):
        new = tmp_path / "memcoord.conf"
        new.write_text(text)
        environment = {**os.environ, "DESTDIR": str(tmp_path / "root")}
        install.told = run(source_root / "data/install-configuration", new, "/etc/memcoord", env=environment)
        return tmp_path / "root/etc/memcoord/memcoord.conf"
    return install


def beside(path):
    return path.with_name(path.name + ".new")


def test_first_configuration_is_installed_for_all_to_read(install_configuration):
    file = install_configuration("# 1\n")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("# 1\n", 0o644)
    assert [path.name for path in file.parent.iterdir()] == ["memcoord.conf"]


def test_edited_configuration_is_kept_and_the_new_one_lies_beside_it(install_configuration):
    file = install_configuration("# 1\n")
    file.write_text(EDITED)
    assert install_configuration("# 2\n") == file
    assert (file.read_text(), beside(file).read_text()) == (EDITED, "# 2\n")
    assert f"Keeping {file}" in install_configuration.told and f"see {beside(file)}" in install_configuration.told


def test_new_configuration_does_not_lie_about_once_it_is_in_force(install_configuration):
    file = install_configuration("# 1\n")
    file.write_text(EDITED)
    install_configuration("# 2\n")
    file.write_text("# 2\n")
    install_configuration("# 2\n")
    assert not beside(file).exists()


def test_meson_install_keeps_an_edited_configuration(installed, build_root, tmp_path):
    shutil.copytree(installed, tmp_path / "root", symlinks=True)
    file = tmp_path / "root/etc/memcoord/memcoord.conf"
    sample = file.read_text()
    file.write_text(EDITED)
    run("meson", "install", "-C", build_root, "--no-rebuild", "--quiet", "--destdir", tmp_path / "root")
    assert (file.read_text(), beside(file).read_text()) == (EDITED, sample)


def test_tests_exporter_simulator_and_man_pages_can_be_left_out(source_root, tmp_path):
    run("meson", "setup", tmp_path / "build", source_root, "--prefix=/usr", *(f"-D{name}=false" for name in LEFT_OUT))
    targets = json.loads(run("meson", "introspect", "--targets", tmp_path / "build"))
    assert {target["name"] for target in targets if target["type"] == "executable"} == {"memcoordctl", "memcoordd"}
    assert [target["name"] for target in targets if "/tests/" in target["defined_in"] or "/man/" in target["defined_in"]] == []
    assert "rst2man" not in (tmp_path / "build/meson-logs/meson-log.txt").read_text()


def test_completion_is_where_the_zsh_of_this_system_looks(installed):
    looks_in = run("zsh", "-f", "-c", "print -l $fpath").split()
    found = next(path for path in installed.glob("usr/share/zsh/*/_memcoordctl"))
    assert f"/{found.parent.relative_to(installed)}" in looks_in


def test_metainfo_is_valid(source_root):
    files = [path for folder in ("data", "src") for path in (source_root / folder).rglob("*.metainfo.xml")]
    assert len(files) == 2
    for file in files:
        run("appstreamcli", "validate", "--no-net", file)


def test_metainfo_names_what_is_installed(installed, source_root):
    component = tree.parse(installed / METAINFO).getroot()
    spec = (source_root / "data/packaging/memcoord.spec").read_text()
    assert component.findtext("url[@type='homepage']") == re.search(r"^URL: +(.*)$", spec, re.M).group(1)
    assert list(installed.rglob(component.findtext("launchable")))
    assert (installed / "usr/bin" / component.findtext("provides/binary")).exists()
    assert (installed / f"usr/share/dbus-1/system-services/{component.findtext('provides/dbus')}.service").exists()


def test_packages_have_the_version_of_the_source(source_root):
    version = re.search(r"version: '([\d.]+)'", (source_root / "meson.build").read_text()).group(1)
    packaging = source_root / "data/packaging"
    assert (packaging / "debian/changelog").read_text().startswith(f"memcoord ({version}-")
    assert re.search(r"^Version: +(.*)$", (packaging / "memcoord.spec").read_text(), re.M).group(1) == version


PAGE_METAINFO = "org.example.MemCoord.cockpit.metainfo.xml"


def test_spec_lists_what_is_installed(installed, source_root):
    """What meson installs, less what find_lang and the macros for a directory that differs say. The Cockpit page is a directory."""
    spec = (source_root / "data/packaging/memcoord.spec").read_text()
    if systemd_version() < 260:
        spec = re.sub(r"^%if %{with systemd_metrics}$.*?^%endif$", "", spec, flags=re.M | re.S)
    lines = spec.split("%files", 1)[1].split("%changelog")[0].splitlines()
    listed = {line.split("/")[-1].rstrip("*") for line in lines if "/" in line and not line.startswith("%dir") and not line.endswith("/")}
    files = {path.relative_to(installed) for path in installed.rglob("*") if path.is_file() and path.suffix != ".mo"}
    found = {path.name for path in files if "share/cockpit" not in str(path)}
    assert listed == found | {PAGE_METAINFO}
    assert "%{_datadir}/cockpit/memcoord/" in lines


def test_spec_says_what_the_page_is_bundled_from(installed, source_root):
    spec = (source_root / "data/packaging/memcoord.spec").read_text()
    bundled = dict(re.findall(r"^Provides: +bundled\(npm\((.*)\)\) = (.*)$", spec, re.M))
    locked = json.loads((source_root / "src/cockpit/package-lock.json").read_text())["packages"]
    assert bundled == {name: locked[f"node_modules/{name}"]["version"] for name in bundled}
    for notices in installed.rglob("index.js.LEGAL.txt"):
        assert set(bundled) == set(re.findall(r"^([@a-z][\w@/-]*):$", notices.read_text(), re.M))


@pytest.fixture
def build_packages(source_root, tmp_path):
    """Runs a script that builds packages, in a source with it alone, as far as Meson, which fails; returns what it did and said."""
    project = tmp_path / "source"
    (project / "src/cockpit/node_modules").mkdir(parents=True)
    (project / "data/packaging").mkdir(parents=True)
    shutil.copytree(source_root / "tests/common", project / "tests/common")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, does in (("meson", "echo 'meson.build:1:0: ERROR: it lacks something'; exit 1"), ("id", "echo 0")):
        (tools / name).write_text(f"#!/bin/sh\n{does}\n")
        (tools / name).chmod(0o755)

    def build(script, *words):
        shutil.copy(source_root / "data/packaging" / script, project / "data/packaging")
        command = [project / "data/packaging" / script, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
    return build


@pytest.mark.parametrize("script, words", [("build-rpm", []), ("build-debian", ["--output"])])
def test_directory_for_packages_keeps_what_is_in_it(build_packages, tmp_path, script, words):
    (tmp_path / "mine/SPECS").mkdir(parents=True)
    build_packages(script, *words, tmp_path / "mine")
    assert (tmp_path / "mine/SPECS").is_dir()


@pytest.mark.parametrize("script", ["build-rpm", "build-debian"])
def test_unknown_option_of_what_builds_packages_is_refused(build_packages, tmp_path, script):
    before = sorted(path.name for path in tmp_path.iterdir())
    refused = build_packages(script, "--outptu")
    assert refused.returncode != 0 and refused.stderr.startswith(f"{script}: unknown ")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("script", ["build-rpm", "build-debian"])
def test_what_meson_lacks_to_build_packages_is_told(build_packages, script):
    failed = build_packages(script)
    assert failed.returncode != 0 and "ERROR: it lacks something" in failed.stderr


@pytest.fixture
def debian(source_root, tmp_path):
    """Debian's directory, in a source where it may write."""
    return shutil.copytree(source_root / "data/packaging/debian", tmp_path / "source/debian")


def test_files_are_shared_out_between_debians_packages(installed, debian, tmp_path):
    """By its rules, with an installation that is there already."""
    install = tmp_path / "bin/dh_auto_install"
    install.parent.mkdir()
    install.write_text(f'#!/bin/sh\ncp -a "{installed}" "${{1#--destdir=}}"\n')
    install.chmod(0o755)
    run("make", "-f", "debian/rules", "override_dh_auto_install", cwd=debian.parent,
        env={**os.environ, "PATH": f"{install.parent}:{os.environ['PATH']}"})
    files = lambda root: {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    everything = files(installed)
    exporters = {name for name in everything if "memcoord-exporter" in name or name.startswith("usr/share/memcoord/")}
    pages = {name for name in everything if name.startswith("usr/share/cockpit/") or name.endswith(PAGE_METAINFO)}
    packages = re.findall(r"^Package: (.*)$", (debian / "control").read_text(), re.M)
    assert {name: files(debian / name) for name in packages} == {
        "memcoord": everything - exporters - pages, "memcoord-exporter": exporters, "memcoord-cockpit": pages}


def test_both_formats_have_the_same_packages(source_root):
    packaging = source_root / "data/packaging"
    ours = re.findall(r"^Package: (.*)$", (packaging / "debian/control").read_text(), re.M)
    assert ours == ["memcoord", *(f"memcoord-{name}" for name in re.findall(r"^%package (.*)$", (packaging / "memcoord.spec").read_text(), re.M))]


def test_upgrade_of_the_service_alone_removes_no_package(debian):
    """Who names memcoord_*.deb alone keeps the others: what they need of it is in each later version."""
    wanted = re.findall(r"^ memcoord \((.*)\),$", (debian / "control").read_text(), re.M)
    assert wanted == [">= ${source:Version}"] * 2


def test_every_test_of_debians_packages_is_run(source_root):
    tests = source_root / "data/packaging/debian/tests"
    listed = " ".join(re.findall(r"^Tests: (.*)$", (tests / "control").read_text(), re.M)).split()
    assert {path.name for path in tests.iterdir() if os.access(path, os.X_OK)} == set(listed)
    for name in listed:
        run("sh", "-n", tests / name)


def test_page_asks_for_the_cockpit_that_its_packages_require(source_root):
    version = json.loads((source_root / "src/cockpit/manifest.json").read_text())["requires"]["cockpit"]
    packaging = source_root / "data/packaging"
    assert f" cockpit-bridge (>= {version}),\n" in (packaging / "debian/control").read_text()
    assert re.search(rf"^Requires: +cockpit-bridge >= {version}$", (packaging / "memcoord.spec").read_text(), re.M)
