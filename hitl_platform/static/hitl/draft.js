// Saves the draft while it is being written, and again until it is saved; nothing leaves the page before it is.
const PAUSE = 800;
let waiting = null;
let form = null;

function say(text) {
  const status = form?.querySelector("[data-draft-status]");
  if (status) status.textContent = text;
}

async function save() {
  clearTimeout(waiting);
  waiting = null;
  if (!form?.isConnected || !form.dataset.draft) return;
  try {
    const response = await fetch(form.dataset.draft, {
      method: "POST", body: new FormData(form), credentials: "same-origin", keepalive: true,
    });
    if (response.redirected) {
      say("Not saved: you are logged out. Log in in another tab, and it is saved from here.");
      waiting = setTimeout(save, 5000);
    } else if (response.ok) say(`Draft saved at ${new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}`);
    else say("The draft could not be saved: this case is no longer with you.");
  } catch {
    say("Not saved yet. Trying again.");
    waiting = setTimeout(save, 2000);
  }
}

document.addEventListener("input", (event) => {
  const edited = event.target.closest?.("form[data-draft]");
  if (!edited || !edited.dataset.draft) return;
  form = edited;
  say("Not saved yet");
  clearTimeout(waiting);
  waiting = setTimeout(save, PAUSE);
});
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden" && waiting) save(); });
document.addEventListener("submit", (event) => {
  if (event.target !== form) return;
  clearTimeout(waiting);
  waiting = null;
}, { capture: true });
// whatever else is sent waits for the draft: the page that comes back shows it
document.addEventListener("htmx:confirm", (event) => {
  if (!waiting || event.target === form || event.detail.elt === form || !navigator.onLine) return;
  event.preventDefault();
  save().then(() => event.detail.issueRequest(true));
});
// what was not sent as a decision is a draft again
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, () => { waiting = setTimeout(save, PAUSE); });
}
