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

// `under` knows the place that is pinned (under.js); `pixel` is how many picture pixels one screen pixel is.
function drawOverlay(svg, { width, height, drawn }, { pinned, mark: size }, draft, pixel) {
  svg.setAttribute("viewBox", `-0.5 -0.5 ${width} ${height}`);
  svg.replaceChildren();
  const both = (kind, d) => {
    for (const layer of ["rim", "ink"]) element("path", { class: `${kind} ${layer}`, d }, svg);
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
    ruler: (ends) => {
      both("ruler", path([ends.slice(0, 2), ends.slice(2)]));
      both("ruler end", ticks(ends, 7 * pixel));
    },
  };
  if (drawn.excluded.length || draft?.what === "exclude") hatching(svg, pixel);
  for (const [name, corners] of drawn.objects) {
    both("object", path(corners, true));
    const [x, y] = [0, 1].map((axis) => Math.min(...corners.map((corner) => corner[axis])));
    element("text", { class: "object", x, y: y - 4 * pixel, "font-size": 11 * pixel }, svg).textContent = name;
  }
  for (const box of drawn.excluded) shapes.exclude(box);
  for (const what of ["region", "line", "ruler"]) {
    if (drawn[what] && draft?.what !== what) shapes[what](drawn[what]);
  }
  if (pinned) both("probe", mark([pinned.x, pinned.y], size * pixel));
  if (draft?.numbers) shapes[draft.what](draft.numbers);
}
