// Shows one picture, or two under a swipe, with a legend and the numbers under the pointer.
// Streamlit calls the default export again whenever `data` changes; the DOM stays, so what the
// person did (where the swipe stands, where the probe is) is kept on the root element.

const UNKNOWN = -32768;
const BLANK = "data:,";

function decode(grid) {
  const bytes = Uint8Array.from(atob(grid.values), (c) => c.charCodeAt(0));
  return new Int16Array(bytes.buffer);
}

// What the grid (drawing/hover.py) knows at picture position (x, y): the pixel it was sampled at, and its numbers.
function look(grid, values, x, y, width, height) {
  const column = Math.floor(x / grid.step);
  const row = Math.floor(y / grid.step);
  const at = (row * grid.columns + column) * grid.channels;
  const numbers = Array.from(values.subarray(at, at + grid.channels), (raw) => (raw === UNKNOWN ? null : raw * grid.unit));
  const middle = Math.floor(grid.step / 2);
  return {
    x: Math.min(column * grid.step + middle, width - 1),
    y: Math.min(row * grid.step + middle, height - 1),
    numbers,
  };
}

const signed = (n) => (n < 0 ? "−" : "+") + Math.abs(n).toFixed(2);

function words(found) {
  const [u, v] = found.numbers;
  const place = `x ${String(found.x).padStart(4)}  y ${String(found.y).padStart(4)}`;
  if (u === null || v === null) return `${place}  unknown`;
  return `${place}  u ${signed(u).padStart(7)}  v ${signed(v).padStart(7)}  ${Math.hypot(u, v).toFixed(2)} px`;
}

function build(root) {
  const $ = (selector) => root.querySelector(selector);
  const view = {
    stage: $(".stage"), a: $("img.a"), b: $("img.b"), divider: $(".divider"), cross: $(".cross"),
    nameA: $(".name.a"), nameB: $(".name.b"), legend: $(".legend"), swatch: $(".legend img"), words: $(".legend .words"),
    ends: root.querySelectorAll(".ends span"), swipe: $(".swipe"), slider: $(".swipe input"), readout: $(".readout"),
    data: null, values: null, probe: null,
  };

  const show = (x, y) => {
    const { data, values } = view;
    const inside = (value, size) => Math.round(Math.min(size - 1, Math.max(0, value)));
    view.probe = { x: inside(x, data.width), y: inside(y, data.height) };
    const found = look(data.grid, values, view.probe.x, view.probe.y, data.width, data.height);
    view.readout.textContent = words(found);
    view.cross.style.left = `${((found.x + 0.5) / data.width) * 100}%`;
    view.cross.style.top = `${((found.y + 0.5) / data.height) * 100}%`;
    view.cross.hidden = false;
  };
  view.refresh = () => {
    if (view.probe) show(view.probe.x, view.probe.y);
    else view.readout.textContent = "point at the picture for its numbers";
  };

  const swipeTo = (percent) => {
    view.slider.value = percent;
    view.stage.style.setProperty("--swipe", `${percent}%`);
  };
  view.slider.addEventListener("input", () => swipeTo(view.slider.value));
  swipeTo(50);

  const pointed = (event) => {
    const box = view.stage.getBoundingClientRect();
    const [fx, fy] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    show(fx * view.data.width - 0.5, fy * view.data.height - 0.5);
    if (event.buttons && !view.swipe.hidden) swipeTo(Math.min(100, Math.max(0, fx * 100)));
  };
  view.stage.addEventListener("pointermove", pointed);
  view.stage.addEventListener("pointerdown", pointed);

  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  view.stage.addEventListener("keydown", (event) => {
    if (!event.shiftKey || !(event.key in steps)) return;
    const from = view.probe ?? { x: view.data.width / 2, y: view.data.height / 2 };
    const [dx, dy] = steps[event.key];
    show(from.x + dx * view.data.grid.step, from.y + dy * view.data.grid.step);
    event.preventDefault();
    event.stopPropagation();
  });
  return view;
}

// Setting a source again would decode the picture again, even when it is the same.
function source(image, address) {
  if (image.src !== address) image.src = address;
}

function text(element, words) {
  element.textContent = words ?? "";
  element.hidden = !words;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".picture");
  const view = (root.view ??= build(root));
  view.data = data;
  view.values = decode(data.grid);

  view.stage.style.aspectRatio = `${data.width} / ${data.height}`;
  view.stage.style.maxWidth = `calc(${data.maxHeight} * ${data.width / data.height})`;
  view.stage.setAttribute("aria-label", `${data.title}. Shift and arrow keys read the numbers.`);
  source(view.a, data.a.source);
  view.a.dataset.frame = data.frame;
  view.b.hidden = view.divider.hidden = view.swipe.hidden = !data.b;
  source(view.b, data.b ? data.b.source : BLANK);
  text(view.nameA, data.b && data.a.name);
  text(view.nameB, data.b && data.b.name);
  view.swipe.querySelector("span").textContent = data.b ? "Swipe" : "";

  const { legend } = data;
  view.swatch.hidden = !legend.source;
  source(view.swatch, legend.source || BLANK);
  view.swatch.className = legend.kind;
  view.swatch.alt = legend.words;
  view.words.textContent = legend.words;
  view.ends.forEach((end, i) => (end.textContent = legend.ends[i] ?? ""));
  view.refresh();
}
