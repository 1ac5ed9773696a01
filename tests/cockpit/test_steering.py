# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the page can do: each is seen on the bus, and what is refused is shown in the service's words."""

import os
import time

import pytest
from gi.repository import GLib

from browser import WAIT_S
from common import MIB, wait_until
from common.bus import NAME, ROOT
from common.service import running_service

HOST = "section[aria-labelledby=host-title]"
DETAILS = ".mc-details"
DIALOG = "[role=dialog]"


def wait_until_closed(page):
    wait_until(lambda: not page.all(DIALOG), WAIT_S, "the dialog to be closed")


def test_everything_is_paused_for_an_hour_and_resumed(page, service):
    page.press("Pause", HOST)
    page.type("pause-reason", "kernel update")
    page.press("Pause", DIALOG)
    service.wait_until(lambda: service.host()["State"] == "paused", WAIT_S)
    host = service.host()
    assert host["PauseReason"] == "kernel update"
    assert 3000 < host["PausedUntil"] / 1e6 - host["StateSince"] / 1e6 < 3700
    page.wait_for_text("Balancing is paused until")
    page.wait_for_text("kernel update")
    page.press("Resume")
    service.wait_until(lambda: service.host()["State"] == "running", WAIT_S)
    wait_until(lambda: "Balancing is paused" not in page.text(), WAIT_S, "the alert to go")


def test_vm_is_paused_for_a_time_that_is_typed_and_resumed(page, service):
    page.unfold("web")
    page.press("Pause", DETAILS)
    page.choose("pause-time", "other")
    page.type("pause-typed", "soon")
    page.wait_for_text("This is not a time", DIALOG)
    assert not page.button("Pause", DIALOG).is_enabled()
    page.type("pause-typed", "1h30m")
    page.press("Pause", DIALOG)
    service.wait_until(lambda: service.vms()["web"]["Status"] == "paused", WAIT_S)
    assert service.vms()["db"]["Status"] == "managed"
    page.wait_for_text("Paused until ", DETAILS)
    assert "memcoordctl" not in page.text(DETAILS)
    assert 5000 < service.vms()["web"]["PausedUntil"] / 1e6 - service.vms()["web"]["StatusSince"] / 1e6 < 5500
    page.press("Resume", DETAILS)
    service.wait_until(lambda: service.vms()["web"]["Status"] == "managed", WAIT_S)


def test_thresholds_of_the_host_are_set_together_and_reset(page, service):
    page.press("Thresholds", HOST)
    page.type("threshold-LowWatermark", "160M")
    page.press("Save", DIALOG)
    page.wait_for_text("LowWatermark 160M is not below HighWatermark 150M", DIALOG)
    page.type("threshold-HighWatermark", "0.25 GiB")
    page.press("Save", DIALOG)
    wait_until_closed(page)
    host = service.host()
    assert (host["LowWatermark"], host["HighWatermark"]) == (160 * MIB, 256 * MIB)
    page.press("Thresholds", HOST)
    page.wait_for_text("set at run time", DIALOG)
    page.press("As configured: Low watermark", DIALOG)
    service.wait_until(lambda: service.host()["LowWatermark"] == 100 * MIB, WAIT_S)
    assert service.host()["HighWatermark"] == 256 * MIB


@pytest.mark.parametrize("typed", ["", "150X", "-1", "1.5", "M"])
def test_what_is_no_size_is_not_sent(page, typed):
    page.press("Thresholds", HOST)
    page.wait_for("#threshold-LowWatermark").clear()
    page.type("threshold-LowWatermark", typed or "1\b")
    page.wait_for_text("Type a size, such as 150M or 2G.", DIALOG)
    assert not page.button("Save", DIALOG).is_enabled()


def test_thresholds_of_a_vm(page, service):
    page.unfold("web")
    page.press("Thresholds", DETAILS)
    page.type("threshold-Minimum", "256M")
    page.type("threshold-Weight", "300")
    page.press("Save", DIALOG)
    wait_until_closed(page)
    assert (service.vms()["web"]["Minimum"], service.vms()["web"]["Weight"]) == (256 * MIB, 300)
    page.press("Thresholds", DETAILS)
    page.press("As for all VMs: Minimum", DIALOG)
    service.wait_until(lambda: service.vms()["web"]["Minimum"] < 256 * MIB, WAIT_S)
    assert service.vms()["web"]["Weight"] == 300


