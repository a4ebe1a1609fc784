// A board (flowlab/drawing/board.py): pictures, plots and tables that light up together, and what a hand moves in them.
// Streamlit calls the default export again whenever `data` changes; the DOM stays, so a drag goes on through updates.

const GAP = 22; // px between panels, as in board.css
const NARROW = 620; // px: a telephone
const LEAST = 190; // px: panels side by side are at least as high, or stand beneath each other
const PATIENCE = 1500; // ms after which a place that was not answered is sent again
const RETRIES = 2;
const RESTING = 12; // screen px: a pointer that moves less than this after a drag rests
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function buildTable() {
  const figure = document.createElement("figure");
  figure.className = "part";
  figure.innerHTML = `<figcaption></figcaption><div class="scroll"><table><thead></thead><tbody></tbody></table></div><p class="words"></p>`;
  return { figure };
}

function showTable({ figure }, table) {
  write(figure.querySelector("figcaption"), table.title);
  write(figure.querySelector(".words"), table.words);
  const cell = (tag, text, ink) => {
    const element = document.createElement(tag);
    write(element, text);
    element.style.setProperty("--ink", `var(--ink-${ink})`);
    return element;
  };
  const head = document.createElement("tr");
  head.append(...table.columns.map(([title, ink]) => cell("th", title, ink)));
  const rows = table.rows.map(({ cells, link, strong }) => {
    const row = document.createElement("tr");
    row.classList.toggle("strong", strong);
    row.append(...cells.map((text, i) => cell("td", text, table.columns[i][1])));
    if (link) {
      row.dataset.link = link;
      row.tabIndex = 0;
    }
    return row;
  });
  figure.querySelector("thead").replaceChildren(head);
  figure.querySelector("tbody").replaceChildren(...rows);
}

// Everything with the same link lights up, the rest of what has one stands back.
function light(board, link) {
  board.root.classList.toggle("linking", Boolean(link));
  for (const element of board.root.querySelectorAll("[data-link]")) element.classList.toggle("lit", Boolean(link) && element.dataset.link === link);
}

function hearLinks(board) {
  const { root } = board;
  const over = (event) => {
    if (board.drag || board.hushed) return;
    const element = event.target.closest?.("[data-link]");
    light(board, element?.dataset.link);
  };
  root.addEventListener("pointerover", over);
  root.addEventListener("pointerleave", () => light(board, null));
  root.addEventListener("focusin", over);
  root.addEventListener("focusout", () => light(board, null));
}

function hearHand(board, view) {
  const { svg } = view;
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return clamped(view, view.backX(event.clientX - box.left), view.backY(event.clientY - box.top));
  };
  svg.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    const label = event.target.closest?.("[data-label]")?.dataset.label;
    const value = view.panel.values ? `${place(view, x, y)}: ${valueAt(view, x, y)}` : place(view, x, y);
    say(view, label ?? value);
    if (board.drag === view) drag(board, view, x, y);
    if (board.hushed && Math.hypot(event.clientX - board.hushed[0], event.clientY - board.hushed[1]) > RESTING) board.hushed = null;
  });
  svg.addEventListener("pointerleave", () => {
    if (board.drag === view) return;
    board.hushed = null;
    say(view, null);
  });
  svg.addEventListener("pointerdown", (event) => {
    if (!view.panel.gesture || event.button || !event.isPrimary) return;
    svg.setPointerCapture(event.pointerId);
    svg.focus({ preventScroll: true });
    board.drag = view;
    board.last = null; // the same place may have been left by other ways since
    light(board, null);
    drag(board, view, ...at(event));
  });
  const end = (event) => {
    if (board.drag !== view) return;
    board.drag = null;
    board.hushed = [event.clientX, event.clientY]; // the pointer rests on what it brought: that is no pointing at it
  };
  svg.addEventListener("pointerup", end);
  svg.addEventListener("pointercancel", end);
  svg.addEventListener("keydown", (event) => {
    const { panel } = view;
    if (!(event.key in STEPS) || !panel.gesture || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // the page would go on to the next step
    const step = (panel.snap || Math.abs(panel.x[1] - panel.x[0]) / 100) * (event.shiftKey ? 5 : 1);
    const [dx, dy] = STEPS[event.key];
    const from = view.wanted ?? panel.at ?? [(panel.x[0] + panel.x[1]) / 2, (panel.y[0] + panel.y[1]) / 2];
    board.last = null;
    const down = panel.y[0] > panel.y[1] ? 1 : -1;
    drag(board, view, ...clamped(view, from[0] + dx * step, from[1] + dy * step * down));
  });
}

function clamped({ panel }, x, y) {
  const within = (value, [one, other]) => Math.min(Math.max(one, other), Math.max(Math.min(one, other), value));
  const snapped = (value, range) => {
    if (!panel.snap) return value;
    const low = Math.min(...range), high = Math.max(...range);
    const steps = Math.round(value / panel.snap) * panel.snap;
    return steps > high ? steps - panel.snap : steps < low ? steps + panel.snap : steps;
  };
  return [snapped(within(x, panel.x), panel.x), snapped(within(y, panel.y), panel.y)];
}

// What is held follows the hand at once; the numbers follow as fast as the server answers, the latest place first.
function drag(board, view, x, y) {
  view.wanted = [x, y];
  follow(view);
  board.pending = [view.panel.gesture, x, y];
  post(board);
}

