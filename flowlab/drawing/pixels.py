"""Everything that turns data into arrays for the eye, in one place to import from: RGB uint8 and hover tables.

from flowlab.drawing import pixels

scale = pixels.nice_scale(7.3)                    # 10 px, kept for the whole clip
picture = pixels.flow_colours(flow, scale)        # the Middlebury colours
legend = pixels.flow_wheel(120)                   # ... and what they mean
"""

from flowlab.drawing.arrows import Arrows, arrow_count, arrow_grid, draw_arrows
from flowlab.drawing.hover import UNKNOWN_VALUE, HoverGrid, hover_grid
from flowlab.drawing.scales import (
    ColourMap,
    colour_scale,
    colour_table,
    magnitude_colours,
    nice_scale,
    residual_colours,
)
from flowlab.drawing.unknown import UNKNOWN_COLOUR, mark_unknown
from flowlab.drawing.wheel import WHEEL, flow_colours, flow_wheel

__all__ = [
    "UNKNOWN_COLOUR",
    "UNKNOWN_VALUE",
    "WHEEL",
    "Arrows",
    "ColourMap",
    "HoverGrid",
    "arrow_count",
    "arrow_grid",
    "colour_scale",
    "colour_table",
    "draw_arrows",
    "flow_colours",
    "flow_wheel",
    "hover_grid",
    "magnitude_colours",
    "mark_unknown",
    "nice_scale",
    "residual_colours",
]
