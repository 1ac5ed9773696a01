# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tree, and the build of it that is tested."""

import json
import os
import re
import subprocess
from pathlib import Path

MIB = 1 << 20
SOURCE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MEMCOORD_BUILD") or SOURCE / "build").resolve()


def is_sanitized():
    """Whether what is tested was built with a sanitizer, which makes it slower and larger."""
    options = json.loads(BUILD.joinpath("meson-info/intro-buildoptions.json").read_text())
    return next(option["value"] for option in options if option["name"] == "b_sanitize") != "none"


def systemd_version():
    """Of this machine; what is built for it follows from that."""
    told = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.match(r"systemd (\d+)", told).group(1))
