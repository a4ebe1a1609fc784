"""`two-layers`: an autumn leaf drifts over the bed of a clear stream; each goes its own way."""

from dataclasses import dataclass

from flowlab.core.parameters import parameter
from flowlab.scenes.layers import Layer, LayeredWorld, Outline
from flowlab.scenes.leaf import Leaf
from flowlab.scenes.motions import Path, Shift, bouncing, straight, velocity
from flowlab.scenes.scene import Scene, SceneParameters, direction_knob
from flowlab.scenes.textures import Texture, pebbles, tile_shape


@dataclass(frozen=True)
class TwoLayersParameters(SceneParameters):
    """Knobs of `two-layers`: the leaf has `speed` and `direction`, the pebbles have their own."""

    direction: float = direction_knob(20.0, "Where the leaf moves to; at the picture's rim it turns back.")
    background_speed: float = parameter(
        1.2, low=0.0, high=20.0, step=0.1, unit="px/frame", help="How far the pebbles go from frame to frame."
    )
    background_direction: float = direction_knob(160.0, "Where the pebbles move to.")


def two_layers(parameters: TwoLayersParameters) -> Scene:
    """Return the scene: the leaf's velocity on the leaf, the pebbles' elsewhere, occlusion between."""
    width, height, sigma = parameters.width, parameters.height, parameters.texture
    shape = tile_shape(height, width)
    bed = Texture(lambda: pebbles(shape, sigma, parameters.rng(0)))
    bed_path = straight((0, 0), velocity(parameters.background_speed, parameters.background_direction))
    leaf = Leaf(length=0.85 * min(width, height), tilt=-28.0)
    leaf_texture = Texture(lambda: leaf.paint(sigma, parameters.rng(1)))
    layers = [
        Layer(bed, Shift(bed_path)),
        Layer(leaf_texture, Shift(_leaf_path(leaf, parameters)), Outline(leaf.outline, leaf.reach), "leaf"),
    ]
    return Scene("two-layers", parameters, LayeredWorld(width, height, layers))


def _leaf_path(leaf: Leaf, parameters: TwoLayersParameters) -> Path:
    """Return the leaf's path: in mid-picture half way through the clip, folded so as to stay inside."""
    last_x, last_y = parameters.width - 1, parameters.height - 1
    u, v = velocity(parameters.speed, parameters.direction)
    half = (parameters.frames - 1) / 2
    reach_x, reach_y = leaf.reach
    return bouncing(
        (last_x / 2 - half * u, last_y / 2 - half * v),
        (u, v),
        low=(reach_x, reach_y),
        high=(last_x - reach_x, last_y - reach_y),
    )
