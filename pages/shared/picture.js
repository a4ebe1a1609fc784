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
    data: null, send: null,
    under: null, // what can be read: under.js
    at: null, // the place being read
    draft: null, // what is being drawn, or was and has not come back
  };

  const pixel = () => view.data.width / view.overlay.getBoundingClientRect().width; // picture px a screen px
  const read = (place, spoken) => {
    view.at = place;
    view.readout.setAttribute("aria-live", spoken ? "polite" : "off"); // what follows a pointer would never end
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
    const size = view.data && pixel();
    if (Number.isFinite(size)) drawOverlay(view.overlay, view.data, view.under, view.draft, size, view.tool());
  };
  const middle = () => ({ x: Math.round(view.data.width / 2), y: Math.round(view.data.height / 2) });
  const reading = () => view.at ?? view.under.pinned ?? middle();
  view.tool = addTools(view, {
    swipe,
    draw: view.draw,
    pixel,
    say: (words) => {
      view.readout.setAttribute("aria-live", "polite");
      view.readout.textContent = words;
    },
    read: (x, y) => read(view.under.place(x, y, pixel())),
    step: (direction, by, free) => read(view.under.step(reading(), direction, by, free), true),
    reading: () => {
      const { x, y } = reading();
      return [x, y];
    },
    leave: () => {
      if (view.under.pinned) read(null); // else the last numbers stay
    },
    send: (what, numbers) => view.send(what, numbers),
  });

  new ResizeObserver(view.draw).observe(view.stage); // ends and marks keep their size on the screen
  return view;
}

// Tells the numbers at the place being read, else those of the pinned one.
function tell({ data, under, at, cross, readout }) {
  const { x, y, words } = under.told(at);
  readout.textContent = words;
  cross.hidden = !at || x === undefined;
  if (cross.hidden) return;
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

// The tool in hand stays while it is offered.
function offerTools(view, tools) {
  const inputs = [...view.tools.querySelectorAll("input")];
  for (const input of inputs) input.parentElement.hidden = !tools.includes(input.value);
  if (!inputs.some((input) => input.checked && tools.includes(input.value))) {
    for (const input of inputs) input.checked = input.value === tools[0];
  }
  view.tools.hidden = !tools.length;
  view.stage.dataset.tool = view.tool();
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
  view.under = underOf(data);
  view.send = setTriggerValue;
  if (view.draft?.sent && !isAwaited(view.draft, data)) view.draft = null;
  view.at &&= view.under.again(view.at);

  view.stage.style.aspectRatio = `${data.width} / ${data.height}`;
  view.stage.style.maxWidth = `calc(${data.maxHeight} * ${data.width / data.height})`;
  view.stage.setAttribute("aria-label", [`${data.title}.`, view.under.keys, data.tools.includes("box") && BOX_KEYS].filter(Boolean).join(" "));
  view.readout.title = view.under.about;
  root.classList.toggle("of-points", Boolean(data.points));
  offerTools(view, data.tools);
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
