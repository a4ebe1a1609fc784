"""`bars`: the aperture problem. Bars, a barber pole and a plain square, whose motion their edges do not show."""

from dataclasses import dataclass

import numpy as np

from flowlab.core.parameters import parameter
from flowlab.scenes.bar_paint import brass, paper, plaster, stripes
from flowlab.scenes.barber_pole import Pole, PoleWorld, Rolled
from flowlab.scenes.layers import Layer, LayeredWorld
from flowlab.scenes.matrix_motion import MatrixMotion, place, turned
from flowlab.scenes.motions import Path, Shift, bouncing, straight, velocity
from flowlab.scenes.rectangle import rectangle
from flowlab.scenes.scene import Scene, SceneParameters, World, direction_knob
from flowlab.scenes.textures import Texture, tile_around, tile_shape, turning_tile_shape

_ALONG_TILE = 512  # px after which the grain repeats along a bar: it is too faint for anyone to notice
_SQUARE = 0.52  # side of the square in shares of the picture's smaller side
_POLE = 0.3  # radius of the pole in the same shares
_CAP = (1.16, 0.09)  # half width of a cap in radii of the pole, and its height in shares of the picture's


@dataclass(frozen=True)
class BarsParameters(SceneParameters):
    """Knobs of `bars`: what carries the edges, how they stand, and how much more than edges there is to see."""

    pattern: str = parameter(
        "bars",
        choices=("bars", "barber-pole", "corner"),
        help="Bars that fill the picture; a pole that turns to the right; a plain square before plain paper.",
    )
    direction: float = direction_knob(25.0, "Where bars and square really move to; the pole turns to the right.")
    angle: float = parameter(
        55.0,
        low=-90.0,
        high=90.0,
        step=5.0,
        unit="degrees",
        help="Which way bars, stripes or the sides of the square run. 0 is level, 90 upright, between them downhill.",
    )
    bar: float = parameter(
        26.0, low=8.0, high=200.0, step=2.0, unit="px", label="Bar width", help="Width of a bar, on average."
    )
    # With 2 levels, a tenth of a pixel along the bars is lost in 8-bit rounding at some angles and textures.
    grain: float = parameter(
        2.5,
        low=0.0,
        high=20.0,
        step=0.5,
        unit="grey levels",
        help="What differs along a bar; 0 is the aperture problem in full, and then no picture can tell the truth.",
    )


def bars(parameters: BarsParameters) -> Scene:
    """Return the scene: the true motion of bars, pole or square, which differs from the one their edges show."""
    worlds = {"bars": _bars, "barber-pole": _barber_pole, "corner": _corner}
    return Scene("bars", parameters, worlds[parameters.pattern](parameters))


def _bars(knobs: BarsParameters) -> World:
    path = straight(place(knobs.width, knobs.height), velocity(knobs.speed, knobs.direction))
    return LayeredWorld(knobs.width, knobs.height, [Layer(_cloth(knobs), _slanted(knobs, path))])


def _barber_pole(knobs: BarsParameters) -> World:
    width, height, sigma = knobs.width, knobs.height, knobs.texture
    middle, _ = place(width, height)
    radius = _POLE * min(width, height)
    shape = tile_shape(height, width)
    wall = Texture(lambda: plaster(shape, sigma, knobs.rng(1)))
    cap_reach = _CAP[0] * radius, _CAP[1] * height
    cap = Texture(lambda: brass(tile_around(cap_reach), sigma, knobs.rng(2), radius=cap_reach[0]))
    # Half of each cap lies outside the picture.
    caps = [Layer(cap, Shift(straight((middle, y), (0, 0))), rectangle(cap_reach)) for y in (0, height - 1)]
    pole = Pole(_cloth(knobs), Rolled(middle, radius, knobs.speed, np.deg2rad(knobs.angle)))
    return PoleWorld(width, height, Layer(wall, _still()), pole, caps)


def _corner(knobs: BarsParameters) -> World:
    width, height = knobs.width, knobs.height
    half = _SQUARE * min(width, height) / 2
    shape, square_shape = tile_shape(height, width), tile_around((half, half))
    ground = Texture(lambda: paper(shape, knobs.rng(1), colour="2d5563", grain=knobs.grain))
    square = Texture(lambda: paper(square_shape, knobs.rng(0), colour="e0b06a", grain=knobs.grain))
    motion = _slanted(knobs, _square_path(knobs, half))
    layers = [Layer(ground, _still()), Layer(square, motion, rectangle((half, half)), "square")]
    return LayeredWorld(width, height, layers)


def _cloth(knobs: BarsParameters) -> Texture:
    across, _ = turning_tile_shape(knobs.height, knobs.width)
    return Texture(
        lambda: stripes((across, _ALONG_TILE), knobs.texture, knobs.rng(0), width=knobs.bar, grain=knobs.grain)
    )


def _slanted(knobs: BarsParameters, path: Path) -> MatrixMotion:
    """Return the motion along `path` of a layer whose x axis runs along the bars."""
    axes = turned(np.deg2rad(knobs.angle))
    return MatrixMotion(lambda _: axes, path)


def _still() -> Shift:
    return Shift(straight((0, 0), (0, 0)))


def _square_path(knobs: BarsParameters, half: float) -> Path:
    """Return the square's path: in mid-picture half way through the clip, folded so as to stay inside."""
    reach = half * float(np.abs(turned(np.deg2rad(knobs.angle))[0]).sum())
    (middle_x, middle_y), (u, v) = place(knobs.width, knobs.height), velocity(knobs.speed, knobs.direction)
    time = (knobs.frames - 1) / 2
    return bouncing(
        (middle_x - time * u, middle_y - time * v),
        (u, v),
        low=(reach, reach),
        high=(knobs.width - 1 - reach, knobs.height - 1 - reach),
    )
