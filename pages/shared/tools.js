// What a hand, a finger or the keyboard does on the stage: point, pin, swipe, draw. The picture, its numbers
// and the overlay are shown by picture.js; what was drawn goes to Python, which shows it with the next data.

const CLICK = 3; // screen px: a shorter drag is a click
const PATIENCE = 5_000; // ms: what was drawn and did not come back by then was refused
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// The tools that read and pin; the others draw, "box" (box.js) what is moved and resized afterwards, too.
const isPointing = (what) => what === "probe" || what === "pick";

const within = (value, size) => Math.min(size - 1, Math.max(0, value));

// The numbers a tool sends for two positions of the picture, or null where they are one.
function numbersOf(what, from, to, { width, height }) {
  if (what === "ruler" || what === "line") {
    const fine = what === "ruler" ? 10 : 1;
    const place = ([x, y]) => [within(x, width), within(y, height)].map((n) => Math.round(n * fine) / fine);
    const [start, end] = [place(from), place(to)];
    return start[0] === end[0] && start[1] === end[1] ? null : [...start, ...end];
  }
  const [x0, x1] = [from[0], to[0]].map((x) => within(Math.round(x), width));
  const [y0, y1] = [from[1], to[1]].map((y) => within(Math.round(y), height));
  return [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0) + 1, Math.abs(y1 - y0) + 1];
}

// `act` is how the tools reach the picture: read(x, y), reading(), step(direction, by, free), leave(), swipe(share),
// draw(), pixel(), say(words), send(what, numbers). What is read there is the business of `view.under` (under.js).
function addTools(view, act) {
  const { stage } = view;
  let gesture = null; // of the pointer that is down
  const offered = () => view.data.tools.length > 0;
  const tool = () => (offered() ? view.tools.querySelector("input:checked").value : "probe");

  const place = (event) => {
    const box = view.overlay.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    const at = [share * view.data.width - 0.5, ((event.clientY - box.top) / box.height) * view.data.height - 0.5];
    return { share, at };
  };
  const follow = (draft, to) => {
    view.draft = { ...draft, to, numbers: numbersOf(draft.what, draft.from, to, view.data) };
    act.draw();
  };
  const drop = () => {
    const before = view.draft?.before ?? gesture?.held?.before;
    gesture = null;
    view.draft = isAwaited(before, view.data) ? before : null;
    act.draw();
  };
  const post = (draft) => {
    view.draft = draft;
    act.draw();
    setTimeout(() => {
      draft.earlier = null;
      if (view.draft !== draft) return;
      view.draft = null;
      act.draw();
    }, PATIENCE);
  };
  const finish = () => {
    const { draft } = view;
    if (!draft?.numbers || draft.small) return drop();
    act.send(draft.what, draft.numbers);
    post(draft.what === "box" ? box.sent(draft) : { what: draft.what, numbers: draft.numbers, sent: true });
  };
  const box = addBox(view, { ...act, finish, drop, post });

  stage.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button) return;
    const { at, share } = place(event);
    gesture = { id: event.pointerId, what: tool(), from: at, x: event.clientX, y: event.clientY, moved: false };
    if (gesture.what === "box") gesture.held = box.grip(event, at);
    else if (view.draft?.what !== "box") view.draft = null;
    stage.setPointerCapture(event.pointerId);
    stage.focus({ preventScroll: true }); // for Escape and Delete; a finger does not focus by itself
    act.read(...at);
    if (!offered()) act.swipe(share); // no pin to set: a click moves the swipe
  });

  stage.addEventListener("pointermove", (event) => {
    if (!event.isPrimary) return;
    const { at, share } = place(event);
    act.read(...at);
    if (!gesture && tool() === "box") box.hover(event, at);
    if (gesture?.id !== event.pointerId) return;
    gesture.moved ||= Math.hypot(event.clientX - gesture.x, event.clientY - gesture.y) >= CLICK;
    if (!gesture.moved) return;
    if (isPointing(gesture.what)) act.swipe(share);
    else if (gesture.held) box.drag(gesture.held, at);
    else follow({ what: gesture.what, from: gesture.from }, at);
  });

  stage.addEventListener("pointerup", (event) => {
    if (gesture?.id !== event.pointerId) return;
    const { what, moved } = gesture;
    gesture = null;
    if (what === "box" && !moved) box.commit(); // of what keys had made of it; a click makes nothing
    else if (!isPointing(what)) finish();
    else if (!moved && offered()) act.send(what, view.under.numbers(view.at));
  });

  stage.addEventListener("pointercancel", drop);
  stage.addEventListener("pointerleave", act.leave);

  const move = (event) => {
    const { draft, under } = view;
    const [dx, dy] = STEPS[event.key];
    const by = event.shiftKey && !event.altKey ? under.stride : 1;
    if (!draft?.byKeyboard) return act.step([dx, dy], by, !isPointing(tool()));
    const [x, y] = draft.to;
    const to = [within(x + dx * by, view.data.width), within(y + dy * by, view.data.height)];
    act.read(...to);
    follow(draft, to);
  };

  const keys = {
    Enter: () => {
      if (!offered()) return false;
      if (tool() === "box") return box.enter();
      if (view.draft?.byKeyboard) return finish();
      const at = act.reading();
      act.read(...at);
      if (!isPointing(tool())) return follow({ what: tool(), from: at, byKeyboard: true }, at);
      const numbers = view.under.numbers(view.at);
      if (numbers.length) act.send(tool(), numbers);
    },
    Escape: () => (gesture || (view.draft && !view.draft.sent) ? drop() : false),
    Delete: () => {
      if (tool() === "box") return box.remove();
      const { drawn } = view.data;
      const there = { exclude: drawn.excluded.length, pick: view.under.picked !== null }[tool()] ?? drawn[tool()];
      if (!offered() || !there) return false;
      drop();
      act.send(tool(), []);
    },
  };
  keys.Backspace = keys.Delete;

  // Streamlit hears the arrow keys too, and steps through the frames: what is used here stays here.
  const keep = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    if (event.key in STEPS) {
      if (tool() === "box" && box.step(event)) return keep(event);
      if (!event.shiftKey && !view.draft?.byKeyboard) return;
      move(event);
      keep(event);
    } else if (event.key in keys && keys[event.key]() !== false) keep(event);
  });
  view.strip.addEventListener("keydown", (event) => {
    if (event.key in STEPS || event.key === " ") event.stopPropagation();
  });

  view.tools.addEventListener("change", () => {
    stage.dataset.tool = tool();
    if (view.draft?.sent) act.draw();
    else drop();
  });
  view.tools.addEventListener("click", (event) => {
    if (event.detail && event.target.matches("input")) stage.focus({ preventScroll: true }); // a click, not a key
  });
  return tool;
}
