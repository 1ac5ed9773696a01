#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody at a terminal: logs a user in, types a command, answers what asks for a password, prints all that was shown.

Usage: terminal.py USER PASSWORD COMMAND
"""

import os
import pty
import select
import sys
import termios
import time

PATIENCE_S = 30


class Terminal:
    def __init__(self, user):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execvp("su", ["su", "--login", user])
        self.shown = ""

    def type(self, text):
        os.write(self.fd, f"{text}\n".encode())

    def type_unseen(self, text):
        """What is typed before the echo is turned off is thrown away with it."""
        deadline = time.monotonic() + PATIENCE_S
        while termios.tcgetattr(self.fd)[3] & termios.ECHO:
            if time.monotonic() > deadline:
                sys.exit(f"the password would be seen:\n{self.shown}")
            time.sleep(0.01)
        self.type(text)

    def wait_for(self, *texts):
        """Returns the one of them that was shown first since the last one, or None at the end."""
        seen = len(self.shown)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for text in texts:
                if text in self.shown[seen:]:
                    return text
            if not select.select([self.fd], [], [], 1)[0]:
                continue
            try:
                self.shown += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:  # how a terminal tells that nobody is there any more
                return None
        sys.exit(f"neither of {texts} within {PATIENCE_S} s:\n{self.shown}")


def main(user, password, command):
    terminal = Terminal(user)
    terminal.wait_for("$ ")
    terminal.type(f"{command}; echo status=$?")
    while (shown := terminal.wait_for("Password: ", "status=0", "status=1", "status=5")) == "Password: ":
        terminal.type_unseen(password)
    print(terminal.shown)


main(*sys.argv[1:])
