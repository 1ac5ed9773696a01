# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the page shows: live, in each state of the service, and with many VMs."""

import contextlib
import os
import re
import signal
import subprocess
import time

import pytest
from gi.repository import GLib

from browser import NOTES, WAIT_S
from common import MIB, wait_until
from common.bus import HOST, NAME, ROOT
from common.bus_watch import calls_of
from common.service import running_service, start_service, stop_service
from common.stub import Stub

# Bounds for a machine with other work. What it takes on one without is 1 s and 300 ms.
FIRST_CONTENT_MS = 8000
SHOWN_MS = 2000

UNFOLD_ALL = "document.querySelectorAll('[data-vm] button').forEach(button => button.click())"

# What is done once a minute is done when a test says so.
MINUTES = """
    window.eachMinute = [];
    const every = window.setInterval;
    window.setInterval = (act, ms) => ms === 60000 ? (window.eachMinute.push(act), 0) : every(act, ms);
"""

REFUSED_ONCE = """
    const { dbus } = cockpit;
    cockpit.dbus = (...opened) => {
        const client = dbus(...opened);
        const { call } = client;
        client.call = (path, iface, method, ...more) => {
            if (method !== "GetDecisions")
                return call(path, iface, method, ...more);
            cockpit.dbus = dbus;
            return Promise.reject({ message: "refused by the test" });
        };
        return client;
    };
"""

# A second is as long as twenty.
IMPATIENT = """
    const { dbus } = cockpit;
    cockpit.dbus = (...opened) => {
        const client = dbus(...opened);
        const { call } = client;
        client.call = (path, iface, method, args, options) =>
            call(path, iface, method, args, { ...options, timeout: options.timeout && options.timeout / 20 });
        return client;
    };
"""


class Starts:
    def __init__(self, bus, file):
        self.bus, self.file = bus, file

    def names(self):
        """Of all services that the bus was asked to start since the last time. One of our own marks the end."""
        subprocess.run(["gdbus", "call", "--address", self.bus, "--dest", "org.freedesktop.DBus", "--object-path", "/org/freedesktop/DBus",
                        "--method", "org.freedesktop.DBus.StartServiceByName", "org.example.Mark", "0"], stderr=subprocess.DEVNULL)
        wait_until(lambda: "org.example.Mark" in self.file.read_text(), WAIT_S, "what comes last")
        found = re.findall(r'^   string "(.*)"$', self.file.read_text(), re.M)
        self.file.write_text("")
        return found[:found.index("org.example.Mark")]


@contextlib.contextmanager
def starts_of(bus, directory):
    file = directory / "starts"
    with open(file, "a", encoding="utf-8") as output:
        monitor = subprocess.Popen(["dbus-monitor", "--address", bus, "type='method_call',member='StartServiceByName'"], stdout=output)
        try:
            wait_until(lambda: "NameLost" in file.read_text(), WAIT_S, "the monitor")
            file.write_text("")
            yield Starts(bus, file)
        finally:
            monitor.terminate()
            monitor.wait()


@pytest.fixture
def hundred(bus):
    with running_service(bus, {f"vm{i}": 96 * MIB for i in range(100)}) as service:
        yield service


def test_host_and_vms_are_shown(page):
    page.wait_for_text("512 MiB of 1 GiB", page.row("web"))
    assert "Managed" in page.text(page.row("db"))
    host = page.text("section[aria-labelledby=host-title]")
    assert "Running" in host and "of 8 GiB" in host and "2 of 2" in host
    assert "Held less than the maximum\n1 GiB" in host and "In need in the last hour\n0s" in host


