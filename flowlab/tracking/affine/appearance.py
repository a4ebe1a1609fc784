"""What an object looks like, learned while it is followed: where a template no longer fits, this still finds it.

Two learners that fail in different ways (L. Bertinetto et al. 2016, "Staple"): a correlation filter on histograms of
gradients, which light does not disturb, and a colour model, which a change of shape does not. Their answers are added.
Scale is searched by looking at three sizes (Y. Li and J. Zhu 2014, "SAMF").
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine.colour_model import ColourModel, colour_model_of
from flowlab.tracking.affine.correlation_filter import CorrelationFilter, filter_of, peak_of
from flowlab.tracking.affine.gradient_histograms import CELL, gradient_histograms

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]
Matrix = NDArray[np.float64]

_AREA = 100 * 100  # px that the object and its surroundings are scaled to: what a frame costs
_AROUND = 0.6  # of the mean side, by which the surroundings are wider and higher than the object
_COLOUR = 0.4  # weight of the colour model
_SCALE_STEP = 1.02
_SAME_SIZE_BONUS = 1 / 0.985  # another size must answer that much better
_FEWEST_CELLS = 8


@dataclass(frozen=True)
class Sighting:
    """Where the object was seen.

    Attributes:
        centre: (x, y) px of the frame.
        scale: size, of that of the first box.
        peak: answer of the correlation filter there, about 1 for what it was trained with.
        colour: mean probability of the object's colours there, 0 .. 1.
    """

    centre: tuple[float, float]
    scale: float
    peak: float
    colour: float

    @property
    def score(self) -> float:
        """Both together."""
        return (1 - _COLOUR) * self.peak + _COLOUR * self.colour


@dataclass(frozen=True, eq=False)
class Appearance:
    """What an object looks like.

    Attributes:
        size: (width, height) of the first box, px.
        cells: (columns, rows) of the picture that is looked at.
        zoom: pixels of that picture per pixel of the frame, at scale 1.
        filter: of gradients.
        colours: of colours.
    """

    size: tuple[float, float]
    cells: tuple[int, int]
    zoom: float
    filter: CorrelationFilter
    colours: ColourModel

    def locate(self, rgb: Picture, centre: tuple[float, float], scale: float) -> Sighting:
        """Look for the object around a place, at a scale."""
        return self._seen(rgb, centre, scale)

    def resized(self, rgb: Picture, centre: tuple[float, float], known: Sighting) -> Sighting:
        """Look once more, for a little larger and smaller one than was `known`; return the best of the three."""
        seen = [known] + [self._seen(rgb, centre, known.scale * step) for step in (_SCALE_STEP, 1 / _SCALE_STEP)]
        rank = [one.peak * (_SAME_SIZE_BONUS if one is known else 1) for one in seen]
        return seen[int(np.argmax(rank))]

    def learned(self, rgb: Picture, centre: tuple[float, float], scale: float) -> "Appearance":
        """Return the model with one more frame, in which the object was there, counted in."""
        patch = self._patch(rgb, centre, scale)
        return replace(
            self, filter=self.filter.trained(_channels(patch)), colours=self.colours.trained(patch, *self._box)
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` makes this model of."""
        facts = np.array([*self.size, *self.cells, self.zoom])
        return {"facts": facts, "inside": self.colours.inside, "outside": self.colours.outside} | self.filter.arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Appearance":
        """Return the model whose `arrays` these are."""
        width, height, columns, rows, zoom = arrays["facts"].tolist()
        cells = int(columns), int(rows)
        known = CorrelationFilter.from_arrays(arrays, (cells[1], cells[0]))
        return cls((width, height), cells, zoom, known, ColourModel(arrays["inside"], arrays["outside"]))

    @property
    def _box(self) -> tuple[int, int]:
        """The object's width and height in the picture that is looked at, px."""
        return round(self.size[0] * self.zoom), round(self.size[1] * self.zoom)

    def _seen(self, rgb: Picture, centre: tuple[float, float], scale: float) -> Sighting:
        patch = self._patch(rgb, centre, scale)
        gradients = self.filter.respond(_channels(patch))
        colours: Floats = cv2.resize(  # type: ignore[assignment]
            self.colours.respond(patch, *self._box), self.cells, interpolation=cv2.INTER_AREA
        )
        both = (1 - _COLOUR) * gradients + _COLOUR * colours
        y, x = (int(n) for n in np.unravel_index(int(both.argmax()), both.shape))
        away_x, away_y = peak_of(both)
        step = CELL * scale / self.zoom
        place = centre[0] + away_x * step, centre[1] + away_y * step
        return Sighting(place, scale, float(gradients[y, x]), float(colours[y, x]))

    def _patch(self, rgb: Picture, centre: tuple[float, float], scale: float) -> Picture:
        return _patch(rgb, centre, self.zoom / scale, self.cells)


def appearance_of(rgb: Picture, centre: tuple[float, float], size: tuple[float, float]) -> Appearance:
    """Return what an object of a size (width, height) px around `centre` looks like in a frame (H, W, 3) uint8."""
    around = _AROUND * (size[0] + size[1]) / 2
    width, height = size[0] + around, size[1] + around
    zoom = float(np.sqrt(_AREA / (width * height)))
    # Odd numbers: of an even one the middle lies between two cells, and what stands still would creep.
    columns, rows = (max(_FEWEST_CELLS, round(side * zoom / CELL)) | 1 for side in (width, height))
    patch = _patch(rgb, centre, zoom, (columns, rows))
    box = round(size[0] * zoom), round(size[1] * zoom)
    learned = filter_of(_channels(patch), float(np.sqrt(size[0] * size[1])) * zoom / CELL)
    return Appearance(size, (columns, rows), zoom, learned, colour_model_of(patch, *box))


def _patch(rgb: Picture, centre: tuple[float, float], zoom: float, cells: tuple[int, int]) -> Picture:
    """Return the surroundings of a place at a zoom, the place in the middle of the middle cell."""
    width, height = cells[0] * CELL, cells[1] * CELL
    place = np.array([[1 / zoom, 0, centre[0] - (width / 2 - 0.5) / zoom],
                      [0, 1 / zoom, centre[1] - (height / 2 - 0.5) / zoom]])  # fmt: skip
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(rgb, place, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)  # type: ignore


def _channels(patch: Picture) -> Floats:
    """Return (rows, columns, CHANNELS + 1): histograms of gradients, and the cell's own brightness about grey."""
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    histograms = gradient_histograms(grey)  # type: ignore[arg-type]
    size = histograms.shape[1], histograms.shape[0]
    mean = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255 - np.float32(0.5)
    return np.concatenate([histograms, mean[..., None]], axis=-1)
