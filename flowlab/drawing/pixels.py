"""Everything that turns data into arrays for the eye, in one place to import from: RGB uint8 and hover tables.

from flowlab.drawing import pixels

scale = pixels.nice_scale(7.3)                    # 10 px, kept for the whole clip
picture = pixels.flow_colours(flow, scale)        # the Middlebury colours
legend = pixels.flow_wheel(120)                   # ... and what they mean
"""

from flowlab.drawing.arrows import Arrows, arrow_count, arrow_grid, draw_arrows
from flowlab.drawing.categories import CATEGORY_COLOURS, category_colours
from flowlab.drawing.diverging import signed_colours, signed_scale, signed_table
from flowlab.drawing.hover import UNKNOWN_VALUE, HoverGrid, hover_grid
from flowlab.drawing.hsv import OPT_FLOW_RIM, HsvForm, hsv_opt_flow, hsv_tutorial, hsv_wheel
from flowlab.drawing.overlays import outside_dimmed
from flowlab.drawing.patch_strip import patch_strip
from flowlab.drawing.scales import (
    ColourMap,
    colour_scale,
    colour_table,
    error_colours,
    magnitude_colours,
    nice_scale,
    residual_colours,
)
from flowlab.drawing.streamlines import draw_streamlines, streamlines
from flowlab.drawing.tracks import draw_tracks, track_colours, value_colours
from flowlab.drawing.unknown import UNKNOWN_COLOUR, mark_unknown
from flowlab.drawing.wheel import WHEEL, flow_colours, flow_wheel

__all__ = [
    "CATEGORY_COLOURS",
    "OPT_FLOW_RIM",
    "UNKNOWN_COLOUR",
    "UNKNOWN_VALUE",
    "WHEEL",
    "Arrows",
    "ColourMap",
    "HoverGrid",
    "HsvForm",
    "arrow_count",
    "arrow_grid",
    "category_colours",
    "colour_scale",
    "colour_table",
    "draw_arrows",
    "draw_streamlines",
    "draw_tracks",
    "error_colours",
    "flow_colours",
    "flow_wheel",
    "hover_grid",
    "hsv_opt_flow",
    "hsv_tutorial",
    "hsv_wheel",
    "magnitude_colours",
    "mark_unknown",
    "nice_scale",
    "outside_dimmed",
    "patch_strip",
    "residual_colours",
    "signed_colours",
    "signed_scale",
    "signed_table",
    "streamlines",
    "track_colours",
    "value_colours",
]
