"""Small panels above one another over one axis, as Plotly's layout is written: what tall figures share."""

from collections.abc import Sequence
from typing import Any

from flowlab.drawing.inks import inks, plain
from flowlab.drawing.plot_layout import plot_layout

_TITLE = 20
"""Screen pixels above each panel, for its title."""


def stacked_layout(
    titles: Sequence[str], heights: Sequence[int], *, x_title: str, unit_before: str, dark: bool
) -> dict[str, Any]:
    """Return a layout of panels above one another, the first one on top, whose titles stand above them.

    A title beside each axis would leave a telephone no room for the panel.

    Args:
        titles: of the panels, with their units; "" leaves no room for one.
        heights: of the panels, screen pixels.
        x_title: of the axis they share.
        unit_before: what the pointer is told before the number on that axis, such as "frame".
        dark: whether the page is dark.

    Returns:
        A layout of exactly the height these need; its axes are yaxis, yaxis2, ... from the top.
    """
    layout, ink = plot_layout(dark, x_title), inks(dark)
    axis = layout.pop("yaxis")
    rooms = [height + (_TITLE if title else 6) for title, height in zip(titles, heights, strict=True)]
    inner, top = sum(rooms), 1.0
    layout["annotations"] = []
    for number, (title, height, room) in enumerate(zip(titles, heights, rooms, strict=True)):
        low = max(0.0, top - room / inner)
        layout["yaxis" + (str(number + 1) if number else "")] = {
            **axis,
            "title": {},
            "domain": [low, low + height / inner],
            "tickfont": {"size": 11},
            "nticks": 4,
        }
        if title:
            layout["annotations"].append(
                {
                    "text": plain(title), "xref": "paper", "x": 0, "xanchor": "left", "yref": "paper",
                    "y": low + height / inner, "yanchor": "bottom", "showarrow": False,
                    "font": {"color": ink.text, "size": 12},
                }
            )  # fmt: skip
        top = low
    margin = layout["margin"] | {"t": 34}
    layout |= {"margin": margin, "height": inner + margin["t"] + margin["b"], "hoversubplots": "axis"}
    layout["xaxis"] |= {
        "anchor": f"y{len(titles)}",
        "unifiedhovertitle": {"text": f"{plain(unit_before)} %{{x:,.0f}}"},
    }
    layout["legend"] |= {"yref": "container", "y": 1, "yanchor": "top"}
    layout["hovermode"] = "x unified"
    return layout
