// The one box a person draws, moves and resizes: where it is gripped, and what a pointer or a key makes of it.
// A box is [x, y, w, h] in whole pixels of the picture: columns x .. x+w-1, as everywhere.

const REACH = { mouse: 7, pen: 10, touch: 14 }; // screen px on either side of an edge: 28 for a finger
const KEY_PAUSE = 350; // ms after the last key: then what the keys made of the box is sent

const GRIPS = { nw: [-1, -1], n: [0, -1], ne: [1, -1], e: [1, 0], se: [1, 1], s: [0, 1], sw: [-1, 1], w: [-1, 0] };
const BOX_KEYS = "With the box tool arrow keys move the box, with Shift by 10, with Alt they resize it; Enter draws one.";

const clamp = (value, low, high) => Math.max(low, Math.min(value, high));
const whole = (box) => box && box.map(Math.round);

// What lies at a place of the picture: one of GRIPS, "move" inside, "" outside. `reach` is in picture px. From a
// small box an edge takes a third of the inside at most, so that there is always something left to move it by.
function gripAt(box, at, reach) {
  if (!box) return "";
  const sides = at.map((place, axis) => {
    const [low, long] = [box[axis] - 0.5, box[axis + 2]];
    const inner = Math.min(reach, long / 3);
    if (place < low - reach || place > low + long + reach) return null;
    if (place < low + inner) return -1;
    return place > low + long - inner ? 1 : 0;
  });
  if (sides.includes(null)) return "";
  const found = Object.entries(GRIPS).find(([, [dx, dy]]) => dx === sides[0] && dy === sides[1]);
  return found?.[0] ?? "move";
}

// The box after one side or corner went by [dx, dy]: `least` px a side, and no farther than the picture reaches.
function resized(box, [right, down], by, { width, height, leastBox: least }) {
  const made = [...box];
  [right, down].forEach((side, axis) => {
    const [low, high, size] = [box[axis], box[axis] + box[axis + 2], [width, height][axis]];
    if (side < 0) made[axis] = clamp(low + by[axis], 0, Math.max(0, high - least));
    const end = side > 0 ? clamp(high + by[axis], Math.min(made[axis] + least, size), size) : high;
    made[axis + 2] = end - made[axis];
  });
  return made;
}

function moved([x, y, w, h], [dx, dy], { width, height }) {
  return [clamp(x + dx, 0, Math.max(0, width - w)), clamp(y + dy, 0, Math.max(0, height - h)), w, h];
}

// What a drag from one place to another makes of the box it gripped; outside of it a drag draws a new one.
function draggedBox({ grip, box, from }, to, data) {
  if (!grip) return numbersOf("box", from, to, data);
  const by = [Math.round(to[0] - from[0]), Math.round(to[1] - from[1])];
  return grip === "move" ? moved(box, by, data) : resized(box, GRIPS[grip], by, data);
}

const isSmall = ([, , w, h], { leastBox }) => w < leastBox || h < leastBox;

// A quarter of the picture, in its middle; null where the picture is smaller than a box may be.
function middleBox({ width, height, leastBox }) {
  const [w, h] = [width, height].map((size) => Math.min(size, Math.max(leastBox, Math.round(size / 4))));
  const box = [Math.round((width - w) / 2), Math.round((height - h) / 2), w, h];
  return isSmall(box, { leastBox }) ? null : box;
}

const boxWords = ([x, y, w, h]) => `box  x ${x}  y ${y}  ${w} × ${h} px`;

// What was sent and is still to come back: the picture shows what it showed then, or what was sent even before.
const isAwaited = (draft, { drawn, frame }) =>
  Boolean(draft?.sent && draft.frame === frame && draft.earlier?.includes(String(whole(drawn.box))));

// The box in the hand: what is being drawn, else what was sent, else what the picture has.
// `act` is that of tools.js, with finish(), drop() and post(draft).
function addBox(view, act) {
  const { stage } = view;
  let pause = 0;
  const draft = () => (view.draft?.what === "box" ? view.draft : null);
  const current = () => (draft() ? draft().numbers : whole(view.data.drawn.box));
  const follow = (numbers, held) => {
    view.draft = { what: "box", numbers, small: isSmall(numbers, view.data), ...held };
    act.draw();
  };
  const reach = (event) => (REACH[event.pointerType] ?? REACH.mouse) * act.pixel();
  const commit = () => {
    clearTimeout(pause);
    if (draft()?.byKeyboard) act.finish();
  };

  stage.addEventListener("blur", commit);
  stage.addEventListener("keyup", (event) => {
    if (!(event.key in STEPS) || !draft()?.byKeyboard) return;
    clearTimeout(pause);
    pause = setTimeout(commit, KEY_PAUSE);
  });

  // With what was sent goes all that the picture may show until the answer comes.
  const sent = ({ numbers, before }) => {
    const earlier = [...(before?.earlier ?? []), String(whole(view.data.drawn.box)), String(numbers)];
    return { what: "box", numbers, sent: true, earlier, frame: view.data.frame };
  };
  const start = () => (draft()?.sent ? draft() : draft()?.before); // what a gesture goes back to

  return {
    sent,
    commit,
    // A pointer went down at `from`: what it grips, and what was there to come back to.
    grip(event, from) {
      clearTimeout(pause);
      const box = current();
      return { grip: gripAt(box, from, reach(event)), box, from, before: start() };
    },
    drag: (held, to) => follow(draggedBox(held, to, view.data), { before: held.before }),
    hover(event, at) {
      stage.dataset.grip = gripAt(current(), at, reach(event));
    },
    // A key: true where it was for the box.
    step(event) {
      const box = current();
      if (!box) return false;
      clearTimeout(pause);
      const by = STEPS[event.key].map((n) => n * (event.shiftKey ? 10 : 1));
      const made = event.altKey ? resized(box, GRIPS.se, by, view.data) : moved(box, by, view.data);
      follow(made, { byKeyboard: true, before: start() });
      act.say(boxWords(made));
      return true;
    },
    enter() {
      if (draft()?.byKeyboard) return commit();
      const made = current() ? null : middleBox(view.data);
      if (!made) return false;
      follow(made, { before: start() });
      act.say(boxWords(made));
      act.finish();
    },
    remove() {
      if (!current()) return false;
      clearTimeout(pause);
      act.drop();
      act.send("box", []);
      act.post({ what: "box", numbers: null, sent: true });
      act.say("no box");
    },
  };
}
