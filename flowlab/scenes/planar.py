"""`planar`: a poster turns and nods before a table; its homography is known at every moment."""

from dataclasses import dataclass

import numpy as np

from flowlab.core.parameters import parameter
from flowlab.scenes.homography_motion import HomographyMotion, attitude, board_homography, magnifications
from flowlab.scenes.layers import Layer, LayeredWorld
from flowlab.scenes.matrix_motion import Matrix, place
from flowlab.scenes.motions import Shift, straight, velocity
from flowlab.scenes.poster import Poster, walnut
from flowlab.scenes.rectangle import rectangle
from flowlab.scenes.scene import Scene, SceneParameters, direction_knob
from flowlab.scenes.textures import Texture, tile_shape

_SIZE = 0.48  # width of the poster seen square on, in shares of the picture's (or of 16/9 of its height)
_SWING = (0.11, 0.055)  # of the poster's middle, shares of the picture's width and height
_PITCHES = (1.0, 1.37)  # of the two swings: their path never closes soon
_YAW, _PITCH, _ROLL = (np.deg2rad(degrees) for degrees in (22.0, 15.0, 14.0))
_FOCAL = 1.3  # of the camera, in shares of the picture's longer side
_NEARER = 0.08  # by which the poster seems larger and smaller in turn
_SAMPLES = np.linspace(
    0, 60, 241
)  # phases of the path, radians: nearly ten turns, closely enough to meet every extreme


@dataclass(frozen=True)
class PlanarParameters(SceneParameters):
    """Knobs of `planar`: `speed` is that of the poster's middle, root mean square over its path."""

    background_speed: float = parameter(
        1.0, low=0.0, high=20.0, step=0.1, unit="px/frame", help="How far the table goes from frame to frame."
    )
    background_direction: float = direction_knob(155.0, "Where the table moves to.")


def planar(parameters: PlanarParameters) -> Scene:
    """Return the scene: the poster's homography on the poster, the table's velocity elsewhere, occlusion between."""
    width, height, sigma = parameters.width, parameters.height, parameters.texture
    poster = Poster(_poster_width(width, height))
    # Paint finer than this would alias where the poster leans away most: there it is seen this much smaller.
    poster_sigma = sigma / _least_magnification(width, height, poster.reach)

    shape = tile_shape(height, width)
    table = Texture(lambda: walnut(shape, sigma, parameters.rng(0)))
    sheet = Texture(lambda: poster.paint(poster_sigma, parameters.rng(1)))
    table_path = straight((0, 0), velocity(parameters.background_speed, parameters.background_direction))
    motion = HomographyMotion(lambda time: planar_homography(parameters, time))
    layers = [Layer(table, Shift(table_path)), Layer(sheet, motion, rectangle(poster.reach), "board")]
    return Scene("planar", parameters, LayeredWorld(width, height, layers))


def planar_homography(parameters: PlanarParameters, time: float) -> Matrix:
    """Return the warp of the poster: board coordinates relative to its middle, px, to the picture at `time`.

    Args:
        parameters: the scene's knobs.
        time: in frames, not necessarily whole.

    Returns:
        H = K [r1 r2 t], (3, 3) float64 with H33 = 1. A board pixel is a picture pixel where the poster
        is seen square on at its usual distance.
    """
    width, height = parameters.width, parameters.height
    rates = np.multiply(_PITCHES, (_SWING[0] * width, _SWING[1] * height))
    pace = parameters.speed / np.sqrt((rates**2).sum() / 2)  # radians a frame: a sine's mean square is 1/2
    return _homography_at(pace * time, width, height)


def _homography_at(phase: float, width: int, height: int) -> Matrix:
    """Return the homography at a `phase` of the path, radians: smooth swings of all six degrees of freedom."""
    centre = place(width, height)
    middle = (
        centre[0] + _SWING[0] * width * np.sin(_PITCHES[0] * phase - 0.9),
        centre[1] + _SWING[1] * height * np.sin(_PITCHES[1] * phase + 0.4),
    )
    rotation = attitude(
        yaw=_YAW * np.sin(1.19 * phase - 0.5),
        pitch=_PITCH * np.sin(0.83 * phase + 1.1),
        roll=_ROLL * np.sin(0.71 * phase - 0.6),
    )
    nearness = 1 + _NEARER * np.sin(0.93 * phase + 0.2)
    return board_homography(rotation, middle, nearness, (_FOCAL * max(width, height), *centre))


def _poster_width(width: int, height: int) -> float:
    return _SIZE * min(width, height * 16 / 9)


def _least_magnification(width: int, height: int, reach: tuple[float, float]) -> float:
    """Return the smallest magnification anywhere on the poster, in any direction, on its path."""
    x, y = reach[0] * np.array([-1.0, 1, 1, -1]), reach[1] * np.array([-1.0, -1, 1, 1])
    homographies = (_homography_at(float(phase), width, height) for phase in _SAMPLES)
    return float(min(magnifications(homography, x, y).min() for homography in homographies))
