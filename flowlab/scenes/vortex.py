"""`vortex`: glowing particles in a light sheet, carried round by a vortex, as particle image velocimetry films them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.parameters import parameter
from flowlab.core.truth import SceneObject
from flowlab.scenes.layers import pixel_positions
from flowlab.scenes.noise import Field
from flowlab.scenes.scene import Scene, SceneParameters
from flowlab.scenes.textures import Colours, Positions, palette

_FASTEST = 1.2564312086261697  # (r / core)^2 where the vortex is fastest: the root of exp(x) = 1 + 2 x
_USUAL_TEXTURE = 1.5  # px: the particle size at which `density` counts
_LARGEST = 1.4  # the largest particle's sigma over the smallest's
_CUT = 4.0  # sigmas at which a particle ends: 0.03 % of its peak, a twentieth of a grey level
_PEAK = 0.9  # light of the brightest particle, where 1 fills the film to 63 %
_GLOW: Colours = (  # how much light has fallen on the film, and what colour it shows
    (0.0, "0e3548"),
    (0.5, "6f9a99"),
    (1.0, "fdf3d4"),
)


@dataclass(frozen=True)
class VortexParameters(SceneParameters):
    """Knobs of `vortex`: `speed` is that of the fastest ring, 1.12 core radii from the middle."""

    core: float = parameter(
        130.0,
        low=30.0,
        high=400.0,
        step=5.0,
        unit="px",
        label="Core radius",
        help="Inside it the fluid turns like a wheel, outside it slows down; a small core shears particles apart.",
    )
    density: float = parameter(
        21.0,
        low=5.0,
        high=60.0,
        step=1.0,
        unit="per 1000 px",
        help="Particles where texture is 1.5 px; larger ones are fewer, so that they cover as much of the picture.",
    )


@dataclass(frozen=True)
class LambOseen:
    """A steady vortex about `middle` (x, y) px, clockwise as seen: v(r) = G / (2 pi r) (1 - exp(-r^2 / core^2)).

    Attributes:
        middle: (x, y) of its axis, px.
        core: core radius, px.
        speed: the greatest speed there is, px/frame; with it the circulation G.

    Every point circles the axis at its own constant rate, so paths are exact for ever.

    Source: Oseen (1912), Über Wirbelbewegung in einer reibenden Flüssigkeit; Lamb (1932),
    Hydrodynamics, art. 334a; here without the core's slow growth.
    """

    middle: tuple[float, float]
    core: float
    speed: float

    def rate(self, squared_radius: Positions) -> Positions:
        """Return the rate of turn, radians/frame, at r^2 (px^2) from the axis: v(r) / r."""
        x = np.maximum(squared_radius / self.core**2, 1e-12)
        fastest = -np.expm1(-_FASTEST) / np.sqrt(_FASTEST)
        rate: Positions = self.speed / (self.core * fastest) * (-np.expm1(-x) / x)
        return rate

    def carried(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return where points (x, y), px, stand after `time` frames, of either sign."""
        right, down = x - self.middle[0], y - self.middle[1]
        angle = self.rate(right**2 + down**2) * time
        cosine, sine = np.cos(angle), np.sin(angle)
        return self.middle[0] + right * cosine - down * sine, self.middle[1] + right * sine + down * cosine


