// How each kind of mark is drawn (flowlab/drawing/board.py): from a mark and the panel's scales to SVG elements.

const SVG = "http://www.w3.org/2000/svg";

function make(name, attributes = {}, parent = null, text = "") {
  const element = document.createElementNS(SVG, name);
  setAll(element, attributes);
  if (text) write(element, text);
  parent?.append(element);
  return element;
}

// Writes a text in which f_x is a letter with a letter below it, as in the equations.
function write(element, text) {
  const inSvg = element.namespaceURI === SVG;
  const parts = String(text).split(/\b([a-zA-Zλ])_([a-zA-Z0-9])\b/);
  if (parts.length === 1) return (element.textContent = text);
  element.replaceChildren();
  for (let i = 0; i < parts.length; i += 3) {
    element.append(inSvg && i ? make("tspan", { dy: -3 }, null, parts[i] || "\u200b") : parts[i]);
    if (i + 2 >= parts.length) break;
    const [letter, below] = inSvg ? ["tspan", "tspan"].map((name) => make(name)) : ["i", "sub"].map((name) => document.createElement(name));
    [letter.textContent, below.textContent] = [parts[i + 1], parts[i + 2]];
    if (inSvg) setAll(below, { dy: 3, "font-size": "80%" });
    element.append(letter, below);
  }
}

// A stroke has a rim beneath it on a picture, and a wider, unseen one where it can be pointed at.
function stroke(group, name, attributes, mark, view, { width = mark.width ?? 2, tint = false } = {}) {
  if (tint) make(name, { ...attributes, class: "tint" }, group);
  if (view.panel.image) make(name, { ...attributes, class: "rim", "stroke-width": width + 2.5 }, group);
  const dash = mark.dash && mark.dash !== "solid" ? ` ${mark.dash}` : "";
  make(name, { ...attributes, class: `ink${dash}`, "stroke-width": width, style: `--width: ${width}` }, group);
  if (mark.link || mark.label) make(name, { ...attributes, class: tint ? "hit solid" : "hit" }, group);
}

function pathOf(mark, { sx, sy }) {
  let path = "", pen = "M";
  mark.x.forEach((x, i) => {
    const y = mark.y[i];
    if (x === null || y === null) return (pen = "M");
    path += `${pen}${sx(x).toFixed(1)} ${sy(y).toFixed(1)}`;
    pen = "L";
  });
  return mark.closed ? `${path}Z` : path;
}

const DRAW = {
  Line(group, mark, view) {
    stroke(group, "path", { d: pathOf(mark, view) }, mark, view, { tint: mark.filled });
  },

  Dot(group, mark, view) {
    const [x, y, r] = [view.sx(mark.x), view.sy(mark.y), mark.size];
    if (mark.shape === "dot") {
      make("circle", { cx: x, cy: y, r: r + 1.5, class: "rim", "stroke-width": 2 }, group);
      make("circle", { cx: x, cy: y, r, class: "body" }, group);
    } else if (mark.shape === "ring") stroke(group, "circle", { cx: x, cy: y, r }, mark, view);
    else if (mark.shape === "cross") stroke(group, "path", { d: `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}` }, mark, view);
    else {
      const pixel = view.panel.image ? Math.abs(view.sx(1) - view.sx(0)) : 0;
      const side = Math.max(2 * r, pixel); // not smaller than the pixel it stands for
      stroke(group, "rect", { x: x - side / 2, y: y - side / 2, width: side, height: side }, mark, view);
    }
    if (mark.link || mark.label) make("circle", { cx: x, cy: y, r: r + 6, class: "hit solid" }, group);
  },

  Arrow(group, mark, view) {
    const [x0, y0] = [view.sx(mark.x), view.sy(mark.y)];
    const [x1, y1] = [view.sx(mark.x + mark.u), view.sy(mark.y + mark.v)];
    const length = Math.hypot(x1 - x0, y1 - y0);
    if (length < 1) return make("circle", { cx: x0, cy: y0, r: 3, class: "body" }, group);
    const head = Math.min(11, Math.max(5, length * 0.4));
    const [c, s] = [(x1 - x0) / length, (y1 - y0) / length];
    const wing = (side) => `${x1 - head * (c - side * 0.45 * s)} ${y1 - head * (s + side * 0.45 * c)}`;
    stroke(group, "path", { d: `M${x0} ${y0}L${x1} ${y1}` }, mark, view);
    stroke(group, "path", { d: `M${wing(1)}L${x1} ${y1}L${wing(-1)}` }, { ...mark, dash: "solid" }, view);
  },

  Disc(group, mark, view) {
    const [x, y] = [view.sx(mark.x), view.sy(mark.y)];
    const across = Math.abs(view.sx(mark.x + mark.radius) - x);
    const down = Math.abs(view.sy(mark.y + mark.radius) - y);
    if (mark.shade) shade(group, x, y, across, down, mark, view);
    stroke(group, "ellipse", { cx: x, cy: y, rx: across, ry: down }, mark, view);
  },

  Square(group, mark, view) {
    const [x0, x1] = [view.sx(mark.x - 0.5), view.sx(mark.x + mark.w - 0.5)];
    const [y0, y1] = [view.sy(mark.y - 0.5), view.sy(mark.y + mark.h - 0.5)];
    const box = { x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0), height: Math.abs(y1 - y0) };
    stroke(group, "rect", box, mark, view, { tint: mark.filled });
    if (!mark.filled && (mark.link || mark.label)) make("rect", { ...box, class: "hit solid" }, group);
  },

  Words(group, mark, view) {
    make("text", { x: view.sx(mark.x), y: view.sy(mark.y), "text-anchor": mark.anchor, "font-size": mark.size,
      "dominant-baseline": "central", class: view.panel.image ? "on-picture" : "" }, group, mark.text);
  },
};

// Dims what lies outside a disc; `softness` is how wide its rim fades, in units of the axes.
function shade(group, x, y, across, down, mark, view) {
  const id = `shade-${view.panel.name}`;
  const soft = mark.softness / (mark.radius + mark.softness || 1);
  const gradient = make("radialGradient", { id }, group);
  const stop = (offset, opacity) => make("stop", { offset, "stop-color": "white", "stop-opacity": opacity }, gradient);
  stop(0, 0);
  stop(1 - soft, 0);
  stop(1, 1);
  const reach = 1 + mark.softness / (mark.radius || 1);
  const [rx, ry] = [across * reach, down * reach];
  const mask = make("mask", { id: `${id}-mask`, maskUnits: "userSpaceOnUse", x: -1e4, y: -1e4, width: 3e4, height: 3e4 }, group);
  make("rect", { x: -1e4, y: -1e4, width: 3e4, height: 3e4, fill: "white" }, mask);
  make("ellipse", { cx: x, cy: y, rx, ry, fill: "black" }, mask);
  make("ellipse", { cx: x, cy: y, rx, ry, fill: `url(#${id})` }, mask);
  make("rect", { x: -1e4, y: -1e4, width: 3e4, height: 3e4, class: "shade", mask: `url(#${id}-mask)` }, group);
}

function drawMarks(view) {
  const group = make("g");
  for (const mark of view.panel.marks) {
    const one = make("g", { class: `mark${mark.faded ? " faded" : ""}${mark.held ? " held" : ""}`, style: `--ink: var(--ink-${mark.ink})` }, group);
    if (mark.link) one.dataset.link = mark.link;
    if (mark.label) one.dataset.label = mark.label;
    DRAW[mark.kind](one, mark, view);
  }
  return group;
}
