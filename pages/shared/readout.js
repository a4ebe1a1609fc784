// Numbers under the pointer, in words: shared by the picture, the chart and what brings more numbers.

const UNKNOWN = -32768;

function decode(grid) {
  const bytes = Uint8Array.from(atob(grid.values), (c) => c.charCodeAt(0));
  return { ...grid, values: new Int16Array(bytes.buffer) };
}

// What a decoded grid (drawing/hover.py) knows near picture position (x, y): the pixel it was sampled at, and
// its numbers there. Those of the pinned pixel are known themselves.
function look(grid, x, y) {
  if (grid.exact && grid.exact.x === x && grid.exact.y === y) return grid.exact;
  const column = Math.floor(x / grid.step);
  const row = Math.floor(y / grid.step);
  const at = (row * grid.columns + column) * grid.channels;
  const raw = grid.values.subarray(at, at + grid.channels);
  const middle = Math.floor(grid.step / 2);
  return {
    x: Math.min(column * grid.step + middle, grid.width - 1),
    y: Math.min(row * grid.step + middle, grid.height - 1),
    numbers: Array.from(raw, (value) => (value === UNKNOWN ? null : value * grid.unit)),
  };
}

// The numbers that come after a picture lie in one place of the page, by the token of their flow. The
// newest few are enough: a token that is shown has just been sent.
const FLOWS_KEPT = 8;
const ARRIVED = "flowlab-more-numbers";

function laterNumbers() {
  window.flowlab ??= {};
  return (window.flowlab.moreNumbers ??= new Map());
}

function keep(token, names, grid) {
  const store = laterNumbers();
  store.delete(token);
  store.set(token, { names, grid: grid && decode(grid) });
  while (store.size > FLOWS_KEPT) store.delete(store.keys().next().value);
  window.dispatchEvent(new Event(ARRIVED));
}

// Calls `tell` when more numbers arrive. Returns what ends that: Streamlit calls it when the component goes,
// but also, when data followed data quickly, for the earlier one of two calls; each ends its own only.
function whenMoreArrive(owner, tell) {
  owner.listening?.abort();
  const listening = (owner.listening = new AbortController());
  window.addEventListener(ARRIVED, tell, { signal: listening.signal });
  return () => listening.abort();
}

// As fine as the grid is, 1/64 px, in whatever unit.
function decimals(perPx) {
  return Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(perPx) || 1))));
}

// What rounds to nothing is no "−0.00".
const signed = (n, digits) => (n < 0 && Number(n.toFixed(digits)) ? "−" : "+") + Math.abs(n).toFixed(digits);

// The first line: a place, and the flow there.
function flowWords(x, y, u, v, { perPx, unit, digits = decimals(perPx) }) {
  const place = `x ${String(x).padStart(4)}  y ${String(y).padStart(4)}`;
  if (u === null || v === null) return `${place}  unknown`;
  const [across, down] = [u, v].map((n) => signed(n * perPx, digits).padStart(7));
  return `${place}  u ${across}  v ${down}  ${(Math.hypot(u, v) * perPx).toFixed(digits)} ${unit}`;
}

// The second line: what arrived later for the same flow; empty where nothing will.
function laterWords(x, y, { perPx, unit, token, more }) {
  const found = token ? laterNumbers().get(token) : undefined;
  if (!found) return more ? "…" : "";
  if (!found.grid) return "";
  const { numbers } = look(found.grid, x, y);
  const told = numbers.map((n, i) => `${found.names[i]} ${n === null ? "–" : (n * perPx).toFixed(decimals(perPx))}`);
  return `${told.join("  ")} ${unit}`;
}
