"""Whether a patch still looks like the one its track was born with, if it may stretch and turn.

J. Shi and C. Tomasi (1994), "Good Features to Track", section 4: translation is right from frame to frame, but errors
add up; against the first frame only an affine motion is. Aligning the birth patch anew in every frame both tells
what has changed its appearance and keeps the others from drifting.

Solved for all tracks at once by inverse-compositional Gauss-Newton (Baker & Matthews 2004, section 3.2) on patches of
mean 0 and length 1, so that light may change. In the symbols used below:

    W(x) = A x + c                        the warp: x from the patch's centre, c its place in the frame
    T, I                                  birth patch and frame, I(W) normalised like T
    J = [gx x, gx y, gx, gy x, gy y, gy]  steepest-descent images of T; P J, their part that normalising leaves
    d = H^-1 (P J)' (I(W) - T),  H = (P J)' (P J)
    A <- A (1 + D)^-1,  c <- c - A d_t    D the linear, d_t the shifting part of d
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.patches import SCHARR_NOISE, Floats, Neighbourhoods, fineness, normalised, offsets, read

_ITERATIONS = 4
_STILL = 0.02  # px: a shorter step is the last one
_UNKNOWN = 1e12  # px^2, for infinity, which no sum survives
_SCALES = (0.25, 4.0)  # of the patch's area
_DAMPING = 1e-3
# Lucas-Kanade's place is a witness too, off by about 0.1 px where patches differ by 4 % of their length squared: where
# the patch alone would slide along an edge it stays there.
_PRIOR = 0.04 / 0.1**2
_SHIFTS = [2, 5]  # which of the six numbers shift the patch


@dataclass(frozen=True, eq=False)
class Templates:
    """The patches that tracks were born with, and how each is stretched and turned by now.

    Attributes:
        patch: (N, n) float32, T: mean 0 and length 1.
        gx, gy: (N, n) float32, its slopes, 1/px.
        along: (N, 6) float32, T'J.
        inverse: (N, 6, 6) float32, H^-1, the place where the point was tracked to counted in.
        fineness: (N,) float32, see `Neighbourhoods`.
        spread: (N, 3, 2, 2) float32, what noise makes of the place, see `_covariance`.
        pull: (N, 2, 2) float32, how much of the place is Lucas-Kanade's own: 0 in a corner, 1 along an edge.
        linear: (N, 2, 2) float32, A as it was aligned last.
    """

    patch: Floats
    gx: Floats
    gy: Floats
    along: Floats
    inverse: Floats
    fineness: Floats
    spread: Floats
    pull: Floats
    linear: Floats

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.patch)

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Templates":
        """Return those chosen by a mask or by indices."""
        return Templates(*(part[chosen] for part in self.parts))

    def followed_by(self, others: "Templates") -> "Templates":
        """Return these and then `others`."""
        return Templates(*(np.concatenate(pair) for pair in zip(self.parts, others.parts, strict=True)))

    @property
    def parts(self) -> tuple[Floats, ...]:
        """The arrays, in the order of the attributes."""
        return (
            self.patch,
            self.gx,
            self.gy,
            self.along,
            self.inverse,
            self.fineness,
            self.spread,
            self.pull,
            self.linear,
        )


def templates(born: Neighbourhoods) -> Templates:
    """Return the templates of tracks born with these neighbourhoods."""
    count, pixels = born.values.shape
    centred = born.values - born.values.mean(axis=1, keepdims=True)
    length = np.maximum(np.sqrt(np.einsum("ij,ij->i", centred, centred)), 1e-3)[:, None]
    patch, gx, gy = normalised(born.values), born.gx / length, born.gy / length
    descent = _descent(gx, gy, round(pixels**0.5))
    along = np.einsum("in,ink->ik", np.nan_to_num(patch), descent)
    descent -= descent.mean(axis=1, keepdims=True)  # P J, before it is squared: rounding must not make H negative
    descent -= np.nan_to_num(patch)[:, :, None] * along[:, None, :]
    hessian = np.einsum("ink,inl->ikl", descent, descent).astype(np.float64)
    diagonal = np.einsum("ikk->ik", hessian)
    diagonal *= 1 + _DAMPING
    diagonal += 1e-9  # a flat patch has no solution, and must not end the others'
    plain = np.linalg.inv(hessian)
    hessian[:, _SHIFTS, _SHIFTS] += _PRIOR / pixels
    inverse = np.linalg.inv(hessian)
    pull = inverse[:, [[2, 2], [5, 5]], [[2, 5], [2, 5]]] * (_PRIOR / pixels)
    rest = (np.eye(2) - pull)[:, None]
    spread = _weighed(rest, _spread(plain, round(pixels**0.5)))
    linear = np.tile(np.eye(2), (count, 1, 1))
    solved = (part.astype(np.float32) for part in (spread, pull, linear))
    return Templates(patch, gx, gy, along, inverse.astype(np.float32), born.fineness, *solved)


def _spread(inverse: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Return the shifting 2x2 parts of H^-1, H^-1 D H^-1 and H^-1 D H^-1 D H^-1, (N, 3, 2, 2).

    D is what noise of variance 1 adds to H by itself: gradients look steeper than they are (tracking.uncertainty).
    """
    x, y = offsets(side).T.astype(np.float64)
    moments = [(x * x).sum(), (y * y).sum(), x.size]
    once = inverse * (SCHARR_NOISE * np.array(moments * 2))  # H^-1 D
    twice = once @ inverse
    terms = np.stack([inverse, twice, once @ twice], axis=1)
    return terms[:, :, [[2, 2], [5, 5]], [[2, 5], [2, 5]]]


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where the birth patches lie in a frame.

    Attributes:
        templates: the same, with the linear parts found.
        xy: (N, 2) float32, their places, px; where it was lost, where it started.
        ncc: (N,) float32, normalised correlation there; NaN where one of the two is flat.
        covariance: (N, 3) float32, (xx, xy, yy) px^2, what the patch adds to the place's error; `pulled` is the rest.
        lost: (N,) bool, the alignment slipped away or tore the patch apart.
    """

    templates: Templates
    xy: Floats
    ncc: Floats
    covariance: Floats
    lost: NDArray[np.bool_]


def align(grey: Floats, born: Templates, start: Floats, farthest: float) -> Alignment:
    """Align the birth patches to a frame.

    Args:
        grey: (H, W) float32.
        born: N templates.
        start: (N, 2) float32, where the points were tracked to, px.
        farthest: px in x or y; an alignment that leads farther from there has slipped.
    """
    side = round(born.patch.shape[1] ** 0.5)
    place, linear = start.copy(), born.linear.copy()
    active, moving = np.arange(len(born)), born
    for _ in range(_ITERATIONS):
        step, linear[active], place[active] = _iterated(
            grey, moving, linear[active], place[active], start[active], side
        )
        on = step > _STILL
        if not on.any():
            break
        if not on.all():
            active, moving = active[on], moving.rows(on)
    found = normalised(_warped(grey, linear, place, side))
    covariance = _covariance(born, found, linear, place)
    area = np.linalg.det(linear)
    slipped = ~(np.abs(place - start).max(axis=1, initial=0) <= farthest)
    lost = slipped | ~((area > _SCALES[0]) & (area < _SCALES[1]))
    place[lost], linear[lost] = start[lost], born.linear[lost]
    ncc = np.einsum("ij,ij->i", found, born.patch)
    return Alignment(replace(born, linear=linear), place, ncc, covariance, lost)


def pulled(born: Templates, step: Floats) -> Floats:
    """Return what Lucas-Kanade's own error, of covariance `step` (N, 3) px^2, adds to that of an aligned place."""
    known = np.isfinite(step).all(axis=1, keepdims=True)
    xx, xy, yy = np.where(known, step, (_UNKNOWN, 0, _UNKNOWN)).T
    full = np.stack([xx, xy, xy, yy], axis=1).reshape(-1, 2, 2)
    turn = _turns(born.linear)
    return _three(_weighed(turn @ born.pull @ turn.transpose(0, 2, 1), full))


