// One panel of a board: picture or plot, with its axes, legend and the numbers under the pointer.

const AXES = { left: 50, right: 12, top: 6, bottom: 40 };
const NONE = { left: 1, right: 1, top: 1, bottom: 1 };
const FLIP = 600; // ms

const marginsOf = (panel) => (panel.xTitle || panel.yTitle ? AXES : NONE);

function scale([low, high], from, to, log) {
  const way = log ? Math.log10 : (v) => v;
  const [a, b] = [way(low), way(high)];
  const there = (value) => from + ((way(value) - a) / (b - a)) * (to - from);
  const back = (place) => {
    const value = a + ((place - from) / (to - from)) * (b - a);
    return log ? 10 ** value : value;
  };
  return [there, back];
}

function ticksOf([one, other], log, count) {
  const [low, high] = [Math.min(one, other), Math.max(one, other)];
  if (log) {
    const ticks = [];
    const between = Math.log10(high / low) < 2.5 ? [1, 2, 5] : [1]; // few decades have room for more
    for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) {
      ticks.push(...between.map((n) => n * 10 ** e).filter((tick) => tick >= low * 0.999 && tick <= high * 1.001));
    }
    return ticks;
  }
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= rough * 0.999);
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-9); n <= high / step + 1e-9; n++) ticks.push(n * step);
  return ticks;
}

