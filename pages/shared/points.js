// A list of points under the pointer (points_under.py): the nearest one is read, and followed from frame to frame
// until the pointer moves.

const NEAR = 14; // screen px

// Where the lines are too long for the screen they break between these groups, never within one.
const FIRM = "\u00a0";
const GAP = "   ";

function number(n, { digits, signed: plus, width }) {
  if (!Number.isFinite(n)) return "–".padStart(width);
  const written = signed(n, digits);
  return (plus || written.startsWith("−") ? written : written.slice(1)).padStart(width);
}

const column = (n, told) => [told.name, number(n, told), told.unit].filter(Boolean).join(" ");

const firm = (words) => words.replaceAll(" ", FIRM);

function pointWords({ track, x, y, rest }, { beside, beneath }) {
  const place = { digits: 1, width: 6 };
  const head = firm(`track ${String(track).padStart(4)}  x ${number(x, place)}  y ${number(y, place)}`);
  const motion = firm(beside.map((told, i) => column(rest[i], told)).join("  "));
  const others = beneath.map((told, i) => firm(column(rest[beside.length + i], told)));
  return [[head, motion].filter(Boolean).join(GAP), others.join(GAP)].filter(Boolean).join("\n");
}

function pointsUnder({ width, height, points, tools }) {
  const { columns, picked } = points;
  const bytes = Uint8Array.from(atob(points.values), (c) => c.charCodeAt(0));
  const values = new Float32Array(bytes.buffer);
  const row = (i) => {
    const [track, x, y, ...rest] = values.subarray(i, i + columns);
    return { track, x, y, rest };
  };
  // The point with the least distance(x, y), or null where all are `limit` or farther.
  const nearest = (distance, limit = Infinity) => {
    let [found, least] = [-1, limit];
    for (let i = 0; i < values.length; i += columns) {
      const far = distance(values[i + 1], values[i + 2]);
      if (far < least) [found, least] = [i, far];
    }
    return found < 0 ? null : row(found);
  };
  const known = (track) => {
    for (let i = 0; i < values.length; i += columns) if (values[i] === track) return row(i);
    return null;
  };
  const pixel = (x, y) => ({ x: Math.round(within(x, width)), y: Math.round(within(y, height)) });
  const pinned = picked === null ? null : known(picked);
  const ask = picked === null ? "point at a track for its numbers" : `track ${picked} is not in this frame`;

  return {
    place: (x, y, size) => nearest((px, py) => Math.hypot(px - x, py - y), NEAR * size),
    again: ({ track, x, y }) => (track === undefined ? pixel(x, y) : known(track)),
    step: (from, [dx, dy], by, free) => {
      if (free) return pixel(from.x + dx * by, from.y + dy * by);
      const away = (x, y) => Math.hypot(x - from.x, y - from.y);
      const ahead = (x, y) => { // within 45 degrees of the key's direction
        const [forward, aside] = [(x - from.x) * dx + (y - from.y) * dy, (x - from.x) * dy - (y - from.y) * dx];
        return forward > 0 && Math.abs(aside) <= forward ? away(x, y) : Infinity;
      };
      return nearest(ahead) ?? (from.track === undefined ? nearest(away) : from);
    },
    told: (at) => {
      const point = at?.rest ? at : pinned;
      return { ...at, words: point ? pointWords(point, points) : ask };
    },
    numbers: (at) => (at?.rest ? [at.track] : []),
    pinned,
    picked,
    mark: 17, // a drawn point has room in it
    stride: 10,
    keys: `Shift and arrow keys go from track to track.${tools.length ? " Enter picks the track or draws, Delete removes." : ""}`,
    about: [...points.beside, ...points.beneath].flatMap(({ name, about }) => (about ? [`${name}: ${about}`] : [])).join(", "),
  };
}
