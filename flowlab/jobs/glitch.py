"""A picture carried along by the flow, as OpenCV's opt_flow sample does it: beautiful, and wrong on purpose.

samples/python/opt_flow.py, `warp_flow`: the picture is read at x - f(x), with f the flow FROM the frame
before. A forward warp would need the flow at the place a pixel came from; this takes the one at the
place it goes to, so errors pile up with every frame into the glitch the sample is loved for.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.resample import pixel_grid
from flowlab.dense.estimator import Flow
from flowlab.errors import ParameterError
from flowlab.jobs.answer import Answer

MOST_FRAMES = 30

Picture = NDArray[np.uint8]


def carried(picture: Picture, flow: Flow) -> Picture:
    """Return `picture` (H, W, 3) moved one frame on: cv2.remap at x - flow, bilinear, black from outside.

    Unknown vectors leave their pixel where it is.
    """
    x, y = pixel_grid(*flow.shape[:2])
    still = np.nan_to_num(flow, nan=0.0, posinf=0.0, neginf=0.0)
    return cv2.remap(picture, x - still[..., 0], y - still[..., 1], cv2.INTER_LINEAR)  # type: ignore[return-value]


def accumulated(
    start: int,
    stop: int,
    *,
    first: Callable[[int], Picture],
    flow: Callable[[int], Flow],
    known: Callable[[int], Picture | None],
    remember: Callable[[int, Picture], None],
) -> Picture:
    """Return frame `start` carried along to frame `stop`, going on from the nearest frame that is remembered.

    Args:
        start: frame the picture is taken from.
        stop: frame it is carried to, at most MOST_FRAMES later.
        first: gives the picture of a frame.
        flow: gives the flow from a frame to the next.
        known: gives what was remembered for a frame, or None.
        remember: keeps the picture carried to a frame.

    Raises:
        ParameterError: `stop` is before `start` or too far behind it.
    """
    if not 0 <= stop - start <= MOST_FRAMES:
        raise ParameterError(
            f"the glitch starts at frame {start} and frame {stop} is asked for: start it at "
            f"{max(0, stop - MOST_FRAMES)} to {stop}, since it runs over at most {MOST_FRAMES} frames"
        )
    at, picture = stop, known(stop)
    while picture is None:
        at -= 1
        picture = first(start) if at <= start else known(at)
    for index in range(max(at, start), stop):
        picture = carried(picture, flow(index))
        remember(index + 1, picture)
    return picture


def carrying(answers: Iterable[Answer]) -> Iterator[Answer]:
    """Yield successive answers with the picture carried along to each, begun anew every MOST_FRAMES answers."""
    picture: Picture | None = None
    for number, answer in enumerate(answers):
        if picture is None or number % MOST_FRAMES == 0:
            picture = answer.pair.first.rgb
        picture = carried(picture, answer.flow)
        yield replace(answer, accumulated=picture)
