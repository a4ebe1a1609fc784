"""The Middlebury colour wheel: hue is direction, saturation is speed.

Baker, Scharstein, Lewis, Roth, Black & Szeliski (2011), "A Database and Evaluation Methodology for
Optical Flow", Int. J. Computer Vision 92, and the colour code published with it: 55 colours, red to
yellow to green to cyan to blue to magenta to red in 15 + 6 + 4 + 11 + 13 + 6 steps, whose numbers follow
how many shades the eye tells apart in each. Red points right, yellow down, cyan left, violet up.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.resample import pixel_grid
from flowlab.drawing.inputs import checked_count, checked_flow, checked_positive
from flowlab.drawing.unknown import UNKNOWN_COLOUR


def _wheel() -> NDArray[np.uint8]:
    """Return the published table, (55, 3): each stretch moves one channel, from 0 up or from 255 down."""
    stretches = (
        # steps, colour at the start, channel that moves, direction
        (15, (255, 0, 0), 1, +1),  # red to yellow
        (6, (255, 255, 0), 0, -1),  # yellow to green
        (4, (0, 255, 0), 2, +1),  # green to cyan
        (11, (0, 255, 255), 1, -1),  # cyan to blue
        (13, (0, 0, 255), 0, +1),  # blue to magenta
        (6, (255, 0, 255), 2, -1),  # magenta to red
    )
    colours = []
    for steps, start, channel, direction in stretches:
        for i in range(steps):
            colour = list(start)
            colour[channel] += direction * (255 * i // steps)
            colours.append(colour)
    return np.array(colours, np.uint8)


WHEEL = _wheel()
"""The 55 colours at full speed, (55, 3) uint8; entry k stands at the angle 2 pi k / 54, x towards y."""
WHEEL.flags.writeable = False

_BEYOND, _UNKNOWN = 2, 3
_ROWS = np.stack(
    [
        np.full_like(WHEEL, 255),
        WHEEL,
        (0.75 * WHEEL).astype(np.uint8),
        np.full_like(WHEEL, UNKNOWN_COLOUR),
    ]
)


def flow_colours(flow: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """Return the flow in the Middlebury colours.

    The published code interpolates linearly between neighbouring colours of the wheel, and linearly
    from white to that colour as the speed grows from 0 to `scale`. Both together are a bilinear reading of
    a picture two rows high: white above, the wheel below. A third row holds the darkened colours
    beyond the scale, a fourth the colour of the unknown; those two are read at whole rows only.
    Equal to the published code within one level (it truncates where this rounds).

    Args:
        flow: (H, W, 2), pixels.
        scale: speed of full saturation, pixels, above 0. Faster pixels are darkened to 75 %, as published.

    Returns:
        (H, W, 3) uint8: white where nothing moves, `UNKNOWN_COLOUR` where the flow is not finite.

    Raises:
        ParameterError: the flow's shape or the scale is not usable.
    """
    flow, scale = checked_flow(flow), checked_positive("scale", scale, "px")
    u, v = cv2.split(flow)
    speed, angle = cv2.cartToPolar(u, v)
    row = np.multiply(speed, 1 / scale, dtype=np.float32)
    column = np.multiply(angle, (len(WHEEL) - 1) / (2 * np.pi), dtype=np.float32)
    # Set, not left to the conversion of NaN to a whole number, which differs between processors.
    unknown = ~(np.isfinite(row) & np.isfinite(column))
    row[row > 1] = _BEYOND
    row[unknown] = _UNKNOWN
    column[unknown] = 0
    return cv2.remap(_ROWS, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def flow_wheel(size: int, *, background: tuple[int, int, int] | None = None) -> NDArray[np.uint8]:
    """Return the legend of `flow_colours`: a disc whose colour at (u, v) from its centre is that of the flow (u, v).

    The rim stands for the scale the flow was drawn with.

    Args:
        size: width and height, pixels, at least 8.
        background: RGB outside the disc; None leaves it transparent.

    Returns:
        (size, size, 4) uint8 RGBA, or (size, size, 3) uint8 RGB with a background. The rim is smoothed.

    Raises:
        ParameterError: the size is too small.
    """
    return flow_disc(lambda flow: flow_colours(flow, 1), 1, size, background=background)


def flow_disc(
    draw: Callable[[NDArray[np.float32]], NDArray[np.uint8]],
    rim: float,
    size: int,
    *,
    background: tuple[int, int, int] | None = None,
) -> NDArray[np.uint8]:
    """Return a disc of the colours `draw` gives to the flow (u, v) at (u, v) from its centre.

    Args:
        draw: flow (H, W, 2), pixels -> colours (H, W, 3) uint8.
        rim: speed at the rim, pixels; no faster flow is drawn.
        size: width and height, pixels, at least 8.
        background: RGB outside the disc; None leaves it transparent.

    Returns:
        (size, size, 4) uint8 RGBA, or (size, size, 3) uint8 RGB with a background. The rim is smoothed.

    Raises:
        ParameterError: the size is too small.
    """
    size = checked_count("size", size, 8)
    radius = size / 2 - 0.5
    x, y = pixel_grid(size, size)
    towards = np.dstack([x - (size - 1) / 2, y - (size - 1) / 2])
    distance = np.hypot(towards[..., 0], towards[..., 1])
    # The smoothed rim reaches half a pixel past the scale, where a wheel may darken.
    inside = towards * (rim / radius * np.minimum(1, radius * (1 - 1e-6) / np.maximum(distance, radius)))[..., None]
    disc = draw(inside.astype(np.float32))
    cover = np.clip(radius + 0.5 - distance, 0, 1)[..., None]
    if background is None:
        return np.dstack([disc, np.rint(255 * cover).astype(np.uint8)])
    blend: NDArray[np.float64] = cover * disc + (1 - cover) * np.array(background, np.float64)
    return np.rint(blend).astype(np.uint8)
