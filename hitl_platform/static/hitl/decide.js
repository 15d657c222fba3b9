// The decision panel: reasons that fit the label or a search, menus, and on a phone the sheet that opens over the case.
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
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else toggle(false);
});
// a menu that opens is entered; one that is left closes
document.addEventListener("toggle", (event) => {
  if (event.target.matches("details.menu[open]")) event.target.querySelector(".sheet :is(input:checked, input:not([type=hidden]), textarea, select, button)")?.focus();
}, { capture: true });
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-finds]")) return;
  const wanted = event.target.value.trim().toLocaleLowerCase();
  for (const reason of document.querySelectorAll(`#decide .${event.target.dataset.finds} label`)) {
    reason.classList.toggle("unfound", !reason.textContent.toLocaleLowerCase().includes(wanted));
  }
});

function begin() {
  for (const finder of document.querySelectorAll(".finder")) finder.hidden = false;
  fit();
}

document.addEventListener("htmx:load", begin);
begin();
