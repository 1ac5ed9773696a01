# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the shells offer after memcoordctl."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess

import pytest

from common import wait_until

HOST_THRESHOLDS = ["low-watermark", "high-watermark", "host-reserve", "host-usage-limit", "step-limit", "interval"]
VM_THRESHOLDS = ["low-watermark", "high-watermark", "minimum", "maximum", "weight", "managed"]

BASH = """
source "$COMPLETION"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
$(complete -p memcoordctl | sed 's/.*-F \\([^ ]*\\).*/\\1/') 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def bash(source_root, environment):
    def complete(*words):
        script = environment | {"COMPLETION": str(source_root / "data/completions/memcoordctl.bash")}
        done = subprocess.run(["bash", "--norc", "-c", BASH, "bash", "memcoordctl", "--session", *words], env=script,
                              capture_output=True, text=True, check=True, timeout=20)
        assert done.stderr == ""
        return done.stdout.split()
    return complete


@pytest.fixture
def fish(source_root, environment, tmp_path):
    def complete(line):
        home = environment | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
        script = f"source {source_root / 'data/completions/memcoordctl.fish'}; complete -C $argv[1]"
        done = subprocess.run(["fish", "--no-config", "-c", script, f"memcoordctl --session {line}"], env=home,
                              capture_output=True, text=True, check=True, timeout=20)
        assert done.stderr == ""
        return [offer.split("\t")[0] for offer in done.stdout.splitlines()]
    return complete


class Shell:
    """A shell on a terminal, as somebody uses it: words are typed, the tabulator completes."""

    def __init__(self, command, environment, home, *setup):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment | {"HOME": str(home), "TERM": "dumb"})
        self.text = ""
        self.type("PS1='ready> '; stty columns 200\n")
        for line in setup:
            self.type(f"{line}\n")
        self.type("echo lo''aded\n")
        self.wait_for("loaded.*ready> $")

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, pattern):
        wait_until(lambda: re.search(pattern, self.text, re.S), 20, lambda: f"{pattern}, and not {self.text!r}", self.read)

    def read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            self.text += os.read(self.fd, 65536).decode(errors="replace")

    def complete(self, line, pattern):
        """Types a line and the tabulator, until what is on the screen fits; then takes it back."""
        self.text = ""
        self.type(f"{line}\t\t")
        self.wait_for(pattern)
        self.text = ""
        self.type("\x15echo taken''back\n")
        self.wait_for("takenback\r\n.*ready> $")

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def zsh(source_root, environment, tmp_path):
    shell = Shell(["zsh", "-f", "-i"], environment, tmp_path, "unset zle_bracketed_paste; setopt no_beep no_prompt_sp",
                  f"fpath=({source_root / 'data/completions'} $fpath); autoload -U compinit; compinit -u -D")
    yield shell.complete
    shell.end()


@pytest.fixture
def typed_bash(source_root, environment, tmp_path):
    """bash with bash-completion, which finds ours where it is installed, by its name."""
    installed = tmp_path / "completions"
    installed.mkdir()
    shutil.copy(source_root / "data/completions/memcoordctl.bash", installed / "memcoordctl")
    shell = Shell(["bash", "--norc", "-i"], environment | {"BASH_COMPLETION_USER_DIR": str(tmp_path)}, tmp_path,
                  "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'",
                  ". /usr/share/bash-completion/bash_completion")
    yield shell.complete
    shell.end()


def test_bash(service, bash):
    vms = sorted(service.vms())
    assert "status" in bash("") and "monitor" in bash("") and "__complete" not in bash("")
    assert bash("inh") == ["inhibit", "inhibitors"]
    for command in ("show", "why", "history", "pause", "resume"):
        assert bash(command, "") == vms
    assert bash("show", "w") == ["web"]
    assert bash("show", "web", "") == []
    assert bash("set", "") == vms + [f"{name}=" for name in HOST_THRESHOLDS]
    assert bash("set", "web", "") == [f"{name}=" for name in VM_THRESHOLDS]
    assert bash("set", "interval", "=", "5", "low") == ["low-watermark="]
    assert bash("reset", "") == vms + HOST_THRESHOLDS
    assert bash("reset", "db", "m") == ["minimum", "maximum", "managed"]
    assert bash("give-back", "") == bash("give-back", "web", "") == vms
    assert bash("dry-run", "") == ["on", "off"]
    assert bash("pause", "--f") == ["--for="]
    assert bash("world", "--f") == ["--force"]
    assert bash("history", "--s") == ["--session", "--since="]
    assert bash("history", "--since", "2h", "w") == ["web"]
    assert bash("check", "--w") == ["--warning="]
    assert bash("metrics", "--f") == ["--format="]
    assert bash("metrics", "--format", "=", "o") == ["openmetrics"]
    assert bash("check", "-c", "5m", "--cr") == ["--critical="]
    assert bash("pause", "--for", "10m", "w") == ["web"]
    assert bash("--ho") == ["--host="]
    assert bash("--host", "alpha", "st") == ["status"]
    assert bash("--color", "") == ["auto", "always", "never"]
    assert bash("--color", "=", "al") == ["always"]
    assert "true" in bash("inhibit", "tru")


def test_bash_as_it_is_typed(service, typed_bash):
    typed_bash("memcoordctl --session show w", "show web ")
    typed_bash("memcoordctl --session show ", r"\bdb\b.*\bweb\b")
    typed_bash("memcoordctl --session set web we", "set web weight=$")
    typed_bash("memcoordctl --session set interval=5 low", "interval=5 low-watermark=$")
    typed_bash("memcoordctl --session --color=al", "--color=always ")
    typed_bash("memcoordctl --session pause --fo", "--for=$")
    typed_bash("memcoordctl --session inhibit memcoordc", "inhibit memcoordctl ")


def test_bash_without_a_service(bash):
    assert bash("show", "") == []
    assert bash("set", "") == [f"{name}=" for name in HOST_THRESHOLDS]


def test_bash_quotes(service, bash):
    service.tell("add", "odd$name", 64 << 20)
    service.wait_until(lambda: "odd$name" in service.vms())
    assert bash("show", "odd") == [r"odd\$name"]


def test_fish(service, fish):
    vms = set(service.vms())
    assert {"status", "monitor"} <= set(fish("")) and "__complete" not in fish("")
    for command in ("show", "why", "history", "pause", "resume"):
        assert set(fish(f"{command} ")) == vms
    assert fish("show web ") == []
    assert set(fish("set ")) == vms | {f"{name}=" for name in HOST_THRESHOLDS}
    assert set(fish("set web ")) == {f"{name}=" for name in VM_THRESHOLDS}
    assert fish("reset db mi") == ["minimum"]
    assert set(fish("give-back ")) == set(fish("give-back web ")) == vms
    assert set(fish("dry-run ")) == {"on", "off"}
    assert fish("pause --fo") == ["--for"]
    assert fish("world --fo") == ["--force"]
    assert fish("check --cri") == ["--critical"]
    assert fish("--ho") == ["--host"] and fish("-H alpha show w") == ["web"]
    assert set(fish("metrics --format ")) == {"openmetrics", "prometheus"}
    assert fish("pause --for 10m w") == ["web"]


def test_fish_without_a_service(fish):
    assert fish("show ") == []


def test_zsh(service, zsh):
    zsh("memcoordctl --session show w", "show web ")
    zsh("memcoordctl --session show ", r"\bdb\b.*\bweb\b")
    zsh("memcoordctl --session set ", r"high-watermark.*host-reserve")
    zsh("memcoordctl --session set web we", "set web weight=")
    zsh("memcoordctl --session reset db mi", "reset db minimum")
    zsh("memcoordctl --session give-back web d", "give-back web db ")
    zsh("memcoordctl --session dry-run o", "off.*on")
    zsh("memcoordctl --session mon", "--session monitor ")
    zsh("memcoordctl --session inh", "inhibit.*inhibitors")
    zsh("memcoordctl --session pause --fo", "--for")
    zsh("memcoordctl --session world --fo", "--force")
    zsh("memcoordctl --session check --cri", "--critical")
    zsh("memcoordctl --session --ho", "--host=")
    zsh("memcoordctl --session metrics --format=o", "--format=openmetrics")