def test_vm_is_managed_or_not(page, service):
    page.unfold("web")
    page.press("web is managed")
    service.wait_until(lambda: service.vms()["web"]["Status"] == "opted-out", WAIT_S)
    page.wait_for_text("Not managed", page.row("web"))
    page.press("web is managed")
    service.wait_until(lambda: service.vms()["web"]["Status"] == "managed", WAIT_S)


def test_refused_by_the_hypervisor(page, service):
    service.tell("fail", 1)
    page.unfold("web")
    page.press("web is managed")
    page.wait_for_text("the fake")
    assert service.vms()["web"]["Status"] == "managed"
    page.press("Close")
    wait_until(lambda: "the fake" not in page.text(), WAIT_S, "the alert to go")


def test_dry_run_plan_and_moving(page, service):
    page.press("Dry run")
    service.wait_until(lambda: service.host()["DryRun"], WAIT_S)
    page.wait_for_text("it decides and reports, but moves nothing")
    service.tell("need", "web")
    service.wait_until(lambda: service.vms()["web"]["Unused"] < 100 * MIB, WAIT_S)  # a plan is of what was reported
    page.press("Plan", HOST)
    page.wait_for_text("headroom of 20 MiB is at or below 100 MiB", DIALOG)
    page.wait_for_text("The host would have", DIALOG)
    page.press("Close", f"{DIALOG} footer")
    assert service.vms()["web"]["Balloon"] == 512 * MIB
    page.press("Move memory from now on")
    page.wait_for_text("716 MiB of 1 GiB", page.row("web"))


def test_reservation_is_held_until_it_is_released(page, service):
    page.press("Reserve", HOST)
    page.type("reserve-size", "1G")
    page.press("Reserve", DIALOG)
    page.wait_for_text("Reserved: 1 GiB")
    service.wait_until(lambda: service.host()["Reserved"] == 1024 * MIB, WAIT_S)
    time.sleep(1)  # were its caller gone, it would be, too
    assert service.host()["Reserved"] == 1024 * MIB
    page.press("Release")
    service.wait_until(lambda: service.host()["Reserved"] == 0, WAIT_S)


def test_each_of_two_reservations_can_be_released(page, service):
    for size in ("1G", "512M"):
        page.press("Reserve", HOST)
        page.type("reserve-size", size)
        page.press("Reserve", DIALOG)
        wait_until_closed(page)
    service.wait_until(lambda: service.host()["Reserved"] == 1536 * MIB, WAIT_S)
    page.press("Release")
    service.wait_until(lambda: service.host()["Reserved"] == 512 * MIB, WAIT_S)
    page.wait_for_text("Reserved: 512 MiB")
    wait_until(lambda: "Reserved: 1 GiB" not in page.text(), WAIT_S, "the first to be gone")
    page.press("Release")
    service.wait_until(lambda: service.host()["Reserved"] == 0, WAIT_S)


def reserve(page, size, time="10m"):
    page.press("Reserve", HOST)
    page.type("reserve-size", size)
    page.type("reserve-time", time)
    page.press("Reserve", DIALOG)
    wait_until_closed(page)


def test_less_than_was_asked_for_is_no_success(bus, cockpit, browser):
    with running_service(bus, {"web": 1024 * MIB}, host=6 << 30) as service:
        browser.open(cockpit)
        reserve(browser, "3G")
        browser.wait_for_text("less than the 3 GiB asked for", ".pf-m-warning")
        assert 0 < service.host()["Reserved"] < 3 << 30
        assert "Reserved" not in browser.text(".pf-m-success")
        browser.press("Release")
        service.wait_until(lambda: service.host()["Reserved"] == 0, WAIT_S)
        wait_until(lambda: "asked for" not in browser.text(), WAIT_S, "the alert to go")


def test_reservation_that_has_ended_is_cleared_away(page, service):
    """Nothing is held any more, as the service says; it has a quicker clock."""
    reserve(page, "1G", "40s")
    page.wait_for_text("Reserved: 1 GiB")
    service.wait_until(lambda: service.host()["Reserved"] == 0, WAIT_S)
    wait_until(lambda: "Reserved: 1 GiB" not in page.text(), WAIT_S / 4, "what is over to be gone")
    assert not page.all(".pf-m-danger")


