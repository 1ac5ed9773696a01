# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chromium without a window, and what people do in it."""

import contextlib

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.common.exceptions import StaleElementReferenceException

from common import wait_until

PAGE = "/cockpit/@localhost/memcoord/index.html"
WAIT_S = 60  # what is late is late: a machine with other work has to be waited for
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--force-device-scale-factor=1",
           "--force-prefers-reduced-motion", "--hide-scrollbars")

# Notes when the first VM was on the page, and when each VM's row, and its bar, was last drawn as something else.
NOTES = """
    window.notes = { bars: {} };
    new MutationObserver(() => {
        window.notes.first ??= document.querySelector("[data-vm]") ? performance.now() : undefined;
        for (const row of document.querySelectorAll("[data-vm]")) {
            const was = window.notes[row.dataset.vm];
            if (was?.text !== row.textContent)
                window.notes[row.dataset.vm] = { text: row.textContent, time: Date.now() };
            const label = row.querySelector(".mc-bar").ariaLabel;
            if (window.notes.bars[row.dataset.vm]?.label !== label)
                window.notes.bars[row.dataset.vm] = { label, time: Date.now() };
        }
    }).observe(document, { childList: true, subtree: true, characterData: true, attributeFilter: ["aria-label"] });
"""


class Browser:
    def __init__(self, driver):
        self.driver = driver
        self.injected = None

    def forget(self):
        """What tests before this one have left."""
        self.driver.switch_to.default_content()
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        if self.injected:
            self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": self.injected})
            self.injected = None
        self.complaints()

    def inject(self, script):
        """Runs it in each document before all else."""
        self.injected = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})["identifier"]

    def open(self, address, path=PAGE):
        self.driver.get(address + path)

    def speak(self, address, language):
        """As Cockpit's menu of languages does, before the page is opened."""
        self.driver.get(f"{address}/ping")
        self.driver.add_cookie({"name": "CockpitLang", "value": language})

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def wait_for(self, selector, seconds=WAIT_S):
        return wait_until(lambda: self.all(selector), seconds, f"{selector} on the page")[0]

    def text(self, selector="body"):
        """Of what is there now; empty where nothing is."""
        try:
            return next((element.text for element in self.all(selector)), "")
        except StaleElementReferenceException:
            return ""

    def wait_for_text(self, text, selector="body", seconds=WAIT_S):
        wait_until(lambda: text in self.text(selector), seconds, lambda: f"{text!r} in {self.text(selector)!r}")

    def button(self, name, within="body"):
        """By what a screen reader calls it."""
        def find():
            return [element for element in self.all(f"{within} button, {within} [role=switch]") if element.accessible_name == name]
        return wait_until(find, WAIT_S, f"a button {name}")[0]

    def press(self, name, within="body"):
        pressed = self.button(name, within)
        if pressed.tag_name == "input":  # what is drawn of a switch is its label
            pressed = pressed.find_element(By.XPATH, "..")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", pressed)
        pressed.click()

    def type(self, field, text):
        element = self.wait_for(f"#{field}")
        element.send_keys(Keys.CONTROL, "a")
        element.send_keys(text)

    def choose(self, field, value):
        self.wait_for(f"#{field} option[value='{value}']").click()

    def row(self, name):
        return f"[data-vm='{name}']"

    def unfold(self, name):
        self.wait_for(f"{self.row(name)} button").click()
        self.wait_for(".mc-details")

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def prefer_dark(self):
        features = [{"name": "prefers-color-scheme", "value": "dark"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@contextlib.contextmanager
def own_browser(directory, width=1280, height=1000):
    options = ChromeOptions()
    for option in (*OPTIONS, f"--user-data-dir={directory / 'chromium'}", f"--window-size={width},{height}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
