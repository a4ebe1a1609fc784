"""Which colours are the object's and which its surroundings': what remains when it changes its shape.

H. Possegger et al. (2015), "In Defense of Color-based Model-free Tracking", and L. Bertinetto et al. (2016), "Staple:
Complementary Learners for Real-Time Tracking", section 4.3: the share of a colour's pixels that lay in the object.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

RATE = 0.04
"""Share of a running mean that each new picture makes up."""

_BITS = 4  # a channel: 16 shades
_COLOURS = 1 << 3 * _BITS
_CORE = 0.8  # of the box's sides: its rim is often background


@dataclass(frozen=True, eq=False)
class ColourModel:
    """Histograms of the colours of an object and of what is around it.

    Attributes:
        inside: (4096,) float64, share of each colour among the object's pixels.
        outside: (4096,) float64, the same of its surroundings.
    """

    inside: NDArray[np.float64]
    outside: NDArray[np.float64]

    def respond(self, rgb: Picture, width: int, height: int) -> Floats:
        """Return the mean probability of the object in a box around every pixel, (H, W) float32, 0 .. 1.

        Args:
            rgb: (H, W, 3) uint8.
            width: of the box, px.
            height: of the box, px.
        """
        both = self.inside + self.outside
        with np.errstate(invalid="ignore", divide="ignore"):
            chance = np.where(both > 0, self.inside / both, 0.5).astype(np.float32)
        mean: Floats = cv2.blur(  # type: ignore[assignment]
            chance[_colours(rgb)], (max(1, width), max(1, height)), borderType=cv2.BORDER_REPLICATE
        )
        return mean

    def trained(self, rgb: Picture, width: int, height: int, rate: float = RATE) -> "ColourModel":
        """Return the model with one more picture, the object in its middle, counted in."""
        new = colour_model_of(rgb, width, height)
        return ColourModel(
            self.inside + rate * (new.inside - self.inside), self.outside + rate * (new.outside - self.outside)
        )


def colour_model_of(rgb: Picture, width: int, height: int) -> ColourModel:
    """Return the model of one picture (H, W, 3) uint8 with an object of width x height px in its middle."""
    colours = _colours(rgb)
    inside = _middle(colours.shape, width * _CORE, height * _CORE)
    outside = ~_middle(colours.shape, width, height)
    return ColourModel(_shares(colours[inside]), _shares(colours[outside]))


def _colours(rgb: Picture) -> NDArray[np.uint16]:
    shades = (rgb >> (8 - _BITS)).astype(np.uint16)
    return ((shades[..., 0] << 2 * _BITS) | (shades[..., 1] << _BITS) | shades[..., 2]).astype(np.uint16)


def _middle(shape: tuple[int, ...], width: float, height: float) -> NDArray[np.bool_]:
    y, x = (np.abs(np.arange(side) - side // 2) for side in shape)
    middle: NDArray[np.bool_] = (y[:, None] <= height / 2) & (x[None, :] <= width / 2)
    return middle


def _shares(colours: NDArray[np.uint16]) -> NDArray[np.float64]:
    return np.bincount(colours, minlength=_COLOURS) / max(colours.size, 1)