def test_reservation_whose_time_is_up_is_cleared_away_beside_another(page, service):
    reserve(page, "1G")
    reserve(page, "512M", "8s")
    page.wait_for_text("Reserved: 512 MiB")
    wait_until(lambda: "Reserved: 512 MiB" not in page.text(), WAIT_S, "what is over to be gone")
    assert "Reserved: 1 GiB" in page.text() and service.host()["Reserved"] == 1024 * MIB


def inhibit(service, who, why):
    """Returns: a descriptor, which ends it."""
    answer, descriptors = service.connection.call_with_unix_fd_list_sync(
        NAME, ROOT, "org.example.MemCoord1", "Inhibit", GLib.Variant("(ss)", (who, why)), None, 0, 5000, None, None)
    return descriptors.steal_fds()[answer.unpack()[0]]


def test_who_has_paused_it_is_shown(page, service):
    backup = inhibit(service, "backup", "nightly run")
    page.wait_for_text("Balancing is paused by a program")
    page.wait_for_text("backup: nightly run")
    upgrade = inhibit(service, "upgrade", "new kernel")
    os.close(backup)
    page.wait_for_text("upgrade: new kernel")
    wait_until(lambda: "backup" not in page.text(), WAIT_S, "who has ended to be gone")
    os.close(upgrade)
    wait_until(lambda: "Balancing is paused" not in page.text(), WAIT_S, "the alert to go")


def test_reservation_without_memory_is_refused(bus, cockpit, browser):
    with running_service(bus, {"web": 1024 * MIB}, host=(7 << 30) + 500 * MIB):
        browser.open(cockpit)
        browser.press("Reserve", HOST)
        browser.type("reserve-size", "32G")
        browser.press("Reserve", DIALOG)
        browser.wait_for(f"{DIALOG} .pf-m-danger")


def test_memory_is_given_back(page, service):
    page.unfold("web")
    page.press("Give back", DETAILS)
    page.press("Give back", DIALOG)
    page.wait_for_text("Given back: 512 MiB")
    service.wait_until(lambda: service.vms()["web"]["Balloon"] == 1024 * MIB, WAIT_S)
    page.wait_for_text("Given back", page.row("web"))
    assert service.vms()["db"]["Balloon"] == 512 * MIB


def test_in_a_dry_run_nothing_is_given_back(page, service):
    service.call(ROOT, "org.example.MemCoord1", "SetDryRun", GLib.Variant("(b)", (True,)))
    page.wait_for_text("it decides and reports, but moves nothing")
    page.unfold("web")
    page.press("Give back", DETAILS)
    page.press("Give back", DIALOG)
    page.wait_for_text("Dry run: 512 MiB would be given back.")
    assert not page.all(".pf-v6-c-alert.pf-m-success")
    assert service.vms()["web"]["Balloon"] == 512 * MIB


def test_nothing_to_give_back_is_said(page):
    page.press("Give back", HOST)
    page.press("Give back", DIALOG)
    page.wait_for_text("There is nothing to give back.")
    assert not page.all(".pf-v6-c-alert.pf-m-success")


IN_SIGHT = """
    const { top, bottom } = document.querySelector(arguments[0]).getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight && scrollY > innerHeight;
"""


def test_refusal_is_in_sight_wherever_the_page_is_scrolled_to(bus, cockpit, browser):
    with running_service(bus, {f"vm{i}": 96 * MIB for i in range(100)}) as service:
        service.tell("fail", 1)
        browser.open(cockpit)
        browser.wait_for(browser.row("vm80"))
        browser.unfold("vm80")
        browser.press("vm80 is managed")
        browser.wait_for_text("the fake")
        assert browser.driver.execute_script(IN_SIGHT, ".pf-v6-c-alert.pf-m-danger")
        live = browser.wait_for("[aria-live=polite]")
        assert "the fake" in live.text
        browser.press("Close")
        wait_until(lambda: "the fake" not in browser.text(), WAIT_S, "the alert to go")
        assert browser.all("[aria-live=polite]"), "what is put in later is said only where it was there before"
