// Shows a Plotly figure, in the shape of a picture or over the full width, and changes it in place.
//
// st.plotly_chart makes a new chart for every new figure: 1,200 arrows then take 0.5 s, and the zoom is
// lost. Plotly.react draws only what differs. Plotly itself is the one Streamlit ships; chart.py mounts
// an empty chart of Streamlit's own, which loads it.

const LOADING = 20_000; // ms

async function loaded() {
  for (const start = performance.now(); performance.now() - start < LOADING; ) {
    if (window.Plotly) return window.Plotly;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("Plotly did not load");
}

function shape(box, { picture, plotHeight }) {
  box.style.aspectRatio = picture ? `${picture.width} / ${picture.height}` : "";
  box.style.maxWidth = picture ? `min(100% - 2px, ${picture.maxHeight} * ${picture.width / picture.height})` : ""; // a picture's border
  box.style.height = picture ? "" : `${plotHeight}px`;
}

async function draw(box) {
  const Plotly = await loaded();
  // Figures that came while one was drawn are skipped, but for the newest.
  while (box.wanted) {
    const { wanted } = box;
    box.wanted = null;
    shape(box, wanted);
    const figure = JSON.parse(wanted.spec);
    await Plotly.react(box, figure.data, figure.layout, { displaylogo: false, responsive: true });
    box.readout = wanted.readout; // from here on: numbers of the figure that is seen
    box.picks = wanted.picks;
    hear(box);
    reread(box);
    tell(box);
  }
}

// Tells the numbers of the arrow under the pointer; the last ones stay when it leaves, as on a picture.
function tell(box) {
  const { readout, hovered, out } = box;
  if (!readout) out.textContent = "";
  else if (!hovered) out.textContent = "point at an arrow for its numbers";
  else {
    const { x, y, u, v } = hovered;
    const later = laterWords(x, y, readout);
    const told = { ...readout, perPx: 1, digits: decimals(readout.perPx) }; // the figure has multiplied them
    out.textContent = flowWords(x, y, u, v, told) + (later && `\n${later}`);
  }
}

// The arrow read last in a new figure: the same place has other numbers, or none.
function reread(box) {
  const { hovered } = box;
  box.hovered = null;
  for (const { x, y, customdata } of hovered ? box._fullData : []) { // box.data holds base64 still
    const i = customdata ? x.findIndex((at, n) => at === hovered.x && y[n] === hovered.y) : -1;
    if (i >= 0) box.hovered = { ...hovered, u: customdata[i][0], v: customdata[i][1] };
  }
}

function hear(box) {
  if (box.hearing) return;
  box.hearing = true;
  box.on("plotly_hover", ({ points: [{ x, y, customdata }] }) => {
    if (!customdata || !box.readout) return;
    box.hovered = { x, y, u: customdata[0], v: customdata[1] };
    tell(box);
  });
  box.on("plotly_click", ({ points: [{ customdata }] }) => {
    const track = customdata?.[0];
    if (box.picks && Number.isInteger(track)) box.send("picked", [track]);
  });
}

export default function ({ data, parentElement, setTriggerValue }) {
  const $ = (selector) => parentElement.querySelector(selector);
  const box = $(".flowlab-plot");
  $(".flowlab-words").textContent = data.words;
  const scale = $(".flowlab-scale");
  scale.hidden = !data.legend?.source;
  if (data.legend?.source) {
    scale.querySelector("img").src = data.legend.source;
    scale.querySelectorAll("span").forEach((end, i) => (end.textContent = data.legend.ends[i]));
  }
  const strip = $(".flowlab-strip");
  strip.hidden = !data.words && !data.picture;
  strip.classList.toggle("beneath-plot", !data.picture);
  strip.classList.toggle("of-points", Boolean(data.picture && !data.readout));
  box.out = $(".flowlab-readout");
  box.send = setTriggerValue;
  box.wanted = data;
  box.drawing ??= draw(box)
    .catch((error) => {
      $(".flowlab-chart").innerHTML = "<p></p>";
      $(".flowlab-chart p").textContent = `${error.message}: reload the page, or choose another view.`;
    })
    .finally(() => (box.drawing = null));
  return whenMoreArrive(box, () => tell(box));
}
