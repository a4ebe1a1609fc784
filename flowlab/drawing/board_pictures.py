"""Panels that are pictures: grey levels, quantities with a sign, quantities that only grow."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.board import Panel, Strip, picture_panel
from flowlab.drawing.diverging import signed_colours, signed_scale
from flowlab.drawing.scales import ColourMap, colour_scale, sequential_colours
from flowlab.drawing.wheel import flow_colours, flow_wheel

_STRIP = (256, 8)


def grey_rgb(plane: NDArray[Any]) -> NDArray[np.uint8]:
    """Return grey levels (H, W), 0..255, as a picture (H, W, 3) uint8; not finite is mid-grey."""
    levels = np.where(np.isfinite(plane), plane, 128.0)
    grey: NDArray[np.uint8] = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def grey_panel(name: str, title: str, plane: NDArray[Any], **more: Any) -> Panel:
    """Return grey levels (H, W), 0..255, as a panel that tells them under the pointer; `more` as `picture_panel`."""
    return picture_panel(name, title, grey_rgb(plane), values=plane, unit="grey levels", **more)


def signed_panel(
    name: str, title: str, values: NDArray[Any], scale: float, *, unit: str = "grey levels", **more: Any
) -> Panel:
    """Return a quantity (H, W) with a sign as a panel: blue below zero, red above, full colour at `scale` (> 0)."""
    strip = Strip(signed_scale(*_STRIP), (f"-{scale:g}", "0", f"+{scale:g} {unit}"))
    return picture_panel(name, title, signed_colours(values, scale), values=values, unit=unit, strip=strip, **more)


def map_panel(
    name: str,
    title: str,
    values: NDArray[Any],
    scale: float,
    *,
    unit: str,
    colours: ColourMap = ColourMap.SPEED,
    **more: Any,
) -> Panel:
    """Return a quantity (H, W) that only grows as a panel, full colour at `scale` (> 0)."""
    strip = Strip(colour_scale(colours, *_STRIP), ("0", f"{scale:g} {unit}"))
    image = sequential_colours(values, scale, colours)
    return picture_panel(name, title, image, values=values, unit=unit, strip=strip, **more)


def flow_panel(name: str, title: str, flow: NDArray[Any], scale: float, **more: Any) -> Panel:
    """Return a flow (H, W, 2) in Middlebury's colours as a panel that tells u and v; full colour at `scale` px."""
    return picture_panel(
        name, title, flow_colours(flow, scale), values=flow, value_names=("u", "v"), unit="px",
        strip=Strip(flow_wheel(64), (f"rim {scale:g} px",)), **more,
    )  # fmt: skip
