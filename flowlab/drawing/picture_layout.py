"""The layout all figures over a picture share, as Plotly's layout is written."""

from collections.abc import Sequence
from typing import Any

from flowlab.drawing.inks import inks
from flowlab.drawing.plot_layout import NOTHING

Outline = tuple[Sequence[tuple[float, float]], bool]
"""A line to draw on a picture: (points (x, y) in pixels, whether dashed)."""


def picture_layout(
    picture_uri: str, height: int, width: int, *, dark: bool = False, outlines: Sequence[Outline] = ()
) -> dict[str, Any]:
    """Return a layout that is the picture: pixel centres at whole numbers, y down, never distorted.

    Everything a person can move is keyed on the picture's size alone, so that zoom survives an update.

    Args:
        picture_uri: the picture as a data URI ("data:image/jpeg;base64,..."), stretched to the size given.
        height: of the picture, pixels.
        width: of the picture, pixels.
        dark: whether the page is dark; hover text and outlines follow.
        outlines: lines in the contrast colour.
    """
    ink = inks(dark)
    across, down = (-0.5, width - 0.5), (-0.5, height - 0.5)
    hidden = {"visible": False, "constrain": "domain"}
    return {
        "template": {},
        "images": [
            {
                "source": picture_uri,
                "xref": "x",
                "yref": "y",
                "x": across[0],
                "y": down[0],
                "sizex": width,
                "sizey": height,
                "sizing": "stretch",
                "layer": "below",
            }
        ],
        "xaxis": {
            **hidden,
            "range": list(across),
            "minallowed": across[0],
            "maxallowed": across[1],
            # In a box of another shape the picture stays beside its legend.
            "constraintoward": "left",
        },
        "yaxis": {
            **hidden,
            "range": list(reversed(down)),
            "minallowed": down[0],
            "maxallowed": down[1],
            "scaleanchor": "x",
            "constraintoward": "top",
        },
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "paper_bgcolor": NOTHING,
        "plot_bgcolor": NOTHING,
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": ink.paper, "bordercolor": ink.text, "font": {"color": ink.text, "size": 13}},
        "shapes": [_line_shape(points, dashed, ink.look) for points, dashed in outlines],
        # Plotly's default button that would send the figure, picture included, to a server.
        "modebar": {"remove": ["sendcharttocloud"]},
        "uirevision": f"{width}x{height}",
    }


def _line_shape(points: Sequence[tuple[float, float]], dashed: bool, colour: str) -> dict[str, Any]:
    """Return a line through points as Plotly draws shapes."""
    path = "M" + "L".join(f"{x:g},{y:g}" for x, y in points)
    return {"type": "path", "path": path, "line": {"color": colour, "width": 2, "dash": "dash" if dashed else "solid"}}
