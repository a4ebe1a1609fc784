"""A filter that answers with a peak where it sees what it was trained with.

D. Bolme et al. (2010), "Visual Object Tracking using Adaptive Correlation Filters" (MOSSE), for pictures of many
channels as in M. Danelljan et al. (2014), "Accurate Scale Estimation for Robust Visual Tracking", equations 2-6:

    A_l = conj(Y) F_l,   B = sum_l |F_l|^2         of training pictures, running means
    response to Z:  IDFT( sum_l conj(A_l) Z_l / (B + lambda) )

F_l are the discrete Fourier transforms of the channels under a Hann window, Y that of a Gaussian peak in the middle.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Spectrum = NDArray[np.complex64]

_REGULAR = 1e-3  # lambda
_PEAK = 1 / 16  # width of the wanted peak, of the object's size
RATE = 0.015
"""Share of a running mean that each new picture makes up."""


@dataclass(frozen=True, eq=False)
class CorrelationFilter:
    """A trained filter.

    Attributes:
        wanted: (H, W / 2 + 1) complex64, Y.
        window: (H, W) float32, Hann.
        numerator: (H, W / 2 + 1, C) complex64, A.
        denominator: (H, W / 2 + 1) float32, B.
    """

    wanted: Spectrum
    window: Floats
    numerator: Spectrum
    denominator: Floats

    def respond(self, channels: Floats) -> Floats:
        """Return the response (H, W) float32 to channels (H, W, C); an unmoved object answers in the middle."""
        seen = _spectrum(channels, self.window)
        product = np.einsum("ijc,ijc->ij", self.numerator.conj(), seen) / (self.denominator + np.float32(_REGULAR))
        response = np.fft.irfft2(product, s=self.window.shape)
        return np.fft.fftshift(response).astype(np.float32)

    def trained(self, channels: Floats, rate: float = RATE) -> "CorrelationFilter":
        """Return the filter with one more picture, the object in its middle, counted in."""
        numerator, denominator = _trained_by(channels, self.window, self.wanted)
        share = np.float32(rate)
        return CorrelationFilter(
            self.wanted, self.window, self.numerator + share * (numerator - self.numerator),
            self.denominator + share * (denominator - self.denominator),
        )  # fmt: skip

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` makes this filter of."""
        return {"wanted": self.wanted, "numerator": self.numerator, "denominator": self.denominator}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> "CorrelationFilter":
        """Return the filter of pictures of a shape whose `arrays` these are."""
        return cls(arrays["wanted"], _hann(shape), arrays["numerator"], arrays["denominator"])


def filter_of(channels: Floats, size: float) -> CorrelationFilter:
    """Return a filter trained with one picture.

    Args:
        channels: (H, W, C) float32, the object in its middle.
        size: the object's size in pixels of the channels, the root of its area.
    """
    height, width = channels.shape[:2]
    y, x = np.arange(height) - height // 2, np.arange(width) - width // 2
    peak = np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * (size * _PEAK) ** 2))
    wanted = np.fft.rfft2(np.fft.ifftshift(peak)).astype(np.complex64)
    window = _hann((height, width))
    return CorrelationFilter(wanted, window, *_trained_by(channels, window, wanted))


def _hann(shape: tuple[int, int]) -> Floats:
    rows, columns = (np.hanning(side + 2)[1:-1] for side in shape)
    return np.outer(rows, columns).astype(np.float32)


def _spectrum(channels: Floats, window: Floats) -> Spectrum:
    return np.fft.rfft2(channels * window[..., None], axes=(0, 1)).astype(np.complex64)


def _trained_by(channels: Floats, window: Floats, wanted: Spectrum) -> tuple[Spectrum, Floats]:
    seen = _spectrum(channels, window)
    energy = (seen.real * seen.real + seen.imag * seen.imag).sum(axis=-1)
    return wanted.conj()[..., None] * seen, energy.astype(np.float32)


def peak_of(response: Floats) -> tuple[float, float]:
    """Return (x, y) of the highest value from the middle of a response (H, W), to a fraction of a pixel.

    A parabola through the highest value and its neighbours on each axis; neighbours wrap round, as the response does.
    """
    height, width = response.shape
    y, x = (int(n) for n in np.unravel_index(int(response.argmax()), response.shape))
    top = float(response[y, x])
    left, right = float(response[y, x - 1]), float(response[y, (x + 1) % width])
    above, below = float(response[y - 1, x]), float(response[(y + 1) % height, x])
    return x + _vertex(left, top, right) - width // 2, y + _vertex(above, top, below) - height // 2


def _vertex(before: float, top: float, after: float) -> float:
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < -1e-9 else 0.0
