# SPDX-License-Identifier: LGPL-2.1-or-later
"""What suites have in common. A suite, or a file, that needs a fixture otherwise overrides it. The options are in pytest.ini."""

import os

import pytest

from common import BUILD, MIB, SOURCE
from common.bus import own_bus
from common.languages import make_locale
from common.service import running_service


def pytest_collection_modifyitems(config, items):
    """What takes minutes is left out, but where MEMCOORD_FULL_FAULTS is set."""
    if "MEMCOORD_FULL_FAULTS" not in os.environ:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(scope="session")
def source_root():
    return SOURCE


@pytest.fixture(scope="session")
def build_root():
    return BUILD


@pytest.fixture(scope="session")
def speaking(tmp_path_factory):
    """What a program needs in its environment to speak a language: `speaking("de")`."""
    directory = tmp_path_factory.mktemp("locales")
    make_locale(directory)
    return lambda language: {"LANGUAGE": language, "LC_ALL": "en_US.UTF-8", "LOCPATH": str(directory)}


@pytest.fixture
def bus():
    """The address of a bus that a test has to itself."""
    with own_bus() as address:
        yield address


@pytest.fixture
def environment(bus, build_root):
    """What programs run in: that bus, ours first, UTF-8, no language, no colours asked for or refused."""
    dropped = ("NO_COLOR", "LANGUAGE", "LANG", "COLUMNS")
    kept = {key: value for key, value in os.environ.items() if key not in dropped and not key.startswith("LC_")}
    return kept | {"DBUS_SESSION_BUS_ADDRESS": bus, "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "xterm",
                   "PATH": f"{build_root / 'src'}:{kept['PATH']}", "MEMCOORD_LOCALEDIR": str(build_root / "po")}


@pytest.fixture
def service(bus):
    """The service on a steered hypervisor with two VMs at rest."""
    with running_service(bus, {"web": 1024 * MIB, "db": 1024 * MIB}) as running:
        yield running
