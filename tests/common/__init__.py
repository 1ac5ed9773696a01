# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the suites share: the tree and the build that is tested, one wait, one bus client (bus.py), who calls the service
(bus_watch.py), the service on a steered hypervisor (service.py), one libvirtd (libvirtd.py), the adapter by itself (probe.py), one
mount namespace (namespace.py).
"""

from .project import BUILD, MIB, SOURCE, is_sanitized, systemd_version
from .wait import wait_until

__all__ = ["BUILD", "MIB", "SOURCE", "is_sanitized", "systemd_version", "wait_until"]
