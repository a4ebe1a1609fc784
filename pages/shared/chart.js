// Shows a Plotly figure that keeps a picture's shape, and changes it in place.
//
// st.plotly_chart makes a new chart for every new figure: 1,200 arrows then take 0.5 s, and the zoom is
// lost. Plotly.react draws only what differs. Plotly itself is the one Streamlit ships; chart.py mounts
// an empty chart of Streamlit's own, which loads it.

const PATIENCE = 20_000;

async function loaded() {
  for (const start = performance.now(); performance.now() - start < PATIENCE; ) {
    if (window.Plotly) return window.Plotly;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("Plotly did not load");
}

async function draw(box) {
  const Plotly = await loaded();
  // Figures that came while one was drawn are skipped, but for the newest.
  while (box.wanted) {
    const { spec, width, height, maxHeight } = box.wanted;
    box.wanted = null;
    box.style.aspectRatio = `${width} / ${height}`;
    box.style.maxWidth = `calc(${maxHeight} * ${width / height})`;
    const figure = JSON.parse(spec);
    await Plotly.react(box, figure.data, figure.layout, { displaylogo: false, responsive: true });
  }
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".flowlab-plot");
  parentElement.querySelector(".flowlab-words").textContent = data.words;
  box.wanted = data;
  box.drawing ??= draw(box)
    .catch((error) => {
      parentElement.querySelector(".flowlab-chart").innerHTML = "<p></p>";
      parentElement.querySelector(".flowlab-chart p").textContent =
        `${error.message}: reload the page, or choose another view.`;
    })
    .finally(() => (box.drawing = null));
}
