"""Periodic random fields: what believable textures are mixed from.

Everything here lives on a torus, (H, W) with opposite edges joined, so that a texture can be read at
any position for ever. Filters are therefore exact products in the Fourier domain.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Field = NDArray[np.float32]
_BAND = 64  # rows worked on at a time: small enough for the processor's cache


def _frequency(shape: tuple[int, int]) -> Field:
    """Return |f| in cycles per pixel on the half plane of a real transform, (H, W // 2 + 1)."""
    height, width = shape
    radius = np.hypot(scipy.fft.fftfreq(height)[:, None], scipy.fft.rfftfreq(width)[None, :])
    return radius.astype(np.float32)


def _gaussian(frequency: Field, sigma: float) -> Field:
    """Return the transfer function of a Gaussian of `sigma` px: exp(-(2 pi f sigma)^2 / 2)."""
    transfer: Field = np.exp(-2 * (np.pi * sigma * frequency) ** 2)
    return transfer


def _filtered(field: Field, transfer: Field) -> Field:
    spectrum = scipy.fft.rfft2(field, axes=(0, 1))
    spectrum *= transfer if field.ndim == 2 else transfer[..., None]
    return scipy.fft.irfft2(spectrum, s=field.shape[:2], axes=(0, 1)).astype(np.float32)


def focused(field: Field, sigma: float, lift: float = 0.6) -> Field:
    """Return a periodic `field` (H, W[, C]) as a lens of blur `sigma` (px) and a little sharpening show it.

    The spectrum ends in the Gaussian of `sigma`, so that interpolation stays honest; within it, detail
    finer than 3 sigma is lifted by up to 1 + `lift` (unsharp masking), so that the eye finds it crisp.
    """
    frequency = _frequency((field.shape[0], field.shape[1]))
    sharpening = 1 + lift * (1 - _gaussian(frequency, 3 * sigma))
    return _filtered(field, _gaussian(frequency, sigma) * sharpening)


def fractal_noise(
    shape: tuple[int, int], rng: np.random.Generator, *, slope: float, coarsest: float, finest: float
) -> Field:
    """Return a Gaussian random field with the spectrum of natural surfaces, zero mean and unit variance.

    Args:
        shape: (H, W) of the torus, pixels.
        rng: source of randomness.
        slope: amplitude falls as 1 / f**slope (0: white; 1: many photographs; 2: smooth hills).
        coarsest: wavelengths longer than this fade out, px.
        finest: sigma of the Gaussian that ends the spectrum, px.

    Source: Voss (1988), Fractals in nature: from characterization to simulation (Fourier filtering).
    """
    frequency = _frequency(shape)
    waves = (frequency * coarsest) ** 2
    with np.errstate(divide="ignore"):
        amplitude = frequency**-slope
    amplitude[0, 0] = 0
    amplitude *= waves / (1 + waves) * _gaussian(frequency, finest)
    field = _filtered(rng.standard_normal(shape, dtype=np.float32), amplitude)
    field /= field.std()
    return field


@dataclass(frozen=True, eq=False)
class Cells:
    """A torus divided into irregular cells, one around each seed point.

    Attributes:
        owner: (H, W) number of the cell a pixel belongs to.
        count: how many cells there are.
        dx, dy: (H, W) offset of a pixel from its cell's seed, in cell sizes.
        gap: (H, W) distance to the second nearest seed less that to the nearest, in cell sizes:
            0 on the border between two cells.
    """

    owner: NDArray[np.intp]
    count: int
    dx: Field
    dy: Field
    gap: Field


def cells(shape: tuple[int, int], rng: np.random.Generator, *, size: float, wobble: Field) -> Cells:
    """Divide a torus into cells about `size` px across; `wobble` (2, H, W) px bends their borders.

    Source: Worley (1996), A cellular texture basis function; one seed per square of a jittered grid,
    each with its own weight, so that large and small cells stand side by side.
    """
    height, width = shape
    rows, columns = max(5, round(height / size)), max(5, round(width / size))
    pitch = np.array([width / columns, height / rows], np.float32)
    jitter = rng.uniform(0.08, 0.92, (2, rows * columns)).astype(np.float32)
    weight = rng.uniform(0.75, 1.3, rows * columns).astype(np.float32)
    owner = np.empty(shape, np.intp)
    dx, dy, gap = (np.empty(shape, np.float32) for _ in range(3))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = (x + wobble[0]) / pitch[0], (y + wobble[1]) / pitch[1]
    for top in range(0, height, _BAND):
        band = slice(top, top + _BAND)
        owner[band], dx[band], dy[band], gap[band] = _nearest_seeds(x[band], y[band], jitter, weight, (rows, columns))
    scale = pitch / np.float32(size)
    return Cells(owner, rows * columns, dx * scale[0], dy * scale[1], gap * scale.min())


def _nearest_seeds(
    x: Field, y: Field, jitter: Field, weight: Field, squares: tuple[int, int]
) -> tuple[NDArray[np.intp], Field, Field, Field]:
    """Return the nearest seed of points (x, y), the offset (x, y) from it, and how much farther the second is.

    Everything is counted in squares of the seeds' grid, which has `squares` (rows, columns).
    """
    rows, columns = squares
    column, row = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    x, y = x - column.astype(np.float32), y - row.astype(np.float32)
    nearest = np.full(x.shape, np.inf, np.float32)
    second, dx, dy = nearest.copy(), nearest.copy(), nearest.copy()
    owner = np.zeros(x.shape, np.intp)
    # A heavy seed two squares away can still be the nearest, hence 5 x 5 squares.
    for step_y, step_x in product(range(-2, 3), repeat=2):
        number = (row + step_y) % rows * columns + (column + step_x) % columns
        off_x = x - np.float32(step_x) - jitter[0].take(number)
        off_y = y - np.float32(step_y) - jitter[1].take(number)
        distance = np.sqrt(off_x * off_x + off_y * off_y) / weight.take(number)
        closer = distance < nearest
        second = np.where(closer, nearest, np.minimum(second, distance))
        for kept, candidate in ((nearest, distance), (owner, number), (dx, off_x), (dy, off_y)):
            np.copyto(kept, candidate, where=closer)
    return owner, dx, dy, second - nearest
