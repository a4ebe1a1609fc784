"""Randomness over surfaces: smooth noise at any scale, and one number for every brick, slab or window."""

import threading
from typing import Any

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from flowlab.scenes.noise import Field, fractal_noise

Values = NDArray[Any]  # numbers over a surface; painters do not care which precision
_PERIOD = 256
_SAMPLES = 4.0  # of the noise table, a wavelength


class Grit:
    """Noise and chance that repeat for the same seed, read at surface coordinates."""

    def __init__(self, *seed: int) -> None:
        """Start from whole numbers; the table is made when first read."""
        self._seed = seed
        self._table: Field | None = None
        self._making = threading.Lock()

    def noise(self, u: Values, v: Values, wavelength: float, salt: int = 0) -> Field:
        """Return smooth noise of zero mean and unit variance, (H, W); another `salt` is another field."""
        scale = np.float32(_SAMPLES / wavelength)
        shift_u, shift_v = 37.31 * salt, 91.73 * salt
        x, y = _wrapped(u * scale + np.float32(shift_u)), _wrapped(v * scale + np.float32(shift_v))
        return cv2.remap(self._noise_table(), x, y, cv2.INTER_LINEAR)  # type: ignore[return-value]

    def fractal(
        self, u: Values, v: Values, coarsest: float, octaves: int, fall: float = 0.6, *, salt: int = 0
    ) -> Field:
        """Return noise of about unit variance with detail from `coarsest` metres down, each octave `fall` weaker."""
        total = self.noise(u, v, coarsest, salt)
        weight, power = 1.0, 1.0
        for octave in range(1, octaves):
            weight *= fall
            power += weight**2
            total += np.float32(weight) * self.noise(u, v, coarsest / 2**octave, salt + 7 * octave)
        return total / np.float32(np.sqrt(power))

    def scatter(self, first: Values, second: Values | float = 0.0, salt: int = 0) -> Field:
        """Return a number from 0 to 1 for every pair of whole numbers, unlike its neighbours'.

        Source: Jarzynski & Olano (2020), Hash functions for GPU rendering (the PCG mixing step).
        """
        key = np.asarray(first).astype(np.int64) * 374761393 + np.asarray(second).astype(np.int64) * 668265263
        key += (salt + 1) * 1274126177 + sum(k * 362437 for k in self._seed)
        word = (key & 0xFFFFFFFF).astype(np.uint32)
        word = word * np.uint32(747796405) + np.uint32(2891336453)
        word = ((word >> ((word >> np.uint32(28)) + np.uint32(4))) ^ word) * np.uint32(277803737)
        word = (word >> np.uint32(22)) ^ word
        return (word >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24)

    def _noise_table(self) -> Field:
        """Return the table, a rim repeated so that bilinear reading joins."""
        with self._making:
            if self._table is None:
                white = np.random.default_rng(self._seed).standard_normal((_PERIOD, _PERIOD))
                radius = np.hypot(scipy.fft.fftfreq(_PERIOD)[:, None], scipy.fft.rfftfreq(_PERIOD)[None, :])
                smooth = scipy.fft.irfft2(scipy.fft.rfft2(white) * np.exp(-2 * (np.pi * radius) ** 2))
                smooth = (smooth - smooth.mean()) / smooth.std()
                self._table = np.pad(smooth, ((0, 1), (0, 1)), mode="wrap").astype(np.float32)
            return self._table


def _wrapped(position: Values) -> Field:
    """Return positions within the noise table (floor and multiply: NumPy's own mod takes ten times as long)."""
    position -= np.floor(position * np.float32(1 / _PERIOD)) * np.float32(_PERIOD)
    return np.asarray(position, np.float32)


def mottle(sigma: float, rng: np.random.Generator) -> Field:
    """Return the grain of all surfaces: unit variance, periodic, most of it near the end of the spectrum.

    Its amplitude grows with frequency up to the Gaussian of `sigma` texels: grit has a size.
    """
    return fractal_noise((640, 768), rng, slope=-1.2, coarsest=1e6, finest=sigma)


def smooth_step(value: Values, low: float, high: float) -> Field:
    """Return 0 below `low`, 1 above `high`, smooth between; `low` may be the greater one."""
    t: Field = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mixed(first: Values, second: Values, share: Values) -> Field:
    """Return colours `first` (H, W, 3) or (3,) replaced by `second` as far as `share` (H, W) says, 0..1."""
    result = np.empty((*share.shape, 3), np.float32)
    for channel in range(3):
        below, above = first[..., channel], second[..., channel]
        result[..., channel] = below + (above - below) * share
    return result


def rgb(code: str) -> NDArray[np.float32]:
    """Return the colour "rrggbb" as (3,) float32."""
    return np.array(list(bytes.fromhex(code)), np.float32)
