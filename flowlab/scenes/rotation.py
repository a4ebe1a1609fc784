"""`rotation`: the roofs of an old town, seen by a camera that turns above them."""

from dataclasses import dataclass

from flowlab.scenes.layers import Layer, LayeredWorld
from flowlab.scenes.matrix_motion import MatrixMotion, place, turned
from flowlab.scenes.scene import Scene, SceneParameters, share_knob, speed_knob
from flowlab.scenes.textures import Texture, turning_tile_shape
from flowlab.scenes.town import old_town


@dataclass(frozen=True)
class RotationParameters(SceneParameters):
    """Knobs of `rotation`: the picture turns clockwise about its still point."""

    speed: float = speed_knob("Along their circle, of points half the picture's shorter side from the still point.")
    centre_x: float = share_knob(0.5, "of the width", "Where the still point is: 0 left, 1 right.")
    centre_y: float = share_knob(0.5, "of the height", "Where the still point is: 0 top, 1 bottom.")


def rotation(parameters: RotationParameters) -> Scene:
    """Return the scene: a turn by speed / (half the shorter side) radians a frame, for ever."""
    width, height = parameters.width, parameters.height
    shape = turning_tile_shape(height, width)
    town = Texture(lambda: old_town(shape, parameters.texture, parameters.rng(0)))
    centre = place(width, height, parameters.centre_x, parameters.centre_y)
    rate = parameters.speed / (min(width, height) / 2)
    motion = MatrixMotion(lambda time: turned(rate * time), lambda _: centre)
    return Scene("rotation", parameters, LayeredWorld(width, height, [Layer(town, motion)]))