def _turns(linear: Floats) -> NDArray[np.float64]:
    """Return the rotations (N, 2, 2) nearest to linear parts: the patch's own directions, in the frame."""
    angle = np.arctan2(linear[:, 1, 0] - linear[:, 0, 1], linear[:, 0, 0] + linear[:, 1, 1]).astype(np.float64)
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c, -s, s, c], axis=1).reshape(-1, 2, 2)


def _weighed(weight: NDArray[Any], covariance: NDArray[Any]) -> NDArray[Any]:
    """Return w^1/2 C w^1/2 of weights w, 0 .. 1, and covariances C, (.., 2, 2).

    The weight enters once and not squared: two witnesses that look at the same noise err together. Half of it on
    either side keeps what comes out a covariance where the two do not share their axes.
    """
    area = np.sqrt(np.maximum(np.linalg.det(weight), 0))[..., None, None]
    trace = np.trace(weight, axis1=-2, axis2=-1)[..., None, None]
    root = (weight + area * np.eye(2)) / np.sqrt(np.maximum(trace + 2 * area, 1e-30))  # Cayley-Hamilton
    product: NDArray[Any] = root @ covariance @ root
    return product


def _three(full: Floats) -> Floats:
    """Return (xx, xy, yy) of covariances (N, 2, 2); infinite where they are not known."""
    three = np.stack([full[:, 0, 0], full[:, 0, 1], full[:, 1, 1]], axis=1)
    return np.where(np.isfinite(three), three, np.inf).astype(np.float32)


