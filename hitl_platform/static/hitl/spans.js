// Text as evidence: select with the mouse, a finger or the arrow keys, then mark. Nothing is put into the text.
import { add, canMark, placeIn, placeOf, read, same } from "./marks.js";

const button = () => document.getElementById("mark-selection");

function selected() {
  const selection = getSelection();
  if (!canMark() || !selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const start = range.startContainer.parentElement?.closest("[data-text]") ?? range.startContainer.closest?.("[data-text]");
  const within = start && start.contains(range.endContainer) && range.toString().trim();
  return within ? { element: start, range } : null;
}

function offer() {
  const shown = button();
  if (!shown) return;
  const found = selected();
  shown.hidden = !found;
  if (!found) return;
  const box = found.range.getBoundingClientRect();
  const top = Math.min(innerHeight - 60, Math.max(60, box.bottom + 8));
  const left = Math.min(innerWidth - shown.offsetWidth - 16, Math.max(16, box.left));
  shown.style.top = `${top}px`;
  shown.style.left = `${left}px`;
}

function mark() {
  const found = selected();
  if (!found) return;
  const { element, range } = found;
  const start = placeIn(element, range.startContainer, range.startOffset);
  const end = placeIn(element, range.endContainer, range.endOffset);
  add({ ...placeOf(element), start, end });
  getSelection().collapseToEnd();
}

// the Range of a mark: walks the text nodes, counting characters
function rangeOf(element, start, end) {
  const range = document.createRange();
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let passed = 0;
  let begun = false;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const characters = [...node.data];
    const units = (count) => characters.slice(0, count).join("").length;
    if (!begun && start < passed + characters.length) {
      range.setStart(node, units(start - passed));
      begun = true;
    }
    if (begun && end <= passed + characters.length) {
      range.setEnd(node, units(end - passed));
      return range;
    }
    passed += characters.length;
  }
  return null;
}

function paint() {
  if (!("highlights" in CSS)) return;
  const texts = [...document.querySelectorAll("[data-text]")];
  const ranges = read().filter((each) => !each.box).flatMap((each) => {
    const element = texts.find((text) => same(each, text));
    const range = element && rangeOf(element, each.start, each.end);
    return range ? [range] : [];
  });
  CSS.highlights.set("evidence", new Highlight(...ranges));
}

// with the text focused: an arrow takes the next word, with shift one word more
document.addEventListener("keydown", (event) => {
  const text = event.target.closest?.("[data-text], .thread");
  if (!text || event.target !== text || !["ArrowLeft", "ArrowRight"].includes(event.key) || !canMark()) return;
  event.preventDefault();
  const selection = getSelection();
  const forward = (event.key === "ArrowRight") !== (getComputedStyle(text).direction === "rtl");
  const way = forward ? "forward" : "backward";
  if (!selection.rangeCount || !text.contains(selection.anchorNode)) {
    selection.collapse(text.matches("[data-text]") ? text : text.querySelector("[data-text]"), 0);
  } else if (!event.shiftKey) {
    if (forward) selection.collapseToEnd();
    else selection.collapseToStart();
  }
  selection.modify("extend", way, "word");
});
document.addEventListener("selectionchange", offer);
document.addEventListener("scroll", offer, { passive: true });
document.addEventListener("mousedown", (event) => { if (event.target.closest("#mark-selection")) event.preventDefault(); });
document.addEventListener("click", (event) => { if (event.target.closest("#mark-selection")) mark(); });
document.addEventListener("marks", paint);
paint();
