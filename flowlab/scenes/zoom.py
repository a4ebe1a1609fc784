"""`zoom`: a slow flight down to a meadow in flower, straight at one point of it."""

from dataclasses import dataclass

from flowlab.scenes.layers import Layer, LayeredWorld
from flowlab.scenes.matrix_motion import MatrixMotion, magnification, magnified, place
from flowlab.scenes.scene import Scene, SceneParameters, share_knob, speed_knob
from flowlab.scenes.surfaces import meadow
from flowlab.scenes.textures import Texture, tile_shape

_CLOSEST = 1.6  # magnification: beyond it the finest detail would look out of focus


@dataclass(frozen=True)
class ZoomParameters(SceneParameters):
    """Knobs of `zoom`: the picture grows about the focus of expansion, up to 1.6 times its size, and shrinks back."""

    speed: float = speed_knob("From frame to frame, of points half the picture's shorter side from the focus.")
    focus_x: float = share_knob(0.6, "of the width", "Where the focus of expansion is: 0 left, 1 right.")
    focus_y: float = share_knob(0.45, "of the height", "Where the focus of expansion is: 0 top, 1 bottom.")


def zoom(parameters: ZoomParameters) -> Scene:
    """Return the scene: distances from the focus grow by the factor 1 + speed / (half the shorter side) a frame."""
    width, height = parameters.width, parameters.height
    shape = tile_shape(height, width)
    ground = Texture(lambda: meadow(shape, parameters.texture, parameters.rng(0)))
    focus = place(width, height, parameters.focus_x, parameters.focus_y)
    growth = 1 + parameters.speed / (min(width, height) / 2)
    motion = MatrixMotion(lambda time: magnified(magnification(growth, time, _CLOSEST)), lambda _: focus)
    return Scene("zoom", parameters, LayeredWorld(width, height, [Layer(ground, motion)]))
