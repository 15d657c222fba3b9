// What the reviewer marked as evidence: one hidden field of JSON, shown as a list; who draws it listens to "marks".
const field = () => document.querySelector("#decide [name=evidence]");
const characters = (text) => [...text].length;

export const canMark = () => document.querySelector("#decide[data-draft]") !== null;
export const same = (mark, element) =>
  mark.field === (element.dataset.text ?? element.dataset.field) && String(mark.item ?? "") === (element.dataset.item ?? "");
export const placeOf = (element) => ({
  field: element.dataset.text ?? element.dataset.field,
  ...("item" in element.dataset ? { item: Number(element.dataset.item) } : {}),
});

export function read() {
  try {
    return JSON.parse(field()?.value || "[]");
  } catch {
    return [];
  }
}

export function write(marks) {
  if (!field()) return;
  field().value = JSON.stringify(marks);
  field().dispatchEvent(new Event("input", { bubbles: true }));
  draw();
}

export function add(mark) {
  const marks = read();
  if (!marks.some((each) => JSON.stringify(each) === JSON.stringify(mark))) write([...marks, mark]);
}

// the text of an element between two places, which count characters and not UTF-16 units
export const quoteOf = (element, start, end) => [...element.textContent].slice(start, end).join("");
export const placeIn = (element, node, offset) => {
  const range = document.createRange();
  range.setStart(element, 0);
  range.setEnd(node, offset);
  return characters(range.toString());
};

function words(mark) {
  if (mark.box) {
    const [x, y, width, height] = mark.box.map((share) => Math.round(share * 100));
    return `box of ${width} × ${height} % at ${x}, ${y} %`;
  }
  const element = [...document.querySelectorAll("[data-text]")].find((each) => same(mark, each));
  const quote = element ? quoteOf(element, mark.start, mark.end) : "";
  return quote.length > 160 ? `${quote.slice(0, 159)}…` : quote;
}

function titleOf(mark) {
  const element = [...document.querySelectorAll("[data-text], [data-field]")].find((each) => same(mark, each));
  const title = element?.closest(".block")?.querySelector("h2")?.textContent ?? mark.field;
  return mark.item === undefined ? title : `${title}, ${mark.item + 1}`;
}

export function draw() {
  const list = document.getElementById("marks");
  const item = document.getElementById("mark-item");
  const marks = read();
  if (list && item && canMark()) {
    list.replaceChildren(...marks.map((mark, at) => {
      const row = item.content.cloneNode(true);
      row.querySelector("[data-title]").textContent = titleOf(mark);
      row.querySelector("[data-quote]").textContent = words(mark);
      row.querySelector("[data-remove]").dataset.remove = at;
      return row;
    }));
    list.closest(".marks-part").hidden = marks.length === 0;
  }
  document.dispatchEvent(new CustomEvent("marks", { detail: marks }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove]");
  if (button) write(read().filter((_, at) => at !== Number(button.dataset.remove)));
});
document.addEventListener("htmx:load", draw);
draw();
