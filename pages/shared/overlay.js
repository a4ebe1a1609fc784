// Draws what lies on a picture: an SVG in the picture's pixels. Everything is drawn twice, a wide dark rim
// beneath the colour, so that it reads on any picture.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

const path = (points, closed) => `M${points.map((p) => p.join(",")).join("L")}${closed ? "Z" : ""}`;

// The edges of a box of pixels: pixel centres stand at whole numbers.
const outline = ([x, y, w, h]) =>
  path([[x - 0.5, y - 0.5], [x + w - 0.5, y - 0.5], [x + w - 0.5, y + h - 0.5], [x - 0.5, y + h - 0.5]], true);

// Ends of a segment. `size` is in picture pixels: so many that it looks the same at any zoom.
function arrowHead([x0, y0, x1, y1], size) {
  const long = Math.hypot(x1 - x0, y1 - y0) || 1;
  const [dx, dy] = [((x1 - x0) / long) * size, ((y1 - y0) / long) * size];
  return path([[x1 - dx - dy / 2, y1 - dy + dx / 2], [x1, y1], [x1 - dx + dy / 2, y1 - dy - dx / 2]]);
}

function ticks([x0, y0, x1, y1], size) {
  const long = Math.hypot(x1 - x0, y1 - y0) || 1;
  const [dx, dy] = [(-(y1 - y0) / long) * size, ((x1 - x0) / long) * size];
  return [[x0, y0], [x1, y1]].map(([x, y]) => path([[x - dx, y - dy], [x + dx, y + dy]])).join("");
}

// Four strokes around a pixel, which itself stays free.
function mark([x, y], size) {
  const near = size * 0.4;
  const strokes = [[0, 1], [0, -1], [1, 0], [-1, 0]];
  return strokes.map(([dx, dy]) => path([[x + dx * near, y + dy * near], [x + dx * size, y + dy * size]])).join("");
}

function hatching(svg, pixel) {
  const pattern = { id: "hatch", patternUnits: "userSpaceOnUse", width: 8, height: 8 };
  const made = element("pattern", { ...pattern, patternTransform: `scale(${pixel}) rotate(45)` }, element("defs", {}, svg));
  element("rect", { width: 8, height: 8, class: "hatch-paper" }, made);
  element("rect", { width: 2.5, height: 8, class: "hatch-ink" }, made);
}

// What the box is gripped by: squares of `size` picture px at its corners, and in between where there is room.
function handles([x, y, w, h], size) {
  const middles = Math.min(w, h) >= 4 * size;
  return Object.values(GRIPS)
    .filter(([dx, dy]) => middles || (dx && dy))
    .map(([dx, dy]) => {
      const [left, top] = [x - 0.5 + ((dx + 1) / 2) * w - size / 2, y - 0.5 + ((dy + 1) / 2) * h - size / 2];
      return path([[left, top], [left + size, top], [left + size, top + size], [left, top + size]], true);
    })
    .join("");
}

// The parts of a line through points where null is a gap; a single point is a dot.
function polyline(points) {
  const parts = [[]];
  for (const point of points) point ? parts.at(-1).push(point) : parts.push([]);
  return parts.filter((part) => part.length).map((part) => path(part.length > 1 ? part : [part[0], part[0]])).join("");
}

// A tracked region: its trail, its outline in the colour of its state, and its axes, which tell its top from its side.
function region({ name, quad, axes, trail, state, colour }, { both, label, pixel }) {
  const look = { "--state": colour };
  both("trail", polyline(trail), look);
  both(`quad ${state}`, path(quad, true), look);
  if (axes) {
    const [centre, right, down] = axes;
    both("axis across", path([centre, right]) + arrowHead([...centre, ...right], 8 * pixel));
    both("axis down", path([centre, down]) + arrowHead([...centre, ...down], 8 * pixel));
  }
  label("quad", name, quad);
}

// `under` knows the place that is pinned (under.js); `pixel` is how many picture pixels one screen pixel is.
function drawOverlay(svg, { width, height, drawn }, { pinned, mark: size }, draft, pixel, tool) {
  svg.setAttribute("viewBox", `-0.5 -0.5 ${width} ${height}`);
  svg.replaceChildren();
  const both = (kind, d, properties = {}) => {
    for (const layer of ["rim", "ink"]) {
      const made = element("path", { class: `${kind} ${layer}`, d }, svg);
      for (const [property, value] of Object.entries(properties)) made.style.setProperty(property, value);
    }
  };
  const shapes = {
    region: (box) => both("region", outline(box)),
    exclude: (box) => {
      element("path", { class: "exclude fill", d: outline(box) }, svg);
      both("exclude", outline(box));
    },
    line: (ends) => {
      both("line", path([ends.slice(0, 2), ends.slice(2)]));
      both("line end", arrowHead(ends, 11 * pixel));
      both("line start", path([ends.slice(0, 2), ends.slice(0, 2)]));
    },
    box: (box) => {
      const held = draft?.what === "box" && !draft.sent ? draft : null;
      both(held?.small ? "box small" : "box", outline(box));
      if (tool !== "box" || held?.small) return;
      const large = matchMedia("(pointer: coarse)").matches ? 13 : 9;
      element("path", { class: "box handle", d: handles(box, large * pixel) }, svg);
    },
    ruler: (ends) => {
      both("ruler", path([ends.slice(0, 2), ends.slice(2)]));
      both("ruler end", ticks(ends, 7 * pixel));
    },
  };
  if (drawn.excluded.length || draft?.what === "exclude") hatching(svg, pixel);
  const label = (kind, words, corners, rise = 4) => {
    const [x, y] = [0, 1].map((axis) => Math.min(...corners.map((corner) => corner[axis])));
    const base = Math.max(y - rise * pixel, 11 * pixel - 0.5); // words begin inside the picture
    element("text", { class: kind, x, y: base, "font-size": 11 * pixel }, svg).textContent = words;
  };
  for (const [name, corners] of drawn.objects) {
    both("object", path(corners, true));
    label("object", name, corners);
  }
  for (const quad of drawn.quads) region(quad, { both, label, pixel });
  for (const box of drawn.excluded) shapes.exclude(box);
  for (const what of ["region", "line", "ruler", "box"]) {
    if (drawn[what] && draft?.what !== what) shapes[what](drawn[what]);
  }
  if (pinned) both("probe", mark([pinned.x, pinned.y], size * pixel));
  if (!draft?.numbers) return;
  shapes[draft.what](draft.numbers);
  const [x, y, w, h] = draft.numbers;
  if (draft.what === "box" && !draft.sent) label("box", `${w} × ${h}`, [[x - 0.5, y - 0.5]], 10);
}