def test_hundred_vms_are_there_with_two_calls_and_the_past_of_the_host(bus, hundred, cockpit, browser, tmp_path):
    browser.inject(NOTES)
    with calls_of(bus, tmp_path) as calls:
        browser.open(cockpit)
        wait_until(lambda: len(browser.all("[data-vm]")) == 100, WAIT_S, "100 rows")
        hundred.tell("unused", "vm50", 5 * MIB)
        browser.wait_for_text("Needs memory", browser.row("vm50"))
        assert calls.members() == ["GetAll", "GetManagedObjects", "GetHistory"]
        browser.unfold("vm50")
        wait_until(lambda: "48 MiB to" in browser.text(".mc-details table"), WAIT_S, "its decisions")
        assert set(calls.members()) == {"GetDecisions", "GetMoves", "GetHistory"}
    assert browser.driver.execute_script("return window.notes.first") < FIRST_CONTENT_MS


def test_change_is_shown_at_once(service, cockpit, browser):
    browser.inject(NOTES)
    browser.open(cockpit)
    browser.wait_for(browser.row("web"))
    signalled = {}
    service.subscribe(lambda path, member, arguments: signalled.setdefault(arguments[1].get("Balloon"), time.time() * 1000),
                      member="PropertiesChanged")
    service.tell("need", "web")
    service.wait_until(lambda: 716 * MIB in signalled, WAIT_S)
    browser.wait_for_text("716 MiB of 1 GiB", browser.row("web"))
    shown = browser.driver.execute_script("return window.notes.web.time")
    assert shown - signalled[716 * MIB] < SHOWN_MS


def test_why_a_vm_is_small_is_found(page, service):
    service.tell("need", "web")
    page.wait_for_text("Needs memory", page.row("web"))
    page.unfold("web")
    page.wait_for_text("is at or below 100 MiB", ".mc-details")
    page.wait_for_text("512 MiB to 716 MiB", ".mc-details")
    page.wait_for_text("Needs memory: headroom of 20 MiB", ".mc-details table")
    assert "Its memory follows its need." in page.text(".mc-details")


def test_plots_and_bars_have_their_figures_in_words(page, service):
    page.unfold("web")
    service.tell("need", "web")
    page.wait_for_text("716 MiB", page.row("web"))
    plot = page.wait_for(".mc-details .mc-plot [role=img]")
    wait_until(lambda: "Balloon between 512 MiB and 716 MiB, now 716 MiB" in plot.accessible_name, WAIT_S, lambda: plot.accessible_name)
    bar = page.wait_for(f"{page.row('web')} .mc-bar")
    assert bar.accessible_name.startswith("Balloon 716 MiB: ")
    assert bar.accessible_name.endswith("minimum 64 MiB, maximum 1 GiB")


def test_past_outlives_the_service(past, cockpit, browser):
    """Who looks today sees what became of a VM yesterday."""
    service = past.start(later=-3 * 3600)
    recorded = lambda: [row[1] for row in service.call(ROOT, HOST, "GetHistory", GLib.Variant("(ottu)", (service.path("web"), 0, 0, 0)))[1]]
    wait_until(lambda: 512 * MIB in recorded(), WAIT_S, "what it had to be recorded")
    service.tell("need", "web")
    wait_until(lambda: 716 * MIB in recorded(), WAIT_S, "what it was given to be recorded")
    past.stop()
    past.start(later=3 * 3600)
    browser.open(cockpit)
    browser.wait_for("[data-vm]")
    browser.unfold("web")
    browser.wait_for_text("512 MiB to 716 MiB Needs memory", ".mc-details table")
    plot = lambda: browser.wait_for(".mc-details .mc-plot [role=img]").accessible_name
    assert "716 MiB" not in plot()
    browser.press("Day", ".mc-details")
    wait_until(lambda: "the last 3h: Balloon between 512 MiB and 716 MiB, now 512 MiB" in plot(), WAIT_S, plot)
    drawn = browser.wait_for(".mc-details .mc-line.mc-Balloon").get_attribute("d")
    assert drawn.count("M") == 2, f"{drawn} does not leave out the three hours in which nothing was seen"


