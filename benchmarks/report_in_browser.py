"""The report in a real browser: `python benchmarks/report_in_browser.py FOLDER... [--python PYTHON]`

Opens every page of each FOLDER (written by `portcheck plan`), and of a report on a file whose comments,
strings and name try to break out of it. Checks on each page that nothing but its own script is there,
that nothing runs, that there is no message on the console, no request and no way to make one; that the
switches and filters work; and, where axe-core is there, that it finds nothing serious.

Needs `pip install playwright axe-playwright-python` in an environment of its own, and Chromium
(`--chromium PATH`, else playwright's). PYTHON is one that runs portcheck. Exits with 1 where a check fails.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))

from pages import HOSTILE, HOSTILE_NAME

ROOT = Path(__file__).resolve().parent.parent
_SERIOUS = ("serious", "critical")
_MOST_FOR_AXE = 1_200_000  # bytes of a page: on a larger one axe takes minutes
_COUNTS = """() => ['script', 'img', '[style]', 'iframe, object, embed, form'].map(
    selector => document.querySelectorAll(selector).length)"""
_FETCH = "() => fetch('https://example.com/x').then(() => 'answered', () => 'refused')"
_AXE = "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice']})"


def main() -> int:
    options = _options()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("skipped: playwright is not installed here", file=sys.stderr)
        return 0
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as started:
        hostile = _hostile(Path(scratch), options.python)
        browser = started.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for folder in (hostile, *map(Path, options.folders)):
            problems += _folder(browser, folder.resolve(), options.axe)
        problems += _behaviour(browser, hostile / "index.html")
        browser.close()
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", metavar="FOLDER")
    parser.add_argument("--python", default=sys.executable, help="a Python that runs portcheck")
    parser.add_argument("--chromium", help="the browser's program")
    parser.add_argument("--no-axe", dest="axe", action="store_false", help="leave accessibility out")
    return parser.parse_args()


def _hostile(scratch: Path, python: str) -> Path:
    """A report on the hostile file."""
    tree, folder = scratch / "tree", scratch / "report"
    tree.mkdir()
    (tree / HOSTILE_NAME).write_text(HOSTILE, "utf-8")
    command = [python, "-m", "portcheck", "plan", str(tree), "--target", "910B", "-o", str(folder), "--quiet"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder


def _folder(browser: Any, folder: Path, axe: bool) -> list[str]:
    pages = sorted(folder.rglob("*.html"))
    found = [f"{folder}: no page"] if not pages else []
    checked = 0
    for file in pages:
        for theme in ("light", "dark") if file.name == "index.html" else ("light",):
            found += [f"{file}: {said}" for said in _page(browser, file, theme)]
        if axe and file.stat().st_size <= _MOST_FOR_AXE:
            checked += 1
            found += [f"{file}: {said}" for said in _accessibility(browser, file)]
    print(f"{folder}: {len(pages)} pages, {checked} of them with axe, {len(found)} problems", flush=True)
    return found


def _page(browser: Any, file: Path, theme: str) -> Iterator[str]:
    """What is wrong with one page."""
    page = browser.new_page(color_scheme=theme, viewport={"width": 1280, "height": 800})
    log = _listen(page)
    page.goto(file.as_uri())
    page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
    counts = page.evaluate(_COUNTS)
    if counts != [1, 0, 0, 0]:
        yield f"scripts, images, styles at elements, embedded: {counts}"
    yield from log  # before the fetch, which the policy has to answer with a message
    if page.evaluate(_FETCH) != "refused":
        yield "a request was answered"
    page.close()


def _listen(page: Any) -> list[str]:
    log: list[str] = []
    page.on("console", lambda message: log.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: log.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (log.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda r: log.append(f"request: {r.url}") if not r.url.startswith("file:") else None)
    return log


def _accessibility(browser: Any, file: Path) -> Iterator[str]:
    try:
        import axe_playwright_python
    except ImportError:
        return
    script = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text("utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(file.as_uri())
    page.evaluate(script + ";0")  # through the debugger, which the page's policy does not bind
    for one in page.evaluate(_AXE)["violations"]:
        if one["impact"] in _SERIOUS:
            yield f"axe: {one['id']}, {len(one['nodes'])} nodes, such as {one['nodes'][0]['html'][:160]}"
    page.close()


def _behaviour(browser: Any, index: Path) -> Iterator[str]:
    """Language, theme, filters, sorting and the keyboard on one index."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    log = _listen(page)
    page.goto(index.as_uri())
    page.keyboard.press("Tab")
    if page.evaluate("() => document.activeElement.className") != "skip":
        yield "the first Tab does not reach the skip link"
    page.click("[data-set-language=zh]")
    if page.evaluate("() => document.documentElement.lang") != "zh-Hans":
        yield "the language does not change"
    page.click("[data-theme-switch]")
    if page.evaluate("() => document.documentElement.dataset.theme") != "dark":
        yield "the theme does not change"
    page.fill("[data-filter=text]", "no such finding")
    if not page.is_visible(".nothing"):
        yield "the search finds what is not there"
    page.click("[data-reset]")
    page.select_option("[data-filter=d]", "none")
    if page.inner_text("[data-shown]") != str(page.locator("#found tbody tr").count()):
        yield "the filter by decision leaves out what nobody decided"
    page.click("#found th:nth-child(3) button")
    if page.get_attribute("#found th:nth-child(3)", "aria-sort") != "ascending":
        yield "the table does not sort"
    yield from log
    page.close()


if __name__ == "__main__":
    sys.exit(main())
