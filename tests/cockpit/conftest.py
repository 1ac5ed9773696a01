# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page in a real Chromium, from a real cockpit-ws and cockpit-bridge, on a private bus with the service on a steered hypervisor."""

import pytest

from browser import own_browser
from common import BUILD, SOURCE
from common.past import own_past
from webserver import own_cockpit


@pytest.fixture(scope="session")
def page_directory():
    """The page as it was built, or as the release has it."""
    found = [path for path in (BUILD / "src/cockpit", SOURCE / "src/cockpit/dist") if (path / "index.js").exists()]
    assert found, "the page was not built: run src/cockpit/fetch-libraries, and set the build up again"
    return found[0]


@pytest.fixture
def cockpit(bus, page_directory, tmp_path):
    """The address of a cockpit-ws whose system bus is the test's own."""
    with own_cockpit(bus, page_directory, tmp_path) as address:
        yield address


@pytest.fixture
def past(bus, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    with own_past(bus, state) as past:
        yield past


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    with own_browser(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def browser(chromium):
    """As new for each test. Its console has to be empty at the end."""
    chromium.forget()
    yield chromium
    assert chromium.complaints() == []
    chromium.driver.get("about:blank")


@pytest.fixture
def page(cockpit, service, browser):
    """The page, open, with the service there."""
    browser.open(cockpit)
    browser.wait_for("[data-vm]")
    return browser