def test_rows_that_are_opened_at_once_have_all_of_their_past(past, cockpit, browser):
    """The service refuses a client that has more than four such questions under way."""
    names = [f"vm{i}" for i in range(6)]
    service = past.start(*names)
    for name in names:
        service.tell("need", name)
    service.wait_until(lambda: all(vm["Target"] == 716 * MIB for vm in service.vms().values()), WAIT_S)
    past.stop()
    service = past.start(*names, later=3600)
    browser.open(cockpit)
    wait_until(lambda: len(browser.all("[data-vm]")) == len(names), WAIT_S, "the rows")
    os.kill(service.process.pid, signal.SIGSTOP)
    browser.driver.execute_script(UNFOLD_ALL)
    time.sleep(2)  # all that is asked waits for the service
    os.kill(service.process.pid, signal.SIGCONT)
    decisions = lambda: [table.text for table in browser.all(".mc-details table")]
    wait_until(lambda: len(decisions()) == len(names) and all("512 MiB to 716 MiB Needs memory" in text for text in decisions()),
               WAIT_S / 4, decisions)


def test_past_is_not_asked_for_again_before_it_was_answered(bus, service, cockpit, browser, tmp_path):
    browser.inject(MINUTES)
    browser.open(cockpit)
    browser.wait_for("[data-vm]")
    pass_minute = lambda: browser.driver.execute_script("window.eachMinute.forEach(act => act())")
    with calls_of(bus, tmp_path) as calls:
        os.kill(service.process.pid, signal.SIGSTOP)
        for _ in range(10):
            pass_minute()
        time.sleep(1)
        os.kill(service.process.pid, signal.SIGCONT)
        time.sleep(2)  # one after another
        assert calls.members().count("GetHistory") <= 1
        pass_minute()
        wait_until(lambda: "GetHistory" in calls.members(), WAIT_S, "it to be asked for again")


def test_what_costs_much_is_given_up(page, service):
    """Others wait for their turn."""
    page.driver.execute_script(IMPATIENT)
    os.kill(service.process.pid, signal.SIGSTOP)
    try:
        page.press("Plan", "section[aria-labelledby=host-title]")
        page.wait_for("[role=dialog] .pf-m-danger")  # in the words of Cockpit's bridge
    finally:
        os.kill(service.process.pid, signal.SIGCONT)
    page.press("Close", "[role=dialog] footer")
    page.press("Plan", "section[aria-labelledby=host-title]")
    page.wait_for_text("The host would have", "[role=dialog]")


def test_decisions_that_could_not_be_read_are_read_again(page):
    """A VM may be at rest for days."""
    page.driver.execute_script(REFUSED_ONCE)
    page.unfold("web")
    page.wait_for_text("Not all of its decisions can be read: refused by the test", ".mc-details")
    wait_until(lambda: "can be read" not in page.text(".mc-details"), WAIT_S, "it to be read again")


def test_vm_comes_and_goes(page, service):
    service.tell("add", "mail", 1024 * MIB)
    page.wait_for(page.row("mail"))
    service.tell("remove", "mail")
    wait_until(lambda: not page.all(page.row("mail")), WAIT_S, "the row of mail to go")


def test_no_vms(bus, cockpit, browser):
    with running_service(bus, {}) as service:
        browser.open(cockpit)
        browser.wait_for_text("No VMs are active.")
        service.tell("add", "web", 1024 * MIB)
        browser.wait_for(browser.row("web"))


def test_vm_that_does_not_report_says_what_to_do(page, service):
    service.tell("mute", "web")
    service.wait_until(lambda: service.vms()["web"]["Status"] == "no-stats", WAIT_S)
    page.wait_for_text("No reports", page.row("web"))
    page.press("Only what needs attention")
    wait_until(lambda: len(page.all("[data-vm]")) == 1, WAIT_S, "the one that needs attention")
    page.unfold("web")
    page.wait_for_text(service.vms()["web"]["StatusDetail"], ".mc-details")
    assert "not reported" in page.text(".mc-details")


def test_degraded_and_well_again(page, service):
    service.tell("disconnect")
    page.wait_for_text("Degraded since")
    page.wait_for_text("There is no connection to the hypervisor")
    service.tell("reconnect")
    wait_until(lambda: "Degraded" not in page.text(), WAIT_S, "it to be well again")


