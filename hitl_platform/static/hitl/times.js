// Keeps relative times true while a page stays open, and shows absolute times in the person's own zone.
const spans = [[172800, 86400, "day"], [3600, 3600, "h"], [60, 60, "min"], [0, 1, "s"]];
// in the language of the pages, whatever the browser speaks: the server writes times as 19:49 too
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "long" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const zoned = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZoneName: "short" });

function span(seconds) {
  const [, size, unit] = spans.find(([from]) => seconds >= from);
  const count = Math.floor(seconds / size);
  if (unit === "h" && count < 10) {
    const minutes = Math.floor((seconds % 3600) / 60);
    return minutes ? `${count} h ${String(minutes).padStart(2, "0")}` : `${count} h`;
  }
  return `${count} ${unit}${unit === "day" ? "s" : ""}`;
}

function words(seconds, style) {
  const length = span(Math.abs(seconds));
  if (style === "due") return seconds > 0 ? `in ${length}` : `${length} overdue`;
  if (Math.abs(seconds) < 45) return seconds > 0 ? "now" : "just now";
  return seconds > 0 ? `in ${length}` : `${length} ago`;
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-style]")) {
    const at = new Date(time.dateTime);
    const text = time.dataset.style === "clock" ? clock.format(at) : words((at - Date.now()) / 1000, time.dataset.style);
    if (time.textContent !== text) time.textContent = text;
    time.title = `${day.format(at)}, ${zoned.format(at)}`;
  }
}

// the server renders the next pages in this zone too
document.cookie = `zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; max-age=31536000; samesite=lax`;
refresh();
setInterval(refresh, 30_000);
document.addEventListener("htmx:load", refresh);

// lists renew themselves when their page is looked at again, not under the eyes of a reader
let hiddenAt = 0;
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") hiddenAt = Date.now();
  else if (Date.now() - hiddenAt > 15_000) document.dispatchEvent(new Event("seen-again"));
});
