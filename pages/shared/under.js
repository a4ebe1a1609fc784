// What is under the pointer: a flow, a list of points (points.js), or nothing to tell. Each has the same parts:
//   place(x, y, pixel)   what is read at a position of the picture: { x, y, .. } or null; `pixel` as in overlay.js
//   again(place)         the same in new data, or null where it is gone
//   step(from, [dx, dy], by, free)   where a key leads; `free`: to any pixel
//   told(place)          { x, y, words }: where the ring stands, if anywhere, and the numbers; those of what is
//                        pinned where no place is read
//   numbers(place)       what a click there sends
//   pinned, picked       the place whose numbers stay, and the track picked, in this picture or not; null for none
//   mark, stride         how large what is pinned is marked, screen px; a long step, px
//   keys, about          what keys do, and what short names in the numbers mean, in words

function underOf(data) {
  if (data.points) return pointsUnder(data);
  return data.grid ? flowUnder(data) : pixelsUnder(data);
}

function pixelsUnder({ width, height, drawn, tools }) {
  const place = (x, y) => ({ x: Math.round(within(x, width)), y: Math.round(within(y, height)) });
  return {
    place,
    again: ({ x, y }) => place(x, y),
    step: ({ x, y }, [dx, dy], by) => place(x + dx * by, y + dy * by),
    told: (at) => ({ ...(tools.length && at), words: "" }), // without tools nobody needs to know which pixel it is
    numbers: ({ x, y }) => [x, y],
    pinned: drawn.probe && { x: drawn.probe[0], y: drawn.probe[1] },
    picked: null,
    mark: 11,
    stride: 10,
    keys: tools.length ? "Shift and arrow keys move, Enter marks or draws, Delete removes." : "",
    about: "",
  };
}

function flowUnder(data) {
  const grid = decode(data.grid);
  const told = (at) => {
    const place = at ?? grid.exact; // the pinned pixel, when it is on this picture
    if (!place) return { words: "point at the picture for its numbers" };
    const { x, y, numbers } = look(grid, place.x, place.y);
    const later = laterWords(place.x, place.y, data.readout);
    return { x, y, words: flowWords(x, y, numbers[0], numbers[1], data.readout) + (later && `\n${later}`) };
  };
  const drawing = data.tools.length ? " Enter pins the point or draws, Delete removes." : "";
  return {
    ...pixelsUnder(data),
    told,
    pinned: grid.exact,
    stride: grid.step,
    keys: `Shift and arrow keys read the numbers.${drawing}`,
    about: "fb: forward-backward error, err: distance to the true flow",
  };
}
