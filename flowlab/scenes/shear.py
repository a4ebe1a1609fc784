"""`shear`: a tartan pulled askew, its upper half to the left and its lower half to the right, and back."""

from dataclasses import dataclass

from flowlab.scenes.crafts import tartan
from flowlab.scenes.layers import Layer, LayeredWorld
from flowlab.scenes.matrix_motion import MatrixMotion, least_stretch, place, sheared
from flowlab.scenes.motions import folded
from flowlab.scenes.scene import Scene, SceneParameters, speed_knob
from flowlab.scenes.textures import Texture, tile_shape

_STEEPEST = 0.5  # px right per px down


@dataclass(frozen=True)
class ShearParameters(SceneParameters):
    """Knobs of `shear`: rows slide along themselves, the faster the farther from the middle one."""

    speed: float = speed_knob(
        "From frame to frame, of the picture's top and bottom rim; at a slope of 1 in 2 they turn back."
    )


def shear(parameters: ShearParameters) -> Scene:
    """Return the scene: x grows by speed / (half the height) a frame for every pixel below the middle; y stays."""
    width, height = parameters.width, parameters.height
    # A shear also squeezes. Detail painted coarser by the strongest squeeze is never finer than the knob
    # says; the steepest slopes to either side squeeze alike.
    sigma = parameters.texture / least_stretch(sheared(_STEEPEST))
    shape = tile_shape(height, width + round(_STEEPEST * height))
    cloth = Texture(lambda: tartan(shape, sigma, parameters.rng(0)))
    middle = place(width, height)
    rate = parameters.speed / (height / 2)
    motion = MatrixMotion(lambda time: sheared(folded(rate * time, -_STEEPEST, _STEEPEST)), lambda _: middle)
    return Scene("shear", parameters, LayeredWorld(width, height, [Layer(cloth, motion)]))
