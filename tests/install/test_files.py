# SPDX-License-Identifier: LGPL-2.1-or-later
"""`meson install` puts each file where a distribution, and the program that reads it, wants it; each is accepted there."""

import configparser
import gettext
import os
import re
import subprocess
import xml.etree.ElementTree as tree

import pytest

from common import systemd_version


def unit_directory():
    """Where systemd says, if it does: Debian 12's calls /usr/lib by its old name."""
    told = subprocess.run(["pkg-config", "--variable=systemdsystemunitdir", "systemd"], capture_output=True, text=True).stdout
    return told.strip().lstrip("/") or "usr/lib/systemd/system"


UNIT = f"{unit_directory()}/memcoordd.service"
EXPORTER = f"{unit_directory()}/memcoord-exporter.service"
# The first systemd that has reports.
REPORT = (EXPORTER.replace(".service", "-report@.service"),) if systemd_version() >= 260 else ()
UNITS = (UNIT, EXPORTER, *REPORT)
LANGUAGES = ("de", "fr", "zh_CN")
PROGRAMS = {"usr/bin/memcoordctl", "usr/libexec/memcoord-exporter", "usr/libexec/memcoordd"}
FILES = PROGRAMS | {
    "etc/memcoord/memcoord.conf",
    *UNITS,
    EXPORTER.replace(".service", ".socket"),
    *(unit.replace("@.service", ".socket") for unit in REPORT),
    "usr/lib/systemd/catalog/memcoord.catalog",
    "usr/lib/sysusers.d/memcoord-exporter.conf",
    "usr/lib/sysusers.d/memcoord.conf",
    "usr/share/bash-completion/completions/memcoordctl",
    "usr/share/dbus-1/interfaces/org.example.MemCoord1.VM.xml",
    "usr/share/dbus-1/interfaces/org.example.MemCoord1.xml",
    "usr/share/dbus-1/system-services/org.example.MemCoord.service",
    "usr/share/dbus-1/system.d/org.example.MemCoord.conf",
    "usr/share/fish/vendor_completions.d/memcoordctl.fish",
    "usr/share/man/man1/memcoordctl.1",
    "usr/share/man/man5/memcoord.conf.5",
    "usr/share/man/man5/org.example.MemCoord1.5",
    "usr/share/man/man8/memcoord-exporter.8",
    "usr/share/man/man8/memcoordd.8",
    "usr/share/memcoord/grafana/memcoord.json",
    "usr/share/memcoord/prometheus/memcoord.rules.yml",
    "usr/share/metainfo/org.example.MemCoord.metainfo.xml",
    "usr/share/polkit-1/actions/org.example.MemCoord1.policy",
    "usr/share/polkit-1/rules.d/50-memcoord-libvirt.rules",
    "usr/share/zsh/vendor-completions/_memcoordctl",
} | {f"usr/share/locale/{language}/LC_MESSAGES/memcoord.mo" for language in LANGUAGES}
PAGE = {
    "usr/share/metainfo/org.example.MemCoord.cockpit.metainfo.xml",
} | {
    f"usr/share/cockpit/memcoord/{name}" for name in (
        "RedHatDisplayVF.woff2", "RedHatTextVF.woff2", "index.css", "index.html", "index.js", "index.js.LEGAL.txt", "manifest.json",
        *(f"po.{language}.js" for language in LANGUAGES), *(f"po.manifest.{language}.js" for language in LANGUAGES))
}


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)


def test_everything_is_there_and_nothing_else(installed, build_root):
    """The Cockpit page where it was built."""
    found = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if not path.is_dir()}
    assert found == FILES | (PAGE if (build_root / "src/cockpit/index.js").exists() else set())


def test_programs_alone_can_be_run(installed):
    assert {name for name in FILES if os.access(installed / name, os.X_OK)} == PROGRAMS


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_program_runs_and_tells_its_version(installed, source_root, program):
    version = re.search(r"version: '([\d.]+)'", (source_root / "meson.build").read_text()).group(1)
    assert run(installed / program, "--version", check=True).stdout == f"{program.split('/')[-1]} {version}\n"


def needed_by(program):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--dynamic", program, check=True).stdout)


@pytest.mark.parametrize("program, foreign", [
    ("usr/bin/memcoordctl", ("libvirt", "libpolkit", "libsystemd", "libxml", "libmicrohttpd")),
    ("usr/libexec/memcoord-exporter", ("libvirt", "libpolkit", "libxml")),
    ("usr/libexec/memcoordd", ("libmicrohttpd",)),
])
def test_program_needs_no_library_that_is_not_its_own(installed, program, foreign):
    needed = needed_by(installed / program)
    assert [name for name in needed if name.startswith("libgio")]
    assert [name for name in needed if name.startswith(foreign)] == []