def _descent(gx: Floats, gy: Floats, side: int) -> Floats:
    """Return J, (N, n, 6)."""
    x, y = offsets(side).T
    return np.stack([gx * x, gx * y, gx, gy * x, gy * y, gy], axis=2)


def _warped(grey: Floats, linear: Floats, place: Floats, side: int) -> Floats:
    """Return I(W), (N, n) grey levels."""
    x, y = (linear[:, axis] @ offsets(side).T + place[:, axis, None] for axis in (0, 1))
    return read(grey, x, y)


def _iterated(
    grey: Floats, born: Templates, linear: Floats, place: Floats, start: Floats, side: int
) -> tuple[Floats, Floats, Floats]:
    """Return (how far a patch's corner moved (N,) px, A, c) after one step."""
    error = normalised(_warped(grey, linear, place, side)) - born.patch
    weights = np.concatenate([offsets(side), np.ones((side * side, 1), np.float32)], axis=1)
    descended = np.concatenate([(error * born.gx) @ weights, (error * born.gy) @ weights], axis=1)  # J' e, (N, 6)
    descended -= born.along * np.einsum("ij,ij->i", error, born.patch)[:, None]
    # What pulls in the frame pulls the turned patch the other way round: A'(c - start).
    descended[:, _SHIFTS] += np.einsum("ilk,il->ik", linear, place - start) * np.float32(_PRIOR / side**2)
    descended = np.nan_to_num(descended)  # a flat patch says nothing
    d = np.einsum("ikl,il->ik", born.inverse, descended)
    change = np.stack([1 + d[:, 0], d[:, 1], d[:, 3], 1 + d[:, 4]], axis=1).reshape(-1, 2, 2)
    size = change[:, 0, 0] * change[:, 1, 1] - change[:, 0, 1] * change[:, 1, 0]
    torn = np.abs(size) < 1e-3
    change[torn], d[torn], size[torn] = np.eye(2), 0, 1
    adjoint = np.stack([change[:, 1, 1], -change[:, 0, 1], -change[:, 1, 0], change[:, 0, 0]], axis=1).reshape(-1, 2, 2)
    linear = linear @ (adjoint / size[:, None, None])
    shift = np.einsum("ikl,il->ik", linear, d[:, _SHIFTS])
    reach = np.float32(side / 2)
    moved = np.abs(shift).max(axis=1) + reach * np.abs(d[:, [0, 1, 3, 4]]).max(axis=1)
    return moved.astype(np.float32), linear.astype(np.float32), (place - shift).astype(np.float32)


def _covariance(born: Templates, found: Floats, linear: Floats, place: Floats) -> Floats:
    """Return the covariance of the places, (N, 3) px^2.

    As for a step (tracking.uncertainty) it is (1 + f) s^2 T^-1 H T^-1, here with T = H - s^2 D for all six numbers, of
    which only the shift is asked for. T^-1 H T^-1 = H^-1 + 2 s^2 H^-1 D H^-1 + 3 s^4 H^-1 D H^-1 D H^-1 + ..
    """
    pixels = born.patch.shape[1]
    left = found - born.patch
    reading = born.fineness + fineness(place)
    noise = np.einsum("ij,ij->i", left, left) / max(pixels - 8, 1) / reading
    weights = np.stack([noise, 2 * noise**2, 3 * noise**3], axis=1) * (2 + reading[:, None]) / 2
    return _three(linear @ np.einsum("it,itkl->ikl", weights, born.spread) @ linear.transpose(0, 2, 1))