def test_whether_a_vm_is_managed_is_not_made_up(page, service):
    """While degraded, the service says of no VM whether it is managed."""
    page.unfold("web")
    page.press("web is managed")
    page.wait_for_text("Not managed", page.row("web"))
    service.tell("disconnect")
    page.wait_for_text("Busy", page.row("web"))
    wait_until(lambda: not page.all(".mc-details [role=switch]"), WAIT_S, "no switch that is on")
    service.tell("reconnect")
    wait_until(lambda: not page.button("web is managed").is_selected(), WAIT_S, "the switch to be off")


def test_service_that_goes_and_comes(bus, cockpit, browser):
    browser.open(cockpit)
    browser.wait_for_text("MemCoord is not running")
    for _ in range(2):
        service = start_service(bus)
        service.tell("add", "web", 1024 * MIB)
        browser.wait_for(browser.row("web"))
        stop_service(service)
        browser.wait_for_text("MemCoord is not running")
        assert not browser.all("[data-vm]")


def test_looking_does_not_start_the_service(bus, cockpit, browser, tmp_path):
    """Somebody may have stopped it."""
    with starts_of(bus, tmp_path) as starts:
        browser.open(cockpit)
        browser.wait_for_text("MemCoord is not running")
        assert NAME not in starts.names()
    with running_service(bus, {"web": 1024 * MIB}):
        browser.wait_for(browser.row("web"))


def test_service_that_hangs_and_is_stopped_is_not_started(bus, past, cockpit, browser, tmp_path):
    """What waits for its turn by then is wanted no more."""
    names = ["web", "db", "mail"]
    service = past.start(*names)
    with starts_of(bus, tmp_path) as starts:
        browser.open(cockpit)
        wait_until(lambda: len(browser.all("[data-vm]")) == len(names), WAIT_S, "the rows")
        os.kill(service.process.pid, signal.SIGSTOP)
        browser.driver.execute_script(UNFOLD_ALL)
        time.sleep(2)  # all that is asked waits for the service
        starts.names()
        past.kill()
        browser.wait_for_text("MemCoord is not running")
        time.sleep(2)  # one after another
        assert NAME not in starts.names()
    past.start("web")
    browser.wait_for(browser.row("web"))


def test_change_while_everything_is_read_is_shown(bus, cockpit, browser):
    """Between the answer about the host and the one about its VMs."""
    stub = Stub(os.environ | {"DBUS_SESSION_BUS_ADDRESS": bus})
    figures = {name: ["t", 8 << 30] for name in ("HostTotal", "HostAvailable", "HostReserve", "FreeForNewVM")}
    zeros = {name: ["t", 0] for name in ("HostPromised", "Reserved", "Reclaimed", "NeedSecondsLastHour", "PausedUntil", "StateSince")}
    percents = {"HostUsedPercent": ["d", 0], "HostUsageLimit": ["u", 75]}
    stub.start({"State": ["s", "running"], "HostCondition": ["s", "comfortable"], **figures, **zeros, **percents},
               meanwhile={"HostCondition": ["s", "critical"]})
    try:
        browser.open(cockpit)
        browser.wait_for_text("Critical", "section[aria-labelledby=host-title]")
    finally:
        stub.stop()


def test_filter_and_order(page):
    names = lambda: [row.get_attribute("data-vm") for row in page.all("[data-vm]")]
    assert names() == ["db", "web"]
    page.press("Name", "thead")
    assert names() == ["web", "db"]
    page.wait_for("[aria-label='Filter by name']").send_keys("d")
    assert names() == ["db"]


def test_order_of_the_bars_has_a_name(page, service):
    service.tell("unused", "web", 200 * MIB)
    names = lambda: [row.get_attribute("data-vm") for row in page.all("[data-vm]")]
    page.press("Memory", "thead")
    wait_until(lambda: names() == ["db", "web"], WAIT_S, names)
    page.press("Memory, by unused", "thead")
    wait_until(lambda: names() == ["web", "db"], WAIT_S, names)
    page.press("Balloon", "thead")
    page.button("Memory", "thead")
