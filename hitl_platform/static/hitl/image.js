// Images: zoom, pan, and boxes drawn as evidence. Without it the image simply stands there.
import { add, canMark, placeOf, read, same } from "./marks.js";

const MOST = 8;
const STEP = 0.02;
const views = new WeakMap();
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

function view(viewer) {
  if (!views.has(viewer)) views.set(viewer, { zoom: 1, x: 0, y: 0, drawing: false, box: null, from: null });
  return views.get(viewer);
}

const part = (viewer, name) => viewer.querySelector(`.viewer-${name}`);

function place(viewer) {
  const state = view(viewer);
  const canvas = part(viewer, "canvas");
  const stage = part(viewer, "stage");
  const spare = (size, around) => Math.max(0, (size * state.zoom - around) / 2);
  state.x = clamp(state.x, -spare(canvas.offsetWidth, stage.clientWidth), spare(canvas.offsetWidth, stage.clientWidth));
  state.y = clamp(state.y, -spare(canvas.offsetHeight, stage.clientHeight), spare(canvas.offsetHeight, stage.clientHeight));
  canvas.style.transform = `translate(${state.x}px, ${state.y}px) scale(${state.zoom})`;
  stage.dataset.zoomed = state.zoom > 1 ? "yes" : "";
}

function zoom(viewer, by) {
  const state = view(viewer);
  const before = state.zoom;
  state.zoom = clamp(before * by, 1, MOST);
  state.x *= state.zoom / before;
  state.y *= state.zoom / before;
  place(viewer);
  say(viewer, `${Math.round(state.zoom * 100)} %`);
}

function fit(viewer) {
  Object.assign(view(viewer), { zoom: 1, x: 0, y: 0 });
  place(viewer);
  say(viewer, "");
}

function say(viewer, text) {
  const status = viewer.querySelector("[data-viewer-status]");
  if (status) status.textContent = text;
}

function draw(viewer) {
  const boxes = part(viewer, "boxes");
  if (!boxes) return;
  const state = view(viewer);
  const marked = read().filter((mark) => mark.box && same(mark, viewer)).map((mark) => ({ box: mark.box, sure: true }));
  const all = state.box ? [...marked, { box: state.box, sure: false }] : marked;
  boxes.replaceChildren(...all.map(({ box: [x, y, width, height], sure }) => {
    const element = document.createElement("i");
    Object.assign(element.style, {
      left: `${x * 100}%`, top: `${y * 100}%`, width: `${width * 100}%`, height: `${height * 100}%`,
    });
    element.dataset.sure = sure ? "yes" : "";
    return element;
  }));
}

function arm(viewer, on) {
  const state = view(viewer);
  state.drawing = on && canMark();
  state.box = null;
  viewer.querySelector("[data-tool=box]")?.setAttribute("aria-pressed", String(state.drawing));
  part(viewer, "stage").dataset.drawing = state.drawing ? "yes" : "";
  say(viewer, state.drawing ? "Draw a box, or press Enter for one that the arrows move" : "");
  draw(viewer);
}

function keep(viewer) {
  const { box } = view(viewer);
  if (box && box[2] > 0.004 && box[3] > 0.004) {
    add({ ...placeOf(viewer), box: box.map((share) => Math.round(share * 1e4) / 1e4) });
    arm(viewer, false);
    say(viewer, "Marked as evidence");
  } else arm(viewer, false);
}

const shares = (viewer, event) => {
  const edge = part(viewer, "canvas").getBoundingClientRect();
  return [clamp((event.clientX - edge.left) / edge.width, 0, 1), clamp((event.clientY - edge.top) / edge.height, 0, 1)];
};

document.addEventListener("pointerdown", (event) => {
  const stage = event.target.closest(".viewer-stage");
  const viewer = stage?.closest("[data-viewer]");
  if (!viewer || event.button !== 0) return;
  const state = view(viewer);
  if (state.drawing) state.from = { shares: shares(viewer, event) };
  else if (state.zoom > 1) state.from = { x: event.clientX - state.x, y: event.clientY - state.y };
  else return;
  event.preventDefault();
  stage.focus({ preventScroll: true });
  stage.setPointerCapture(event.pointerId);
});
document.addEventListener("pointermove", (event) => {
  const viewer = event.target.closest?.("[data-viewer]");
  const state = viewer && view(viewer);
  if (!state?.from) return;
  if (state.drawing) {
    const [x, y] = shares(viewer, event);
    const [fromX, fromY] = state.from.shares;
    state.box = [Math.min(x, fromX), Math.min(y, fromY), Math.abs(x - fromX), Math.abs(y - fromY)];
    return draw(viewer);
  }
  state.x = event.clientX - state.from.x;
  state.y = event.clientY - state.from.y;
  place(viewer);
});
for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, (event) => {
    const viewer = event.target.closest?.("[data-viewer]");
    const state = viewer && view(viewer);
    if (!state?.from) return;
    state.from = null;
    if (state.drawing) keep(viewer);
  });
}

function nudge(state, event, [dx, dy]) {
  const [x, y, width, height] = state.box;
  state.box = event.shiftKey
    ? [x, y, clamp(width + dx * STEP, STEP, 1 - x), clamp(height + dy * STEP, STEP, 1 - y)]
    : [clamp(x + dx * STEP, 0, 1 - width), clamp(y + dy * STEP, 0, 1 - height), width, height];
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
document.addEventListener("keydown", (event) => {
  const viewer = event.target.closest?.(".viewer-stage")?.closest("[data-viewer]");
  if (!viewer || event.ctrlKey || event.metaKey || event.altKey) return;
  const state = view(viewer);
  const arrow = ARROWS[event.key];
  if (arrow && state.drawing && state.box) {
    nudge(state, event, arrow);
    draw(viewer);
  } else if (arrow && state.zoom > 1) {
    state.x -= arrow[0] * 40;
    state.y -= arrow[1] * 40;
    place(viewer);
  } else if (event.key === "+" || event.key === "=") zoom(viewer, 1.25);
  else if (event.key === "-") zoom(viewer, 0.8);
  else if (event.key === "0") fit(viewer);
  else if (event.key === "b" && canMark()) arm(viewer, !state.drawing);
  else if (event.key === "Escape" && state.drawing) arm(viewer, false);
  else if (event.key === "Enter" && state.drawing) {
    if (state.box) keep(viewer);
    else {
      state.box = [0.4, 0.4, 0.2, 0.2];
      say(viewer, "Arrows move it, with shift they size it, Enter keeps it");
      draw(viewer);
    }
  } else return;
  event.preventDefault();
}, { capture: true });
document.addEventListener("click", (event) => {
  const tool = event.target.closest("[data-tool]");
  const viewer = tool?.closest("[data-viewer]");
  if (!viewer) return;
  if (tool.dataset.tool === "in") zoom(viewer, 1.5);
  else if (tool.dataset.tool === "out") zoom(viewer, 1 / 1.5);
  else if (tool.dataset.tool === "fit") fit(viewer);
  else arm(viewer, !view(viewer).drawing);
  if (tool.dataset.tool === "box") part(viewer, "stage").focus({ preventScroll: true });
});

function ready() {
  for (const viewer of document.querySelectorAll("[data-viewer]")) {
    part(viewer, "tools").hidden = false;
    draw(viewer);
  }
}

document.addEventListener("marks", ready);
ready();
