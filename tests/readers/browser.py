"""Opens a page in headless Chromium, uses it as people do, and prints what it saw as JSON.

usage: browser.py PAGE SCREENSHOT
"""

import json
import pathlib
import sys

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

page, screenshot = map(pathlib.Path, sys.argv[1:])
options = webdriver.ChromeOptions()
options.binary_location = "/usr/bin/chromium"
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1500,950"):
    options.add_argument(argument)
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
driver = webdriver.Chrome(options, Service("/usr/bin/chromedriver"))
seen = {}


def find(selector):
    return driver.find_elements(By.CSS_SELECTOR, selector)


def shown():
    return [element for element in find(".change") if element.is_displayed()]


def script(text, *arguments):
    return driver.execute_script(text, *arguments)


def view():
    return script("return arguments[0].getAttribute('viewBox')", find("#graph")[0])


try:
    driver.get(page.absolute().as_uri())
    seen["title"] = driver.title
    seen["nodes"] = len(find("#graph .node"))
    seen["changes"] = len(find(".change"))
    driver.save_screenshot(str(screenshot))

    # Search: `/` leads to it, and it shows what has the words.
    body = find("body")[0]
    body.send_keys("/")
    search = driver.switch_to.active_element
    seen["slash"] = search.get_attribute("id")
    search.send_keys("aws_db_instance")
    found = shown()
    seen["found"] = len(found)
    seen["fitting"] = sum("aws_db_instance" in e.get_attribute("textContent") for e in find(".change"))
    seen["all_fit"] = all("aws_db_instance" in e.get_attribute("textContent") for e in found)
    seen["said"] = find("#found")[0].text
    seen["dimmed"] = len(find("#graph .node.dim"))
    search.send_keys(Keys.ESCAPE)
    seen["after_escape"] = len(shown())

    # A risk that is not to be shown.
    box = find("#risks input")[-1]
    box.click()
    seen["without_a_risk"] = len(shown())
    box.click()

    # A click on a node shows its diff.
    node = next(n for n in find("#graph a.node") if "aws_db_instance" in n.accessible_name)
    target = script("return arguments[0].getAttribute('href').slice(1)", node)
    before = script("return document.getElementById(arguments[0]).open", target)
    script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", node)
    driver.implicitly_wait(2)
    change = driver.find_element(By.CSS_SELECTOR, f"#{target}.chosen")
    seen["clicked"] = {
        "before": before,
        "open": script("return arguments[0].open", change),
        "diff": change.find_element(By.TAG_NAME, "pre").is_displayed(),
        "near": len(find(".arrows .near")),
    }

    # The keyboard alone: a node has the focus, Enter leads to its change.
    other = next(n for n in find("#graph a.node") if n.get_attribute("class").split()[-1] != "chosen")
    goal = script("return arguments[0].getAttribute('href').slice(1)", other)
    script("arguments[0].focus()", other)
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    driver.find_element(By.CSS_SELECTOR, f"#{goal}.chosen")
    seen["entered"] = script("return document.activeElement.closest('.change')?.id") == goal

    # The picture moves.
    whole = view()
    find("#in")[0].click()
    near = view()
    find("#graph")[0].send_keys(Keys.ARROW_RIGHT)
    moved = view()
    find("#all")[0].click()
    seen["zoomed"] = near != whole and moved != near and view() == whole

    # What a screen reader says of what can be used.
    usable = find("button, input, summary, #graph, #graph a")
    seen["nameless"] = [e.get_attribute("outerHTML")[:80] for e in usable if not e.accessible_name]
    seen["landmarks"] = sorted({e.aria_role for e in find("header, main, main > section, form")})

    seen["loaded"] = script("return performance.getEntriesByType('resource').map(e => e.name)")
    seen["console"] = [entry["message"] for entry in driver.get_log("browser")]
finally:
    driver.quit()
print(json.dumps(seen))
