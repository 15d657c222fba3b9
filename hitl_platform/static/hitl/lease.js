// Counts a lease down, and keeps it alive while somebody is at the page; says so when it has ended.
const BEAT = 30; // seconds, or a third of a shorter lease
const IDLE = 60; // without input for so long: no time at work
const AWAY = 300; // without input for so long: nobody is there, and the lease runs out
const LOW = 120;
const leases = new WeakMap();
let lastInput = performance.now();
let hiddenSince = 0;

for (const kind of ["pointerdown", "pointermove", "keydown", "scroll", "touchstart"]) {
  document.addEventListener(kind, () => { lastInput = performance.now(); }, { passive: true, capture: true });
}

function lease(element) {
  if (!leases.has(element)) {
    const length = Number(element.dataset.lease);
    const pause = Math.min(BEAT, length / 3) * 1000;
    leases.set(element, { ends: performance.now() + length * 1000, pause, beats: -Infinity, over: false });
  }
  return leases.get(element);
}

function end(element) {
  if ("lasting" in element.dataset) return; // a locked answer stays its author's
  lease(element).over = true;
  element.dataset.state = "over";
  element.querySelector("[data-count]").textContent = "0:00";
  const notice = document.getElementById("lease-over");
  notice?.removeAttribute("hidden");
  // whoever is writing keeps the cursor: letters that go on coming would be single keys elsewhere
  if (!document.activeElement?.matches("textarea, input, select")) notice?.focus({ preventScroll: true });
  notice?.querySelector("button")?.setAttribute("data-key", "n");
  for (const button of document.querySelectorAll("#decide .act button, .case-head .facts button")) button.disabled = true;
}

async function beat(element) {
  const state = lease(element);
  state.beats = performance.now();
  const body = new FormData(document.getElementById("decide"));
  try {
    const response = await fetch(element.dataset.beat, { method: "POST", body, credentials: "same-origin" });
    if ([403, 404, 409].includes(response.status)) end(element);
    else if (response.ok && !response.redirected) state.ends = performance.now() + (await response.json()).lease_seconds * 1000;
  } catch {
    state.beats = performance.now() + 2000 - state.pause; // offline: try again in two seconds
  }
}

function tick() {
  const element = document.querySelector("[data-lease]");
  if (!element) return;
  const state = lease(element);
  if (state.over) return;
  const now = performance.now();
  const left = Math.max(0, Math.round((state.ends - now) / 1000));
  element.querySelector("[data-count]").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  const idle = now - lastInput;
  element.dataset.state = left < LOW ? "low" : "";
  if (document.visibilityState !== "visible") return;
  const worked = document.querySelector("#decide [name=active_seconds]");
  if (worked && idle < IDLE * 1000) worked.value = Number(worked.value) + 1;
  // at its end the server is asked once more: another tab may have kept the lease alive
  if ((idle < AWAY * 1000 || now >= state.ends) && now - state.beats >= state.pause) beat(element);
}

setInterval(tick, 1000);
tick();
document.addEventListener("htmx:load", tick);
document.addEventListener("visibilitychange", () => {
  // whoever comes back is there
  if (document.visibilityState === "hidden") hiddenSince = performance.now();
  else if (hiddenSince) lastInput = performance.now();
  tick();
});
