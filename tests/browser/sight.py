"""Screenshots as evidence: each says what it shows, fits its window, and passes axe-core."""

from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

# elements that stick out of the window sideways, unless something around them scrolls or hides them
STICKING_OUT = """
() => [...document.body.querySelectorAll("*")].filter((element) => {
  const box = element.getBoundingClientRect();
  if (!element.checkVisibility() || !box.width || !box.height || (box.right <= innerWidth + 1 && box.left >= -1)) return false;
  for (let around = element; around && around !== document.body; around = around.parentElement) {
    const style = getComputedStyle(around);
    if (style.overflowX !== "visible" || style.clipPath !== "none") return false;
  }
  return true;
}).map((element) => element.outerHTML.slice(0, 120))
"""
# controls that lie on each other: the middle of each must be its own, where it is in sight
COVERED = """
() => [...document.querySelectorAll("main a, main button, main label.choice, main summary")].filter((element) => {
  const box = element.getBoundingClientRect();
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  if (!box.width || !box.height || x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return false;
  const top = document.elementFromPoint(x, y);
  if (!top || element.contains(top) || top.contains(element)) return false;
  // the sheet, the undo offer and the heads that stay in place lie over what scrolls below them by design
  return !top.closest(".decision, .toast, .bar, .case-head, dialog");
}).map((element) => element.outerHTML.slice(0, 120))
"""


@dataclass(frozen=True)
class Sight:
    """Takes pictures into `folder`."""

    folder: Path

    def shoot(self, page: Page, name: str, *, shows: list[str]) -> None:
        """Keep a picture of the page under `name`, after asserting that it shows these texts and is sound."""
        for text in shows:
            expect(page.get_by_text(text).filter(visible=True).first).to_be_visible()
        width = page.viewport_size["width"] if page.viewport_size else 0
        scheme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
        page.screenshot(path=self.folder / f"{name}-{width}-{scheme}.png", full_page=True)
        for what, script in (("wider than its window", STICKING_OUT), ("controls on each other", COVERED)):
            found = page.evaluate(script)
            assert not found, f"{name} at {width}: {what}: {found}"
        self.check(page, name)

    @staticmethod
    def check(page: Page, name: str) -> None:
        """No violation of an accessibility rule that axe-core knows."""
        found = Axe().run(page).response["violations"]
        told = [
            f"{rule['id']}: {rule['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
            for rule in found
            for node in rule["nodes"]
        ]
        assert not told, f"{name}: axe-core objects: " + "\n".join(told)
