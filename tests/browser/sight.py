"""Screenshots as evidence: each says what it shows, fits its window, and passes axe-core."""

from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

# elements that stick out of the window sideways, unless something around them scrolls or hides them
STICKING_OUT = """
() => [...document.body.querySelectorAll("*")].filter((element) => {
  const box = element.getBoundingClientRect();
  if (!element.checkVisibility() || !box.width || !box.height) return false;
  if (box.right <= innerWidth + 1 && box.left >= -1) return false;
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
  // the sheet, the undo offer, the end of a lease and the heads that stay lie over what scrolls below them by design
  return !top.closest(".decision, .toast, .bar, .case-head, #lease-over, dialog");
}).map((element) => element.outerHTML.slice(0, 120))
"""
# text that is too faint on what lies under it, by WCAG 2.2: each text node against the nearest painted background
FAINT = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([red, green, blue]) => [red, green, blue].map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    if (element.closest("option, :disabled, .visually-hidden, script, template, .material-symbols-outlined")) continue;
    const grounds = [];
    for (let each = element; each; each = each.parentElement) grounds.unshift(getComputedStyle(each).backgroundColor);
    const style = getComputedStyle(element);
    const ground = paint(["white", ...grounds]);
    const text = paint(["white", ...grounds, style.color]);
    const [high, low] = [luminance(ground), luminance(text)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)}: ${node.data.trim().slice(0, 40)}`);
  }
  return found;
}
"""
# blocks of one column that run into each other
OVERLAPS = """
() => {
  const found = [];
  for (const parent of document.querySelectorAll("main, .stack, .case, .decision, .row, .facts, .judgments, .thread")) {
    const flows = (child) => !["fixed", "absolute", "sticky"].includes(getComputedStyle(child).position);
    const boxes = [...parent.children].filter((child) => child.checkVisibility() && flows(child))
      .map((child) => [child, child.getBoundingClientRect()]);
    for (const [at, [one, a]] of boxes.entries()) for (const [other, b] of boxes.slice(at + 1)) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 1 && down > 1) found.push(`${one.outerHTML.slice(0, 80)} and ${other.outerHTML.slice(0, 80)}`);
    }
  }
  return found;
}
"""
# how far the page moved by itself since it began, as the browser counts it
SHIFTS = """
() => new Promise((done) => {
  let sum = 0;
  const seen = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  });
  seen.observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 100);
})
"""


# text that the offer to undo lies on: on a wide window it has a place of its own
UNDER_THE_OFFER = """
() => {
  const offer = document.querySelector(".toast")?.getBoundingClientRect();
  if (!offer || innerWidth < 961) return [];
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim() || !node.parentElement.checkVisibility()) continue;
    if (node.parentElement.closest(".toast, .visually-hidden, .skip, script, template")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.right > offer.left && box.left < offer.right && box.bottom > offer.top && box.top < offer.bottom) {
      found.push(node.data.trim().slice(0, 60));
    }
  }
  return found;
}
"""
LAYOUT = (
    ("wider than its window", STICKING_OUT), ("controls on each other", COVERED), ("boxes on each other", OVERLAPS),
    ("under the offer to undo", UNDER_THE_OFFER),
)  # fmt: skip
MOST_BYTES = 100_000


@dataclass(frozen=True)
class Sight:
    """Takes pictures into `folder`."""

    folder: Path

    def visit(self, page: Page, path: str, name: str, *, shows: list[str]) -> None:
        """Go there, and keep pictures: the page is light in bytes, and nothing moved by itself while it was built."""
        response = page.goto(path)
        assert response is not None
        assert len(response.body()) <= MOST_BYTES, f"{name}: {len(response.body())} bytes"
        self.steady(page)
        self.shoot(page, name, shows=shows)

    def shoot(self, page: Page, name: str, *, shows: list[str], schemes: tuple[str, ...] = ("light", "dark")) -> None:
        """Keep pictures of the page in light and dark, after asserting that it shows these texts and is sound."""
        for text in shows:
            expect(page.get_by_text(text).filter(visible=True).first).to_be_visible()
        width = page.viewport_size["width"] if page.viewport_size else 0
        for what, script in LAYOUT:
            found = page.evaluate(script)
            assert not found, f"{name} at {width}: {what}: {found}"
        self.check(page, name)
        for scheme in schemes:
            dressed(page, scheme)
            page.screenshot(
                path=self.folder / f"{name}-{width}-{scheme}.png", full_page=True, animations="disabled", scale="css"
            )
            found = page.evaluate(FAINT)
            assert not found, f"{name} at {width}, {scheme}: too faint: {found}"
        dressed(page, "light")

    def shoot_console(self, page: Page, name: str, *, shows: list[str], scheme: str = "light") -> None:
        """Pictures of a page of the console, on a laptop and on a phone, after asserting what they show."""
        for width, height in ((390, 844), (1280, 800)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_function("window.Alpine !== undefined")
            for text in shows:
                expect(page.get_by_text(text).filter(visible=True).first).to_be_visible()
            page.screenshot(path=self.folder / f"{name}-{width}-{scheme}.png", full_page=True, animations="disabled")
            for what, script in (("wider than its window", STICKING_OUT), ("too faint", FAINT)):
                found = page.evaluate(script)
                assert not found, f"{name} at {width}: {what}: {found}"

    @staticmethod
    def steady(page: Page) -> None:
        """Nothing on the page moved by itself while it was built."""
        moved = page.evaluate(SHIFTS)
        assert moved <= 0.01, f"the page moved by {moved:.3f}"

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


def dressed(page: Page, scheme: str) -> None:
    """The page in this colour scheme, at once: nothing fades from one to the other."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
