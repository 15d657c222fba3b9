// One key, one act: pressing a key clicks (or, for text, focuses) the visible element that names it in data-key.
const SWITCH = "hitl.keys";
const isOn = () => localStorage.getItem(SWITCH) !== "off";
const writes = (element) => element.matches?.("textarea, select, input:not([type=radio], [type=checkbox])");
const waits = () => document.querySelector("main.htmx-request, main .htmx-request, .toast .htmx-request") !== null;
const PAUSE = 1000; // milliseconds without a key, after which letters are single keys again
let leaving = false;
let unheard = -Infinity;

function overlay() {
  const dialog = document.getElementById("keys");
  if (!dialog || dialog.open) return;
  tell();
  dialog.showModal();
}

// the keys that are told are those that do something now: the field or button may stand on a sheet that is folded
function tell() {
  for (const told of document.querySelectorAll("[data-offers]")) {
    const key = CSS.escape(told.dataset.offers);
    told.hidden = document.querySelector(`[data-key="${key}"]:not(:disabled, [readonly])`) === null;
  }
}

function find(key) {
  const all = document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`);
  return [...all].find((element) => !element.matches(":disabled") && element.getClientRects().length > 0)
    ?? [...all].find((element) => element.matches("input[type=radio]:not(:disabled)"));
}

function press(event) {
  // a key meant for the case just sent must never reach the next one
  if (event.defaultPrevented || event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
  if (writes(event.target)) {
    if (event.key === "Escape") event.target.blur();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find("Enter")?.click();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  // an open menu has keys of its own
  if (event.target.closest("details.menu[open]")) return;
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
  if (event.key !== "?" && event.key !== "Enter" && !isOn()) return;
  if (event.key === "?") {
    event.preventDefault();
    return overlay();
  }
  if (waits() || leaving) return event.preventDefault();
  // whoever types where nothing listens types on for a while: what follows is no key either, save a label's number
  const typing = event.timeStamp - unheard < PAUSE && !/^[1-9]$/.test(event.key);
  const element = typing ? null : find(event.key);
  if (!element) {
    if (event.key.length === 1) unheard = event.timeStamp;
    return;
  }
  unheard = -Infinity;
  event.preventDefault();
  if (element.matches("textarea")) {
    element.focus();
    element.scrollIntoView({ block: "nearest" });
  }
  else element.click();
  if (element.matches("input[type=radio]")) element.focus({ preventScroll: true });
}

function switches() {
  const box = document.getElementById("keys-on");
  if (!box) return;
  box.checked = isOn();
  box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "on" : "off"));
}

document.addEventListener("keydown", press);
// whoever drives the page by keys can see from when on they are heard
document.documentElement.dataset.keys = "on";
window.addEventListener("beforeunload", () => { leaving = true; });
window.addEventListener("pageshow", () => { leaving = false; });
switches();

// a new page begins at its start, for eyes and for screen readers; a page that only renews itself leaves focus alone
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.boosted) document.getElementById("main")?.focus({ preventScroll: true });
});

// the undo offer counts down and leaves when its time is over
setInterval(() => {
  for (const toast of document.querySelectorAll("[data-fades]")) {
    const left = (toast.dataset.fades -= 1);
    const shown = toast.querySelector("[data-count-down]");
    if (left <= 0) {
      toast.remove();
      tell();
    }
    else if (shown) shown.textContent = `${left} s`;
  }
}, 1000);
