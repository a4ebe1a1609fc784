"""`affine`: a wall of painted tiles that drifts, turns, grows, slants and stretches at once."""

from dataclasses import dataclass

import numpy as np

from flowlab.core.parameters import parameter
from flowlab.scenes.crafts import painted_tiles
from flowlab.scenes.layers import Layer, LayeredWorld
from flowlab.scenes.matrix_motion import (
    Matrix,
    MatrixMotion,
    least_stretch,
    magnification,
    magnified,
    place,
    sheared,
    stretched,
    turned,
)
from flowlab.scenes.motions import Path, bouncing, folded, velocity
from flowlab.scenes.scene import Scene, SceneParameters, direction_knob, speed_knob
from flowlab.scenes.textures import Texture, turning_tile_shape

_CLOSEST = 1.5  # magnification
_STEEPEST = 0.3  # px right per px down
_LONGEST = 1.1  # stretch of x, and as much the other way round
_ROOM = 0.25  # how far from the middle of the picture the wall's own middle drifts, in widths and heights


@dataclass(frozen=True)
class AffineParameters(SceneParameters):
    """Knobs of `affine`: six numbers, two of them `speed` and `direction`, say how the whole picture moves."""

    speed: float = speed_knob(
        "How far the wall's middle drifts from frame to frame; near the picture's rim it turns back."
    )
    direction: float = direction_knob(-30.0, "Where the wall's middle drifts to.")
    rotation: float = parameter(
        0.5, low=-5.0, high=5.0, step=0.1, unit="degrees/frame", help="How far the wall turns, clockwise."
    )
    zoom: float = parameter(
        0.004,
        low=0.0,
        high=0.05,
        step=0.001,
        unit="1/frame",
        help="The wall grows by this share a frame; at half as much again it turns back.",
    )
    shear: float = parameter(
        0.004,
        low=-0.05,
        high=0.05,
        step=0.001,
        unit="1/frame",
        help="By how much the wall slants; at 3 px right for 10 px down it turns back.",
    )
    stretch: float = parameter(
        0.002,
        low=-0.02,
        high=0.02,
        step=0.001,
        unit="1/frame",
        help="The wall grows longer by this share and less high by as much; at a tenth it turns back.",
    )


def affine(parameters: AffineParameters) -> Scene:
    """Return the scene: between any two frames the flow is a constant plus a matrix times the position."""
    width, height = parameters.width, parameters.height
    # Slanting and stretching also squeeze, turning and growing do not. Detail painted coarser by the
    # strongest squeeze of both (at the corner of their range where they work together) stays as fine as
    # the knob says at most.
    squeeze = min(least_stretch(sheared(_STEEPEST) @ stretched(factor)) for factor in (_LONGEST, 1 / _LONGEST))
    sigma = parameters.texture / squeeze
    shape = turning_tile_shape(height, width)
    wall = Texture(lambda: painted_tiles(shape, sigma, parameters.rng(0)))
    motion = MatrixMotion(lambda time: _pose(parameters, time), _drift(parameters))
    return Scene("affine", parameters, LayeredWorld(width, height, [Layer(wall, motion)]))


def _pose(parameters: AffineParameters, time: float) -> Matrix:
    """Return the matrix at `time`: stretched first, then slanted, grown and turned."""
    longer = folded(np.log1p(parameters.stretch) * time, -np.log(_LONGEST), np.log(_LONGEST))
    slant = folded(parameters.shear * time, -_STEEPEST, _STEEPEST)
    size = magnification(1 + parameters.zoom, time, _CLOSEST)
    return (
        turned(np.deg2rad(parameters.rotation) * time)
        @ magnified(size)
        @ sheared(slant)
        @ stretched(float(np.exp(longer)))
    )


def _drift(parameters: AffineParameters) -> Path:
    """Return the path of the wall's middle, folded so as to stay near the middle of the picture.

    The matrix acts about the wall's middle: the farther that went, the faster the picture would sweep by.
    """
    middle = place(parameters.width, parameters.height)
    low = place(parameters.width, parameters.height, 0.5 - _ROOM, 0.5 - _ROOM)
    high = place(parameters.width, parameters.height, 0.5 + _ROOM, 0.5 + _ROOM)
    return bouncing(middle, velocity(parameters.speed, parameters.direction), low, high)
