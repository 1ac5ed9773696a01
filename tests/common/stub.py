# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service that says what a test likes."""

import json
import signal
import subprocess
import sys
from pathlib import Path


class Stub:
    """The service's name on the bus, with properties that a test writes itself."""

    def __init__(self, environment):
        self.environment = environment
        self.process = None

    def start(self, host, vms=(), meanwhile=None):
        """See stub_service.py."""
        program = Path(__file__).with_name("stub_service.py")
        told = {"host": host, "vms": list(vms), "meanwhile": meanwhile or {}}
        self.process = subprocess.Popen([sys.executable, program, json.dumps(told)], env=self.environment,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None
