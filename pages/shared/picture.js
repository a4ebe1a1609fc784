// Shows one picture, or two under a swipe, with a legend, the numbers under the pointer, and what is drawn on it.
// Streamlit calls the default export again whenever `data` changes; the DOM stays, so what the
// person did (where the swipe stands, the tool, the point being read) is kept on the root element.

const BLANK = "data:,";

function build(root) {
  const $ = (selector) => root.querySelector(selector);
  const view = {
    stage: $(".stage"), a: $("img.a"), b: $("img.b"), overlay: $(".overlay"), divider: $(".divider"), cross: $(".cross"),
    nameA: $(".name.a"), nameB: $(".name.b"), bar: $(".bar"), strip: $(".strip"), tools: $(".tools"),
    sample: $(".sample"), swatch: $(".sample img"), ends: root.querySelectorAll(".ends span"),
    entries: $(".entries"), words: $(".legend .words"), swipe: $(".swipe"), slider: $(".swipe input"), readout: $(".readout"),
    data: null, grid: null, send: null,
    at: null, // the pixel being read
    draft: null, // what is being drawn, or was and has not come back
  };

  const read = (x, y) => {
    view.at = { x: Math.round(within(x, view.data.width)), y: Math.round(within(y, view.data.height)) };
    tell(view);
  };
  const swipe = (share) => {
    if (view.swipe.hidden) return;
    view.slider.value = Math.min(100, Math.max(0, share * 100));
    view.stage.style.setProperty("--swipe", `${view.slider.value}%`);
  };
  view.slider.addEventListener("input", () => view.stage.style.setProperty("--swipe", `${view.slider.value}%`));
  view.stage.style.setProperty("--swipe", "50%");

  view.draw = () => {
    const shown = view.overlay.getBoundingClientRect().width;
    if (shown && view.data) drawOverlay(view.overlay, view.data, view.draft, view.data.width / shown);
  };
  const middle = () => ({ x: Math.round(view.data.width / 2), y: Math.round(view.data.height / 2) });
  view.tool = addTools(view, {
    read,
    swipe,
    draw: view.draw,
    reading: () => {
      const { x, y } = view.at ?? view.grid.exact ?? middle();
      return [x, y];
    },
    leave: () => {
      if (!view.grid.exact) return; // the last numbers stay, when there are none of a pinned pixel
      view.at = null;
      tell(view);
    },
    send: (what, numbers) => view.send(what, numbers),
  });

  new ResizeObserver(view.draw).observe(view.stage); // ends and marks keep their size on the screen
  return view;
}

// Tells the numbers at the point being read, else those of the pinned point.
function tell(view) {
  const { data, grid, at, cross, readout } = view;
  const place = at ?? grid.exact; // the pinned pixel, when it is on this picture
  cross.hidden = !at;
  if (!place) {
    readout.textContent = "point at the picture for its numbers";
    return;
  }
  const { x, y, numbers } = look(grid, place.x, place.y);
  const later = laterWords(place.x, place.y, data.readout);
  readout.textContent = flowWords(x, y, numbers[0], numbers[1], data.readout) + (later && `\n${later}`);
  cross.style.left = `${((x + 0.5) / data.width) * 100}%`;
  cross.style.top = `${((y + 0.5) / data.height) * 100}%`;
}

// Setting a source again would decode the picture again, even when it is the same.
function source(image, address) {
  if (image.src !== address) image.src = address;
}

function text(element, words) {
  element.textContent = words ?? "";
  element.hidden = !words;
}

function showLegend(view, legend) {
  view.swatch.hidden = !legend.source;
  source(view.swatch, legend.source || BLANK);
  view.swatch.className = legend.kind;
  view.swatch.alt = legend.words;
  view.words.textContent = view.words.title = legend.words; // beside many entries there is one line for it
  view.sample.hidden = !legend.source;
  view.ends.forEach((end, i) => text(end, legend.ends[i]));
  view.entries.hidden = !legend.entries.length;
  const entry = ([colour, words]) => {
    const item = document.createElement("li");
    const swatch = document.createElement("span");
    swatch.style.background = colour;
    item.append(swatch, words);
    return item;
  };
  view.entries.replaceChildren(...legend.entries.map(entry));
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".picture");
  const view = (root.view ??= build(root));
  view.data = data;
  view.grid = decode(data.grid);
  view.send = setTriggerValue;
  if (view.draft?.sent) view.draft = null;
  if (view.at) view.at = { x: within(view.at.x, data.width), y: within(view.at.y, data.height) };

  view.stage.style.aspectRatio = `${data.width} / ${data.height}`;
  view.stage.style.maxWidth = `calc(${data.maxHeight} * ${data.width / data.height})`;
  const keys = data.tools ? "Enter pins the point or draws, Delete removes." : "";
  view.stage.setAttribute("aria-label", `${data.title}. Shift and arrow keys read the numbers. ${keys}`.trim());
  view.tools.hidden = !data.tools;
  view.stage.dataset.tool = view.tool();
  source(view.a, data.a.source);
  view.a.dataset.frame = data.frame;
  view.b.hidden = view.divider.hidden = view.swipe.hidden = !data.b;
  source(view.b, data.b ? data.b.source : BLANK);
  text(view.nameA, data.b && data.a.name);
  text(view.nameB, data.b && data.b.name);
  view.swipe.querySelector("span").textContent = data.b ? "Swipe" : "";
  text(view.bar.firstElementChild, data.bar?.words);
  view.bar.hidden = !data.bar;
  if (data.bar) view.bar.style.width = `${(data.bar.length / data.width) * 100}%`;
  showLegend(view, data.legend);
  tell(view);
  view.draw();
  return whenMoreArrive(view, () => tell(view));
}
