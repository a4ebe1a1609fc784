"""The look all plots share, as Plotly's layout is written."""

from typing import Any

from flowlab.drawing.inks import inks, plain

HEIGHT = 260
"""Of every plot, screen pixels."""

NUMBER = ".4~r"
"""Four digits that mean something, in d3's words."""

NOTHING = "rgba(0,0,0,0)"

_FONT = '"Source Sans", "Source Sans Pro", sans-serif'
_BUTTONS = (
    "sendcharttocloud", "toimage", "zoom", "pan", "select", "lasso", "zoomin", "zoomout", "autoscale", "resetscale",
)  # fmt: skip
"""All that Plotly offers above a plot, one of which sends it to a server: a double click resets the zoom, which is
enough."""


def plot_layout(dark: bool, x_title: str = "", y_title: str = "") -> dict[str, Any]:
    """Return a layout without ground, of small margins, in the page's inks, whose zoom survives an update."""
    ink = inks(dark)

    def axis(title: str, spikes: bool) -> dict[str, Any]:
        return {
            "title": {"text": plain(title), "font": {"size": 13}, "standoff": 8},
            "gridcolor": ink.faint,
            "linecolor": ink.faint,
            "zerolinecolor": ink.faint,
            "automargin": True,
            "showspikes": spikes,
            "spikecolor": ink.text,
            "spikethickness": 1,
            "spikedash": "dot",
            "spikesnap": "data",
            "hoverformat": NUMBER,
            "exponentformat": "power",  # 300µ would not be px
        }

    return {
        "template": {},
        "height": HEIGHT,
        "margin": {"l": 52, "r": 12, "t": 28, "b": 44},
        "paper_bgcolor": NOTHING,
        # Not NOTHING: Plotly underlays the line at the pointer with this, and takes nothing for white.
        "plot_bgcolor": ink.page,
        "font": {"family": _FONT, "size": 13, "color": ink.text},
        "xaxis": axis(x_title, spikes=True),
        "yaxis": axis(y_title, spikes=False),
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
        "hoverlabel": {"bgcolor": ink.paper, "bordercolor": ink.faint, "font": {"color": ink.text, "size": 13}},
        "dragmode": "zoom",
        "modebar": {"remove": list(_BUTTONS)},
        "uirevision": "plot",
    }


def upright_line(x: float, colour: str, dash: str = "solid") -> dict[str, Any]:
    """Return a mark across the whole height of a plot, as Plotly draws shapes."""
    return {
        "type": "line",
        "x0": x,
        "x1": x,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": colour, "width": 1.5, "dash": dash},
    }
