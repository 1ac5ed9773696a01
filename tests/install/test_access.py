# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt with its own access control: it asks polkit about each thing that is done, and the rule that is installed grants what
the service needs, and no more.
"""

import re

import pytest

from common import MIB, wait_until

VM = "org.example.MemCoord1.VM"
ACTION = re.compile(r'"(org\.libvirt\.api\.[a-z.-]+)"')
RULES = "/usr/share/polkit-1/rules.d/50-memcoord-libvirt.rules"
STRICT = "/etc/polkit-1/rules.d/99-strict.rules"
DENY = """polkit.addRule(function (action, subject) {
    return action.id.indexOf("org.libvirt.api.") == 0 ? polkit.Result.NO : polkit.Result.NOT_HANDLED;
});
"""
NAMESPACE = "https://example.org/memcoord/1"
# What each action is needed for, as its user does it.
NEEDED = {
    "org.libvirt.api.connect.getattr": ("list",),
    "org.libvirt.api.connect.search-domains": ("domstats", "--balloon"),
    "org.libvirt.api.connect.read": ("nodememstats",),
    "org.libvirt.api.domain.getattr": ("domuuid", "guarded"),
    "org.libvirt.api.domain.read": ("dumpxml", "guarded"),
    "org.libvirt.api.domain.write": ("setmem", "guarded", "300M", "--live"),
    "org.libvirt.api.domain.save": ("metadata", "guarded", "--uri", "urn:test", "--key", "t", "--set", "<t/>", "--live", "--config"),
}


def restart(machine):
    machine.run("systemctl", "restart", "libvirtd.service")
    machine.run("systemctl", "restart", "memcoordd")
    wait_until(lambda: machine.get("State") == "running", 20, "the service to run")


@pytest.fixture(scope="module")
def guarded(machine):
    """A guest of that name, below a libvirtd with access control."""
    before = machine.run("cat", "/etc/libvirt/libvirtd.conf").stdout
    machine.run("sh", "-c", """echo 'access_drivers = [ "polkit" ]' >>/etc/libvirt/libvirtd.conf""")
    restart(machine)
    yield machine.add_guest("guarded", 512 * MIB)
    machine.virsh("destroy", "guarded")
    machine.run("sh", "-c", 'printf %s "$0" >/etc/libvirt/libvirtd.conf', before)
    restart(machine)


def as_service(machine, *words):
    return machine.run("virsh", "-q", "-c", "qemu:///system", *words, user="memcoord", check=False)


def test_all_works_by_the_rule_that_is_installed(machine, guarded):
    def vm(name):
        return machine.get(name, guarded.object_path, VM)

    wait_until(lambda: vm("Status") == "managed", 30, "the guest to be managed")
    assert "<stats period='1'/>" in machine.virsh("dumpxml", "guarded").stdout
    machine.run("memcoordctl", "set", "guarded", "weight=200", "minimum=100M", "maximum=400M")
    wait_until(lambda: (vm("Balloon") or 512 * MIB) <= 400 * MIB, 30, "the guest to have its maximum")
    for options in ((), ("--config",)):
        kept = machine.virsh("metadata", "guarded", "--uri", NAMESPACE, *options).stdout
        assert "weight>200<" in kept and "minimum>100M<" in kept
    machine.virsh("suspend", "guarded")
    wait_until(lambda: vm("Status") == "suspended", 10, "libvirt's event of its suspension")
    machine.virsh("resume", "guarded")
    wait_until(lambda: vm("Status") == "managed", 30, "the guest to be managed again")
    assert "access denied" not in str(machine.journal())
    machine.run("systemctl", "stop", "memcoordd")
    assert "stats period" not in machine.virsh("dumpxml", "guarded").stdout
    machine.run("systemctl", "start", "memcoordd")


@pytest.mark.parametrize("words", [
    ("destroy", "guarded"), ("shutdown", "guarded"), ("reset", "guarded"), ("suspend", "guarded"), ("undefine", "guarded"),
    ("save", "guarded", "/tmp/saved"), ("dumpxml", "guarded", "--security-info"),
    ("pool-create-as", "pool", "dir", "--target", "/tmp"),
], ids=lambda words: words[0])
def test_nothing_else_may_be_done(machine, guarded, words):
    refused = as_service(machine, *words)
    assert refused.returncode != 0
    assert "access denied" in refused.stderr
    assert machine.virsh("domstate", "guarded").stdout.strip() == "running"


def test_every_action_that_is_granted_is_known_to_libvirt(machine, guarded):
    granted = ACTION.findall(machine.run("cat", RULES).stdout)
    known = machine.run("cat", "/usr/share/polkit-1/actions/org.libvirt.api.policy").stdout
    assert set(granted) == set(NEEDED)
    assert [action for action in granted if f'<action id="{action}">' not in known] == []


@pytest.fixture(scope="module")
def strict(machine, guarded):
    """Everybody may read by what libvirt brings along: here nobody may do what no rule grants."""
    machine.run("sh", "-c", 'mkdir -p "$(dirname "$0")"; printf %s "$1" >"$0"', STRICT, DENY)
    wait_until(lambda: as_service(machine, "net-list").returncode != 0, 10, "polkit to have read the rule")
    yield
    machine.run("rm", STRICT)


def test_it_works_where_everything_else_is_denied(machine, guarded, strict):
    restart(machine)
    wait_until(lambda: machine.get("Status", guarded.object_path, VM) == "managed", 30, "the guest to be managed")
    machine.run("memcoordctl", "set", "guarded", "weight=300")
    assert "access denied" not in str(machine.journal(f"_PID={machine.show('MainPID')}"))


@pytest.mark.parametrize("action", NEEDED, ids=lambda action: action.removeprefix("org.libvirt.api."))
def test_every_action_that_is_granted_is_needed(machine, guarded, strict, action):
    assert as_service(machine, *NEEDED[action]).returncode == 0
    machine.run("sed", "-i", f's/"{action}"/"none"/', RULES)
    try:
        wait_until(lambda: as_service(machine, *NEEDED[action]).returncode != 0, 10, "polkit to have read the rule")
    finally:
        machine.run("sed", "-i", f's/"none"/"{action}"/', RULES)
        wait_until(lambda: as_service(machine, *NEEDED[action]).returncode == 0, 10, "polkit to have read it again")