class ParticleWorld:
    """Particles strewn over a disc that holds the picture however far the vortex has turned.

    Attributes:
        vortex: the motion of the fluid.
        x, y: (N,) where the particles stand at time 0, px.
        sigma: (N,) of their Gaussians, px.
        light: (N,) how bright they are in their middle.
    """

    def __init__(self, parameters: VortexParameters) -> None:
        """Strew particles at time 0 as `parameters` say; each keeps its place in the fluid, size and brightness."""
        self.width, self.height = parameters.width, parameters.height
        middle = ((self.width - 1) / 2, (self.height - 1) / 2)
        self.vortex = LambOseen(middle, parameters.core, parameters.speed)
        self._reach = int(np.ceil(_CUT * _LARGEST * parameters.texture))
        rng = parameters.rng(0)
        radius = np.hypot(*middle) + self._reach + 1
        share = (_USUAL_TEXTURE / parameters.texture) ** 2 / 1000
        count = int(np.ceil(np.pi * radius**2 * parameters.density * share))
        distance, angle = radius * np.sqrt(rng.uniform(0, 1, count)), rng.uniform(0, 2 * np.pi, count)
        self.x, self.y = middle[0] + distance * np.cos(angle), middle[1] + distance * np.sin(angle)
        self.sigma = parameters.texture * rng.uniform(1, _LARGEST, count)
        # A laser sheet is brightest half way through: a Gaussian over its thickness.
        self.light = _PEAK * np.exp(-2 * rng.uniform(0, 1, count) ** 2)

    def render(self, time: float) -> Field:
        """Return the picture (H, W, 3) float32 at `time`, in grey levels, unrounded.

        Light adds up where particles overlap, and the film fills up with it: 1 - exp(-light).
        """
        filled = -np.expm1(-self._light_on_film(time))
        return palette(filled.astype(np.float32), _GLOW)

    def _light_on_film(self, time: float) -> Positions:
        """Return the sum (H, W) of all particles' Gaussians, each around its exact place at `time`."""
        reach = self._reach
        x, y = self.vortex.carried(time, self.x, self.y)
        seen = (np.abs(x - (self.width - 1) / 2) < self.width / 2 + reach) & (
            np.abs(y - (self.height - 1) / 2) < self.height / 2 + reach
        )
        x, y, sigma, light = x[seen], y[seen], self.sigma[seen], self.light[seen]
        column, row = np.rint(x).astype(np.intp), np.rint(y).astype(np.intp)
        steps = np.arange(-reach, reach + 1)
        across, down = (
            np.exp(-(((pixel + steps[:, None] - place) / sigma) ** 2) / 2) for pixel, place in ((column, x), (row, y))
        )
        # One row of every particle at a time; the rim of the film catches what falls beside the picture.
        rim = 2 * reach + 1
        stride = self.width + 2 * rim
        film = np.zeros(stride * (self.height + 2 * rim))
        places = (row + rim) * stride + column + rim + steps[:, None]
        for step_y, weight_y in zip(steps, down * light, strict=True):
            np.add.at(film, (places + step_y * stride).ravel(), (across * weight_y).ravel())
        return film.reshape(-1, stride)[rim:-rim, rim:-rim]

    def _displaced(self, start: float, end: float) -> tuple[Positions, Positions, Positions, Positions]:
        """Return (x, y) of the pixels as a row and a column, and where the fluid seen there at `start` is at `end`."""
        x, y = pixel_positions(slice(0, self.height), slice(0, self.width))
        return x, y, *self.vortex.carried(end - start, x, y)

    def flow(self, start: float, end: float) -> NDArray[np.float32]:
        """Return the flow (H, W, 2) from time `start` to time `end`: the fluid's, between particles too."""
        x, y, new_x, new_y = self._displaced(start, end)
        return np.stack([new_x - x, new_y - y], axis=-1).astype(np.float32)

    def occlusion(self, start: float, end: float) -> NDArray[np.bool_]:
        """Return (H, W): True where the fluid seen at `start` has left the picture at `end`."""
        _, _, new_x, new_y = self._displaced(start, end)
        return (new_x < 0) | (new_x > self.width - 1) | (new_y < 0) | (new_y > self.height - 1)

    def objects(self, time: float) -> tuple[SceneObject, ...]:  # noqa: ARG002  (nothing here has an outline)
        """Return no objects: a fluid has no outline."""
        return ()

    def release(self) -> None:
        """Keep everything: a list of particles is small."""


def vortex(parameters: VortexParameters) -> Scene:
    """Return the scene: every pixel circles the middle of the picture as the Lamb-Oseen vortex turns there."""
    return Scene("vortex", parameters, ParticleWorld(parameters))
