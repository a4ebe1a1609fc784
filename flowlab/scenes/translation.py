"""`translation`: a landscape from high above, gliding by as one piece."""

from dataclasses import dataclass

from flowlab.scenes.layers import Layer, LayeredWorld
from flowlab.scenes.motions import Shift, straight, velocity
from flowlab.scenes.scene import Scene, SceneParameters, direction_knob
from flowlab.scenes.textures import Texture, landscape, tile_shape


@dataclass(frozen=True)
class TranslationParameters(SceneParameters):
    """Knobs of `translation`: the picture moves by `speed` px a frame towards `direction`."""

    direction: float = direction_knob(25.0, "Where the picture moves to.")


def translation(parameters: TranslationParameters) -> Scene:
    """Return the scene: flow = speed (cos direction, sin direction) everywhere, at all times."""
    shape = tile_shape(parameters.height, parameters.width)
    ground = Texture(lambda: landscape(shape, parameters.texture, parameters.rng(0)))
    path = straight((0, 0), velocity(parameters.speed, parameters.direction))
    world = LayeredWorld(parameters.width, parameters.height, [Layer(ground, Shift(path))])
    return Scene("translation", parameters, world)