def test_unit_starts_what_is_installed(installed):
    for name in UNITS:
        unit = (installed / name).read_text()
        assert f"ExecStart=/usr/libexec/{re.sub(r'(-report@)?[.]service', '', name.split('/')[-1])}\n" in unit
        assert "@" not in unit.replace("@system-service", "").replace("@privileged", "").replace("@resources", "")


def test_exporter_listens_where_its_page_says_and_on_loopback_alone(installed, source_root):
    addresses = re.findall(r"^Listen\w+=(.*)$", (installed / EXPORTER.replace(".service", ".socket")).read_text(), re.M)
    assert len(addresses) == 1 and addresses[0].startswith("127.0.0.1:")
    page = (source_root / "data/man/memcoord-exporter.rst").read_text()
    assert f'targets: ["{addresses[0]}"]' in page and f"--listen={addresses[0]} " in page


@pytest.mark.parametrize("unit", UNITS)
def test_unit_is_hardened(installed, unit):
    """The threshold is ten times the exposure: at most 1.5."""
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=15", installed / unit)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_gate_on_hardening_sees_a_soft_unit(installed, tmp_path):
    soft = tmp_path / "memcoordd.service"
    soft.write_text("".join(line for line in (installed / UNIT).open() if not line.startswith(("Protect", "Capability"))))
    assert run("systemd-analyze", "security", "--offline=true", "--threshold=15", soft).returncode != 0


@pytest.mark.parametrize("user, home, unit", [("memcoord", "/var/lib/memcoord", UNIT), ("memcoord-exporter", "/", EXPORTER)])
def test_sysusers_makes_the_user_of_the_unit(installed, tmp_path, user, home, unit):
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", installed / f"usr/lib/sysusers.d/{user}.conf", check=True)
    users = [line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines()]
    name, _, uid, _, _, its_home, shell = next(one for one in users if one[0] == user)
    assert 0 < int(uid) < 1000
    assert (its_home, shell) == (home, "/usr/sbin/nologin")
    assert f"User={name}\n" in (installed / unit).read_text()


def test_catalogue_is_accepted_and_explains_every_entry(installed, source_root, tmp_path):
    written = set(re.findall(r'#define ID_\w+ +"([0-9a-f]{32})"', (source_root / "src/service/events.c").read_text()))
    assert len(written) > 10
    directory = tmp_path / "usr/lib/systemd/catalog"
    directory.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    (directory / "memcoord.catalog").write_bytes((installed / "usr/lib/systemd/catalog/memcoord.catalog").read_bytes())
    updated = run("journalctl", f"--root={tmp_path}", "--update-catalog")
    assert (updated.returncode, updated.stderr) == (0, "")
    listed = run("journalctl", f"--root={tmp_path}", "--list-catalog", check=True).stdout
    assert set(re.findall(r"^([0-9a-f]{32}) MemCoord:", listed, re.M)) == written


def test_catalogue_names_fields_that_are_written(installed, source_root):
    catalogue = (installed / "usr/lib/systemd/catalog/memcoord.catalog").read_text()
    source = (source_root / "src/service/events.c").read_text()
    named = set(re.findall(r"@(MEMCOORD_\w+)@", catalogue))
    assert named and named <= set(re.findall(r'"(MEMCOORD_\w+)"', source))


def test_activation_asks_for_what_enabling_makes(installed):
    service = configparser.ConfigParser(interpolation=None)
    service.optionxform = str
    service.read(installed / "usr/share/dbus-1/system-services/org.example.MemCoord.service")
    assert dict(service["D-BUS Service"]) == {
        "Name": "org.example.MemCoord", "Exec": "/bin/false", "User": "root",
        "SystemdService": "dbus-org.example.MemCoord.service",
    }
    assert "\nAlias=dbus-org.example.MemCoord.service\n" in (installed / UNIT).read_text()


def test_interfaces_are_those_of_the_service(installed, source_root):
    for path in (installed / "usr/share/dbus-1/interfaces").glob("*.xml"):
        assert [element.get("name") for element in tree.parse(path).getroot()] == [path.stem]
        assert path.read_bytes() == (source_root / "introspection" / path.name).read_bytes()


def test_descriptions_of_polkit_are_translated(installed):
    policy = tree.parse(installed / "usr/share/polkit-1/actions/org.example.MemCoord1.policy").getroot()
    actions = policy.findall("action")
    assert [action.get("id") for action in actions] == ["org.example.MemCoord1.configure", "org.example.MemCoord1.pause"]
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    for action in actions:
        for tag in ("description", "message"):
            texts = {element.get(lang): element.text for element in action.findall(tag)}
            assert set(texts) == {None, *LANGUAGES}
            assert len(set(texts.values())) == len(texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_are_translated_where_they_are_looked_for(installed, language):
    found = gettext.translation("memcoord", installed / "usr/share/locale", [language])
    assert found.gettext("Commands:") != "Commands:"
