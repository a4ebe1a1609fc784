"""`waves`: a coral reef under clear water, whose waves make the picture sway."""

from dataclasses import dataclass

import numpy as np

from flowlab.core.parameters import parameter
from flowlab.scenes.layers import Layer, LayeredWorld
from flowlab.scenes.scene import Scene, SceneParameters, direction_knob, speed_knob
from flowlab.scenes.surfaces import reef
from flowlab.scenes.textures import Texture, tile_shape
from flowlab.scenes.wave_motion import CrossingWaves, Wave, least_stretch_of

_SLOPE = 0.2  # px/px: steeper waves would squeeze the reef until its detail had to be painted coarse
_SHORTER = 0.77  # second wavelength over the first: no simple fraction, so that the pattern is long in repeating


@dataclass(frozen=True)
class WavesParameters(SceneParameters):
    """Knobs of `waves`: two waves cross; the longer they are, the farther they carry a point."""

    speed: float = speed_knob("The greatest speed of any point; most are slower.")
    wavelength: float = parameter(
        340.0,
        low=100.0,
        high=1000.0,
        step=10.0,
        unit="px",
        help="From crest to crest of the longer wave; the other is about three quarters as long.",
    )
    direction: float = direction_knob(
        20.0, "Where the shorter wave runs to; the longer one runs at right angles to it."
    )


def waves(parameters: WavesParameters) -> Scene:
    """Return the scene: smooth motion, never faster than `speed`, which keeps the area of every patch."""
    width, height = parameters.width, parameters.height
    # Waves squeeze here what they stretch there. Detail painted coarser by the strongest squeeze is never
    # finer in the picture than the knob says.
    sigma = parameters.texture / least_stretch_of(_SLOPE, _SLOPE)
    shape = tile_shape(height, width)
    bed = Texture(lambda: reef(shape, sigma, parameters.rng(0)))
    # A point's velocity is (v, v) from each wave's own motion, plus the slope of the second times the
    # first's: the longest such vector is v (1, 1 + slope).
    each = parameters.speed / np.hypot(1, 1 + _SLOPE)
    motion = CrossingWaves(
        Wave(parameters.wavelength, _SLOPE, each),
        Wave(_SHORTER * parameters.wavelength, _SLOPE, each),
        np.deg2rad(parameters.direction),
    )
    return Scene("waves", parameters, LayeredWorld(width, height, [Layer(bed, motion)]))