function told(value) {
  const size = Math.abs(value);
  if (size && (size >= 1e5 || size < 1e-3)) return value.toExponential(0).replace("e+", "e");
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

function drawAxes(group, view, width, height) {
  const { panel, sx, sy } = view;
  const { left, right, top, bottom } = marginsOf(panel);
  if (!panel.xTitle && !panel.yTitle) return;
  const [floor, end] = [height - bottom, width - right];
  for (const x of ticksOf(panel.x, panel.logX, (end - left) / 70)) {
    make("line", { x1: sx(x), x2: sx(x), y1: top, y2: floor, class: x === 0 ? "zero" : "grid" }, group);
    make("text", { x: sx(x), y: floor + 14, "text-anchor": "middle", class: "tick" }, group, told(x));
  }
  for (const y of ticksOf(panel.y, panel.logY, (floor - top) / 45)) {
    make("line", { x1: left, x2: end, y1: sy(y), y2: sy(y), class: y === 0 ? "zero" : "grid" }, group);
    make("text", { x: left - 6, y: sy(y), "text-anchor": "end", "dominant-baseline": "central", class: "tick" }, group, told(y));
  }
  make("text", { x: (left + end) / 2, y: height - 6, "text-anchor": "middle", class: "axis" }, group, panel.xTitle);
  const middle = (top + floor) / 2;
  make("text", { x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})`, class: "axis" }, group, panel.yTitle);
}

function buildPanel(part) {
  const figure = document.createElement("figure");
  figure.className = "part";
  const caption = figure.appendChild(document.createElement("figcaption"));
  const svg = figure.appendChild(make("svg"));
  const clip = make("rect", {}, make("clipPath", { id: `clip-${part.name}` }, make("defs", {}, svg)));
  const uncovered = make("rect", {}, make("clipPath", { id: `swipe-${part.name}` }, svg.querySelector("defs")));
  const view = { figure, caption, svg, clip, uncovered, axes: make("g", {}, svg), beneath: make("image", { preserveAspectRatio: "none" }, svg),
    image: make("image", { preserveAspectRatio: "none" }, svg), marks: make("g", {}, svg), edge: make("rect", { class: "frame" }, svg), share: 0.5 };
  view.swipe = figure.appendChild(buildSwipe(view));
  view.strip = figure.appendChild(document.createElement("div"));
  view.words = figure.appendChild(document.createElement("p"));
  return view;
}

function buildSwipe(view) {
  const label = document.createElement("label");
  label.className = "swipe";
  label.innerHTML = `<span class="a"></span><input type="range" min="0" max="100" value="50" aria-label="Swipe"><span class="b"></span><button type="button" aria-pressed="false" title="Show one picture after the other, again and again">Flip</button>`;
  const [slider, button] = [label.querySelector("input"), label.querySelector("button")];
  const show = (percent) => {
    slider.value = percent;
    view.share = percent / 100;
    placeSwipe(view);
  };
  const stop = () => {
    clearInterval(view.flipping);
    view.flipping = null;
    button.setAttribute("aria-pressed", "false");
  };
  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  slider.addEventListener("keydown", (event) => event.stopPropagation()); // arrow keys would leave the step
  button.addEventListener("click", (event) => {
    event.preventDefault();
    if (view.flipping) return stop();
    button.setAttribute("aria-pressed", "true");
    view.flipping = setInterval(() => (view.figure.isConnected ? show(view.share > 0.5 ? 0 : 100) : stop()), FLIP);
  });
  return label;
}

function setAll(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
}

function placeSwipe(view) {
  const { x, y, width, height } = view.box;
  const share = view.panel.beneath ? view.share : 0;
  setAll(view.uncovered, { x: x + share * width, y, width: (1 - share) * width, height });
}

function setImage(image, source, box, smooth) {
  image.style.display = source ? "" : "none";
  if (!source) return;
  if (image.getAttribute("href") !== source) image.setAttribute("href", source); // else it would be decoded again
  setAll(image, box);
  image.setAttribute("class", smooth ? "" : "pixels");
}

function showPanel(view, panel, plotHeight) {
  const { left, right, top, bottom } = marginsOf(panel);
  const inner = Math.max(40, plotHeight * panel.proportion);
  const [width, height] = [inner + left + right, plotHeight + top + bottom];
  Object.assign(view, { panel, width, height, box: { x: left, y: top, width: inner, height: plotHeight } });
  [view.sx, view.backX] = scale(panel.x, left, width - right, panel.logX);
  [view.sy, view.backY] = scale(panel.y, height - bottom, top, panel.logY);
  view.figure.style.width = `${width}px`;
  write(view.caption, panel.title);
  view.caption.style.color = panel.ink === "text" ? "" : `var(--ink-${panel.ink})`;
  setAll(view.svg, { width, height, viewBox: `0 0 ${width} ${height}` });
  setAll(view.clip, view.box);
  setAll(view.edge, view.box);
  placeSwipe(view);
  setImage(view.beneath, panel.beneath, view.box, panel.smooth);
  setImage(view.image, panel.image, view.box, panel.smooth);
  view.image.setAttribute("clip-path", `url(#swipe-${panel.name})`);
  const axes = make("g");
  drawAxes(axes, view, width, height);
  view.axes.replaceWith(axes);
  view.axes = axes;
  const marks = drawMarks(view);
  marks.setAttribute("clip-path", `url(#clip-${panel.name})`);
  view.marks.replaceWith(marks);
  view.marks = marks;
  showStrip(view.strip, panel.strip);
  view.swipe.style.display = panel.beneath ? "" : "none";
  view.swipe.querySelector(".a").textContent = panel.names[0];
  view.swipe.querySelector(".b").textContent = panel.names[1];
  if (panel.values && view.told !== panel.values.data) {
    view.told = panel.values.data;
    view.numbers = new Int16Array(Uint8Array.from(atob(panel.values.data), (c) => c.charCodeAt(0)).buffer);
  }
  say(view, null);
}

function showStrip(strip, data) {
  strip.style.display = data ? "" : "none";
  if (!data) return;
  strip.className = `strip${data.wheel ? "" : " line"}`;
  const image = document.createElement("img");
  image.src = data.source;
  image.alt = "";
  image.className = data.wheel ? "wheel" : "";
  const words = data.ends.map((end) => {
    const span = document.createElement("span");
    span.textContent = end.replace(/^-/, "−");
    return span;
  });
  if (data.wheel) strip.replaceChildren(image, ...words);
  else strip.replaceChildren(words[0], image, words.at(-1));
}

// What stands beneath: the panel's own sentence, or what is told for as long as something is pointed at.
function say(view, words) {
  write(view.words, words ?? view.panel.words);
  view.words.className = words === null ? "words" : "words read";
}

function valueAt({ panel, numbers }, x, y) {
  const { width, height, channels, step } = panel.values;
  const share = (at, [low, high]) => (at - low) / (high - low);
  const column = Math.min(width - 1, Math.max(0, Math.floor(share(x, panel.x) * width)));
  const row = Math.min(height - 1, Math.max(0, Math.floor((1 - share(y, panel.y)) * height)));
  const at = (row * width + column) * channels;
  const words = Array.from(numbers.subarray(at, at + channels), (n, c) => {
    const name = panel.valueNames[c] ? `${panel.valueNames[c]} ` : "";
    return name + (n === -32768 ? "–" : told(Number((n * step).toPrecision(4))));
  });
  return `${words.join("  ")} ${panel.unit}`;
}

function place(view, x, y) {
  const { panel } = view;
  const whole = panel.image && !panel.xTitle && !panel.yTitle;
  return whole ? `x ${Math.round(x)}  y ${Math.round(y)}` : `${panel.xTitle.split(",")[0]} ${told(Number(x.toPrecision(3)))}  ${panel.yTitle.split(",")[0]} ${told(Number(y.toPrecision(3)))}`;
}
