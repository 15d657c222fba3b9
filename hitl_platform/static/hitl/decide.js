// The decision panel: reasons that fit the label, and on a phone the sheet that opens over the case.
const panel = () => document.getElementById("decide");

function fit() {
  const chosen = panel()?.querySelector("[name=label]:checked");
  for (const reason of panel()?.querySelectorAll("[data-for]") ?? []) {
    const fits = !chosen || reason.dataset.for.split(" ").includes(chosen.value);
    reason.hidden = !fits;
    reason.querySelector("input").disabled = !fits;
  }
  const name = chosen?.closest("label").querySelector("[data-name]").textContent;
  const handle = panel()?.querySelector("[data-chosen]");
  if (handle) handle.textContent = name ? `Decide: ${name}` : "Decide";
}

function toggle(open) {
  panel()?.querySelector(".sheet-handle")?.setAttribute("aria-expanded", String(open));
}

document.addEventListener("change", (event) => { if (event.target.closest("#decide")) fit(); });
document.addEventListener("click", (event) => {
  const handle = event.target.closest(".sheet-handle");
  if (handle) toggle(handle.getAttribute("aria-expanded") !== "true");
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") toggle(false); });
document.addEventListener("htmx:load", fit);
fit();
