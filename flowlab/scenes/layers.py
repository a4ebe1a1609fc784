"""A world of layers: textured sheets, one in front of another, each with a motion of its own.

Where the front layer's edge crosses a pixel the picture is a blend of both, as in a camera. The truth
cannot be: there the pixel belongs to the layer that covers more than half of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.truth import SceneObject
from flowlab.scenes.motions import Motion
from flowlab.scenes.noise import Field
from flowlab.scenes.textures import Positions, Texture


@dataclass(frozen=True)
class Outline:
    """The shape of a layer.

    Attributes:
        distance: function of layer positions (x, y), px: negative inside, positive outside, smooth near its zeros.
        reach: half the width and height (px) of a box around the layer's origin that holds the shape.
    """

    distance: Callable[[Positions, Positions], Positions]
    reach: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Layer:
    """A textured sheet that moves; without an outline it fills the picture, with a name it is an object."""

    texture: Texture
    motion: Motion
    outline: Outline | None = None
    name: str = ""

    def covers(self, time: float, x: Positions, y: Positions) -> NDArray[np.bool_]:
        """Return whether this layer covers picture positions (x, y): True more than half way into an edge pixel."""
        if self.outline is None:
            return np.ones(np.broadcast_shapes(x.shape, y.shape), np.bool_)
        return self.outline.distance(*self.motion.to_layer(time, x, y)) < 0

    def displaced(self, start: float, end: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return where the layer point seen at (x, y) at time `start` stands at time `end`."""
        return self.motion.to_picture(end, *self.motion.to_layer(start, x, y))

    def draw_over(self, picture: Field, time: float) -> None:
        """Draw the layer as it stands at `time` over `picture` (H, W, 3), in place."""
        rows, columns = self.box(time, picture.shape[0], picture.shape[1])
        x, y = self.motion.to_layer(time, *pixel_positions(rows, columns))
        colours = self.texture.at(x, y)
        if self.outline is not None:
            behind = picture[rows, columns]
            colours = behind + (colours - behind) * _coverage(self.outline.distance(x, y))[..., None]
        picture[rows, columns] = colours

    def box(self, time: float, height: int, width: int) -> tuple[slice, slice]:
        """Return the rows and columns of a (height, width) picture that the layer can touch at `time`.

        Lines stay lines under every motion a layer with an outline has, so the corners of its box
        bound it in the picture.
        """
        if self.outline is None:
            return slice(0, height), slice(0, width)
        x, y = self.corners(time).T
        return _span(y, height), _span(x, width)

    def corners(self, time: float) -> Positions:
        """Return where the corners of the outline's box stand at `time`, (4, 2) px, from its own top left clockwise."""
        assert self.outline is not None
        reach_x, reach_y = self.outline.reach
        box = np.array([[-reach_x, -reach_y], [reach_x, -reach_y], [reach_x, reach_y], [-reach_x, reach_y]])
        return np.stack(self.motion.to_picture(time, box[:, 0], box[:, 1]), axis=1)


def pixel_positions(rows: slice, columns: slice) -> tuple[Positions, Positions]:
    """Return (x, y) of pixel centres as a row (1, W) and a column (H, 1), which broadcast to (H, W)."""
    x = np.arange(columns.start, columns.stop, dtype=np.float64)
    y = np.arange(rows.start, rows.stop, dtype=np.float64)
    return x[None, :], y[:, None]


def _span(position: Positions, size: int) -> slice:
    """Return the pixels from the least to the greatest `position`, edges included, at least two of `size`."""
    first = int(np.clip(np.floor(position.min()) - 1, 0, size - 2))
    return slice(first, int(np.clip(np.ceil(position.max()) + 2, first + 2, size)))


def _coverage(distance: Positions) -> Field:
    """Return how much of each pixel lies inside an outline, 0..1: half where its `distance` is 0.

    The distance in pixels is the function over the length of its gradient, whatever its units.
    """
    slope_y, slope_x = np.gradient(distance)
    steepness = np.maximum(np.hypot(slope_x, slope_y), 1e-6)
    coverage: Positions = np.clip(0.5 - distance / steepness, 0, 1)
    return coverage.astype(np.float32)


class LayeredWorld:
    """Layers from back to front, as a camera of `width` x `height` pixels sees them."""

    def __init__(self, width: int, height: int, layers: Sequence[Layer]) -> None:
        """Stack `layers`, the farthest first; that one has no outline, so that every pixel shows something."""
        self.width, self.height = width, height
        self.layers = tuple(layers)

    def render(self, time: float) -> Field:
        """Return the picture (H, W, 3) float32 at `time`, in grey levels, unrounded."""
        picture = np.zeros((self.height, self.width, 3), np.float32)
        for layer in self.layers:
            layer.draw_over(picture, time)
        return picture

    def flow(self, start: float, end: float) -> NDArray[np.float32]:
        """Return the flow (H, W, 2) from time `start` to time `end`, of the layer each pixel shows at `start`."""
        flow = np.zeros((self.height, self.width, 2), np.float32)
        for layer in self.layers:
            box = layer.box(start, self.height, self.width)
            x, y = pixel_positions(*box)
            new_x, new_y = layer.displaced(start, end, x, y)
            seen = layer.covers(start, x, y)
            # Subtract in double precision: only the displacement itself is rounded to float32.
            np.copyto(flow[box][..., 0], (new_x - x).astype(np.float32), where=seen)
            np.copyto(flow[box][..., 1], (new_y - y).astype(np.float32), where=seen)
        return flow

    def occlusion(self, start: float, end: float) -> NDArray[np.bool_]:
        """Return (H, W): True where a point seen at `start` is covered by a nearer layer, or outside, at `end`."""
        lost = np.zeros((self.height, self.width), np.bool_)
        for depth, layer in enumerate(self.layers):
            box = layer.box(start, self.height, self.width)
            x, y = pixel_positions(*box)
            new_x, new_y = layer.displaced(start, end, x, y)
            gone = (new_x < 0) | (new_x > self.width - 1) | (new_y < 0) | (new_y > self.height - 1)
            for nearer in self.layers[depth + 1 :]:
                gone |= nearer.covers(end, new_x, new_y)
            np.copyto(lost[box], gone, where=layer.covers(start, x, y))
        return lost

    def objects(self, time: float) -> tuple[SceneObject, ...]:
        """Return the named layers that stand at least partly in the picture at `time`, with their boxes' corners."""
        named = (layer for layer in self.layers if layer.name and layer.outline is not None)
        things = (SceneObject.flat(layer.name, layer.corners(time)) for layer in named)
        return tuple(thing for thing in things if self._sees(thing.box))

    def _sees(self, box: tuple[float, float, float, float]) -> bool:
        x, y, width, height = box
        return x < self.width and y < self.height and x + width > 0 and y + height > 0

    def release(self) -> None:
        """Let go of the layers' textures; they are painted again when next seen."""
        for layer in self.layers:
            layer.texture.release()
