# SPDX-License-Identifier: LGPL-2.1-or-later
"""For everybody: the keyboard, screen readers, dark mode, languages, and in Cockpit's own frame."""

import pytest
from gi.repository import GLib
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.common.action_chains import ActionChains

from browser import WAIT_S
from common import wait_until
from common.bus import HOST as HOST_INTERFACE, ROOT

HOST = "section[aria-labelledby=host-title]"
DIALOG = "[role=dialog]"
LANGUAGES = {
    "de-de": ("de", "Virtuelle Maschinen", "Ihr Speicher folgt ihrem Bedarf.", "Der Ausgleich aller VMs ist angehalten."),
    "fr-fr": ("fr", "Machines virtuelles", "Sa mémoire suit son besoin.", "L’équilibrage de toutes les VM est en pause."),
    "zh-cn": ("zh-CN", "虚拟机", "其内存随需求变化。", "所有虚拟机的内存平衡已暂停。"),
}


def press_keys(page, *keys):
    ActionChains(page.driver).send_keys(*keys).perform()


def focused(page):
    return page.driver.switch_to.active_element


def tab_to(page, name):
    for _ in range(60):
        press_keys(page, Keys.TAB)
        if focused(page).accessible_name == name:
            return
    raise AssertionError(f"{name} is not reached by Tab")


def test_keyboard_alone(page, service):
    tab_to(page, "Pause")
    press_keys(page, Keys.ENTER)
    page.wait_for(DIALOG)
    wait_until(lambda: page.driver.execute_script("return document.querySelector('[role=dialog]').contains(document.activeElement)"),
               WAIT_S, "the focus in the dialog")
    press_keys(page, Keys.ESCAPE)
    wait_until(lambda: not page.all(DIALOG), WAIT_S, "the dialog to be closed")
    wait_until(lambda: focused(page).accessible_name == "Pause", WAIT_S, "the focus where it was")
    press_keys(page, Keys.ENTER)
    page.wait_for(DIALOG)
    tab_to(page, "Reason")
    press_keys(page, "lunch", Keys.ENTER)
    service.wait_until(lambda: service.host()["PauseReason"] == "lunch")


def test_everything_has_a_name_and_a_role(page):
    page.unfold("web")
    page.wait_for(".mc-details .mc-plot")
    page.press("Thresholds", HOST)
    page.wait_for(DIALOG)
    named = page.all("button, input, select, [role=img]:not([aria-hidden=true]), table, section, [role=dialog]")
    assert len(named) > 30
    assert [element.get_attribute("outerHTML")[:200] for element in named if not element.accessible_name] == []
    assert [heading.tag_name for heading in page.all("#app h1")] == ["h1"]
    identities = [element.get_attribute("id") for element in page.all("[id]:not([id=''])")]
    assert len(identities) == len(set(identities))


def background(page):
    return page.driver.execute_script("return getComputedStyle(document.body).backgroundColor")


def test_dark_mode_as_the_browser_or_cockpit_says(page):
    light = background(page)
    page.prefer_dark()
    wait_until(lambda: background(page) != light, WAIT_S, "dark")
    dark = background(page)
    for style, shown in (("light", light), ("dark", dark), ("auto", dark)):
        page.driver.execute_script("dispatchEvent(new CustomEvent('cockpit-style', { detail: { style: arguments[0] } }))", style)
        assert background(page) == shown


CUT_OFF = """
    return [...document.querySelectorAll("main *")]
        .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .map(element => `${element.tagName} ${element.className.baseVal ?? element.className} ${element.textContent.slice(0, 30)}`);
"""


def test_nothing_is_cut_off_on_a_narrow_page(page):
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    try:
        page.unfold("web")
        page.wait_for(".mc-details .mc-plot")
        assert page.driver.execute_script(CUT_OFF) == []
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_what_opens_a_row_is_called_by_its_vm(page):
    assert {page.wait_for(f"{page.row(name)} button").accessible_name for name in ("db", "web")} == {"db Details", "web Details"}


@pytest.mark.parametrize("cookie", LANGUAGES)
def test_language(cockpit, service, browser, cookie):
    tag, title, follows, paused = LANGUAGES[cookie]
    browser.speak(cockpit, cookie)
    browser.open(cockpit)
    browser.wait_for_text(title)
    assert browser.wait_for("html").get_attribute("lang") == tag
    browser.wait_for("[data-vm]")
    browser.unfold("web")
    browser.wait_for_text(follows, ".mc-details")
    assert "follows its need" not in browser.text(".mc-details")
    service.call(ROOT, HOST_INTERFACE, "Pause", GLib.Variant("(su)", ("kernel update", 0)))
    browser.wait_for_text(paused, ".mc-details")
    assert "kernel update" in browser.text(".mc-details"), "the service's own sentence says why"


def test_language_without_a_catalogue_is_english_once(cockpit, service, browser):
    service.call(ROOT, HOST_INTERFACE, "Pause", GLib.Variant("(su)", ("", 0)))
    browser.speak(cockpit, "es-es")
    browser.open(cockpit)
    browser.wait_for("[data-vm]")
    browser.unfold("web")
    browser.wait_for_text("memcoordctl resume", ".mc-details")
    assert "Balancing of all VMs is paused." not in browser.text(".mc-details")


def test_in_the_frame_of_cockpit(cockpit, service, browser):
    """Its menu has the page, by its label. Cockpit's own pages may miss what this bus does not have."""
    browser.open(cockpit, "/memcoord")
    frame = browser.wait_for("iframe[name*='memcoord']")
    assert "VM memory" in browser.text("nav, #host-apps")
    browser.driver.switch_to.frame(frame)
    browser.wait_for(browser.row("web"))
    assert [complaint for complaint in browser.complaints() if "/memcoord/" in complaint] == []