function follow(view) {
  const { panel, wanted, marks } = view;
  if (!panel.at || !wanted) return;
  const [dx, dy] = [view.sx(wanted[0]) - view.sx(panel.at[0]), view.sy(wanted[1]) - view.sy(panel.at[1])];
  for (const held of marks.querySelectorAll(".held")) held.setAttribute("transform", `translate(${dx} ${dy})`);
}

// One place at a time is on its way. Each has a number, which comes back with the answer: what was lost is sent again.
function post(board, again = 0) {
  if (board.waiting || !board.pending) return;
  const sent = board.pending;
  board.pending = null;
  if (!again && board.last?.join() === sent.join()) return;
  board.last = sent;
  board.number += 1;
  board.waiting = setTimeout(() => {
    board.waiting = null;
    const lost = !board.pending && again < RETRIES;
    board.pending ??= sent;
    if (lost) post(board, again + 1);
    else board.pending = null;
  }, PATIENCE);
  board.send("moved", [...sent, board.number]);
}

function hear(board, heard) {
  if (!board.waiting || heard < board.number) return;
  clearTimeout(board.waiting);
  board.waiting = null;
  post(board);
}

// The height of a row's panels: as many of them side by side as leaves each tall enough to be read.
function heightOf(panels, room, width, tallest) {
  const sides = (panel) => marginsOf(panel).left + marginsOf(panel).right;
  const sum = (list, of) => list.reduce((total, one) => total + of(one), 0);
  const fit = (line, free) => (free - GAP * (line.length - 1) - sum(line, sides)) / sum(line, (panel) => panel.proportion);
  let height = fit(panels, room); // beside the row's tables
  for (let lines = 1; height < LEAST && lines <= panels.length; lines++) {
    const together = Math.ceil(panels.length / lines);
    const starts = Array.from({ length: lines }, (_, line) => line * together).filter((start) => start < panels.length);
    height = Math.min(...starts.map((start) => fit(panels.slice(start, start + together), width)));
  }
  return Math.floor(Math.min(tallest, height));
}

function layOut(board) {
  const width = (board.width = board.root.clientWidth - 1); // less what rounding may take
  if (width <= 0 || !board.data) return;
  const tallest = width < NARROW ? Math.min(340, window.innerHeight * 0.6) : Math.min(400, Math.max(220, window.innerHeight * 0.46));
  for (const parts of board.data.rows) {
    const figure = (part) => board.views.get(part.name).figure;
    const tables = parts.filter((part) => part.type === "table");
    const panels = parts.filter((part) => part.type === "panel");
    const taken = tables.reduce((sum, table) => sum + figure(table).offsetWidth + GAP, 0);
    const height = heightOf(panels, width - taken, width, tallest);
    for (const panel of panels) {
      const view = board.views.get(panel.name);
      showPanel(view, panel, height);
      if (board.drag === view) follow(view);
    }
  }
}

function show(board, data) {
  const fresh = board.data?.step !== data.step;
  board.data = data;
  for (const [name, colour] of Object.entries(data.inks)) board.root.style.setProperty(`--ink-${name}`, colour);
  if (fresh) {
    board.views.clear();
    board.drag = board.pending = board.last = null;
    document.querySelector("[data-testid='stMain']")?.scrollTo({ top: 0 });
  }
  const figures = data.rows.map((parts) => parts.map((part) => viewOf(board, part).figure));
  // Moving an element that a pointer holds would drop it: rows are made anew only where their parts differ.
  const names = JSON.stringify(data.rows.map((parts) => parts.map((part) => part.name)));
  if (fresh || board.names !== names) {
    const rowOf = (parts) => {
      const row = document.createElement("div");
      row.className = "row";
      row.append(...parts);
      return row;
    };
    board.root.replaceChildren(...figures.map(rowOf));
    board.names = names;
  }
  for (const part of data.rows.flat()) if (part.type === "table") showTable(board.views.get(part.name), part);
  layOut(board);
  board.root.dataset.turn = data.turn;
}

function viewOf(board, part) {
  let view = board.views.get(part.name);
  if (!view) {
    view = part.type === "panel" ? buildPanel(part) : buildTable();
    board.views.set(part.name, view);
    if (part.type === "panel") hearHand(board, view);
  }
  if (part.type === "panel") {
    view.svg.setAttribute("role", "img");
    view.svg.setAttribute("aria-label", [part.title, part.words, part.gesture && "Arrow keys move, with Shift in larger steps."].filter(Boolean).join(". "));
    if (part.gesture) {
      view.svg.setAttribute("tabindex", "0");
      view.svg.dataset.gesture = part.gesture;
    } else {
      view.svg.removeAttribute("tabindex");
      delete view.svg.dataset.gesture;
    }
    if (board.drag !== view) view.wanted = null;
  }
  return view;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".board");
  if (!root.board) {
    root.board = { root, views: new Map(), data: null, drag: null, pending: null, waiting: null, last: null, number: Date.now() };
    hearLinks(root.board);
    new ResizeObserver(() => {
      if (root.clientWidth - 1 !== root.board.width) layOut(root.board); // words beneath a panel change the height only
    }).observe(root);
  }
  const board = root.board;
  board.send = setTriggerValue;
  show(board, data);
  hear(board, data.heard);
}
