"""Pictures of more than 8 bits: one fixed scale for a whole clip, so that its frames stay comparable."""

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Picture

MOST_LOOKED_AT = 8


def evenly_spread(count: int) -> list[int]:
    """Return the numbers of the frames whose maximum decides: the first, the last and up to 6 between."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, MOST_LOOKED_AT)).tolist()})


def significant_bits(maximum: int) -> int:
    """Return the smallest number of bits (8 to 16) that holds `maximum`.

    Cameras write 10, 12 or 14 bits into 16; below 8 nothing is gained and noise would be blown up.
    """
    return max(8, int(maximum).bit_length())


class DepthScale:
    """Maps 16-bit values to 8 bits by 255 / (2^bits - 1), rounded; larger values saturate."""

    def __init__(self, bits: int) -> None:
        """Scale values of `bits` significant bits."""
        self.bits = bits
        exact = np.arange(1 << 16) * (255 / ((1 << bits) - 1))
        self._table = np.minimum(np.rint(exact), 255).astype(np.uint8)

    def to_8_bits(self, picture: NDArray[np.uint8] | NDArray[np.uint16]) -> Picture:
        """Return the picture in 8 bits; one that has 8 already is not changed."""
        return picture if picture.dtype == np.uint8 else self._table[picture]  # type: ignore[return-value]
