"""The warp that most points agree with, and how a warp is fitted to points.

A warp is the 3x3 matrix that takes (x, y, 1) of points `before` to their positions `after`, its lower right element
1. Points that do not tell one, because they are in one place or on one line, give NaN.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Real = TypeVar("Real", np.float32, np.float64)
Fit = Callable[[Points, Points], Matrix]

_BATCH = 64  # samples tried at once
_MOST_SAMPLES = 512
_CONFIDENCE = 0.999  # that one sample was free of outliers, when the search stops early
_REFITS = 3
_SMALLEST = 1.0  # px^2, summed about the mean: closer together than this, points tell neither turn nor zoom
_THINNEST = 0.01  # width per length of a cloud of points, below which it counts as a line


@dataclass(frozen=True)
class Family:
    """One kind of warp.

    Attributes:
        least: the least number of points that tell one.
        fit: (m, 2) points before and after -> (3, 3), least squares.
        through: many samples of the least number, (B, least, 2) before and after -> (B, 3, 3).
    """

    least: int
    fit: Fit
    through: Fit


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def consensus(before: Points, after: Points, family: Family, threshold: float, seed: int) -> Matrix | None:
    """Return the warp that most points agree with, fitted to all of them that do; None where there is none.

    Args:
        before: (N, 2), px, finite and of a picture's size.
        after: (N, 2), likewise.
        family: the kind of warp.
        threshold: px, distance from its place up to which a point agrees.
        seed: of the random samples.

    Source:
        Fischler and Bolles 1981, "Random sample consensus". Samples are ranked by Torr and Zisserman's (2000,
        "MLESAC", section 3) sum of squared distances cut off at the threshold, which tells equal counts apart.
    """
    if len(before) < family.least:
        return None
    matrix = _best_sample(before, after, family, threshold, seed)
    if matrix is None:
        return None
    agrees = squared_distances(matrix, before, after) <= threshold**2
    for _ in range(_REFITS):
        fitted = family.fit(before[agrees], after[agrees]) if agrees.sum() > family.least else matrix
        if not np.isfinite(fitted).all():
            return None  # a sample may tell a warp where all that agree, taken together, do not: a rough line
        matrix, fitted_to = fitted, agrees
        agrees = squared_distances(matrix, before, after) <= threshold**2
        if (agrees == fitted_to).all():
            break
    # A warp goes through the points it was made from: that alone is no agreement, unless there are no others.
    return matrix if agrees.sum() > family.least or agrees.all() else None


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def squared_distances(matrices: NDArray[Real], before: NDArray[Real], after: NDArray[Real]) -> NDArray[Real]:
    """Return (.., N) px^2: how far each warp (.., 3, 3) takes each point (N, 2) from its place; NaN for no warp."""
    # Plane by plane and in place: slices of one (.., 3, N) array, or an array an operation, take several times as long.
    x, y, depth = (matrices[..., row, :2] @ before.T + matrices[..., row, 2:] for row in range(3))
    for position, wanted in ((x, after[:, 0]), (y, after[:, 1])):
        position /= depth
        position -= wanted
        position *= position
    x += y
    return x


def _best_sample(before: Points, after: Points, family: Family, threshold: float, seed: int) -> Matrix | None:
    """Return the warp of least cost among those through random samples; None where all are degenerate."""
    rng = np.random.default_rng(seed)
    count = len(before)
    best, least_cost = None, float(count * threshold**2)
    # Half as many bytes are three times as fast here, and 1e-4 px does not change who wins.
    rough_before, rough_after = before.astype(np.float32), after.astype(np.float32)
    tried, needed = 0, float(_MOST_SAMPLES)
    while tried < needed:
        chosen = _samples(rng, count, family.least)
        matrices = family.through(before[chosen], after[chosen])
        squared = squared_distances(matrices.astype(np.float32), rough_before, rough_after)
        costs = np.fmin(squared, np.float32(threshold**2)).sum(axis=1)
        first = int(costs.argmin())
        if costs[first] < least_cost:
            best, least_cost = matrices[first], float(costs[first])
            share = float((squared[first] <= threshold**2).mean())
            needed = min(needed, _samples_needed(share, family.least))
        tried += _BATCH
    return best


def _samples(rng: np.random.Generator, count: int, size: int) -> NDArray[np.intp]:
    """Return (_BATCH, size) numbers below `count`, all different within a row.

    Sorted draws with repetition, spread by 0, 1, 2 ..: every combination comes up, neighbours somewhat more rarely.
    """
    drawn = rng.integers(0, count - size + 1, (_BATCH, size))
    drawn.sort(axis=1)
    return drawn + np.arange(size)


def _samples_needed(share: float, size: int) -> float:
    """Return after how many samples one is free of outliers, where `share` of the points are none."""
    clean = share**size
    if clean >= 1:
        return 0.0
    return math.log(1 - _CONFIDENCE) / math.log1p(-clean) if clean > 0 else math.inf


# --- fits, to one set of points (m, 2) or many (.., m, 2) px ---------------------------------------


def translation(before: Points, after: Points) -> Matrix:
    """Return the shift between the means of at least one point."""
    linear = np.broadcast_to(np.eye(2), (*before.shape[:-2], 2, 2))
    return _assembled(linear, before.mean(axis=-2), after.mean(axis=-2))


def similarity(before: Points, after: Points) -> Matrix:
    """Return turn, zoom and shift by at least two points.

    With points as complex numbers about their means, z before and w after, w = a z has the least-squares
    solution a = sum conj(z) w / sum |z|^2.

    Source: Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns", in
    the plane and without its case of a mirror.
    """
    (start, z), (end, w) = _centred(before), _centred(after)
    spread = _spread(z)
    spread = _or_nan(spread, (spread > _SMALLEST) & (_spread(w) > _SMALLEST))
    real = (z * w).sum(axis=(-1, -2)) / spread
    imaginary = (z[..., 0] * w[..., 1] - z[..., 1] * w[..., 0]).sum(axis=-1) / spread
    linear = np.stack([real, -imaginary, imaginary, real], axis=-1).reshape(*real.shape, 2, 2)
    return _assembled(linear, start, end)


def affine(before: Points, after: Points) -> Matrix:
    """Return the affine warp by at least three points: about the means w = A z, A = W'Z (Z'Z)^-1."""
    (start, z), (end, w) = _centred(before), _centred(after)
    flat = _is_thin(z) | _is_thin(w)
    scatter = np.swapaxes(z, -1, -2) @ z
    scatter[flat] = np.nan
    xx, xy, yy = scatter[..., 0, 0], scatter[..., 0, 1], scatter[..., 1, 1]
    adjugate = np.stack([yy, -xy, -xy, xx], axis=-1).reshape(scatter.shape)
    linear = np.swapaxes(w, -1, -2) @ z @ adjugate / (xx * yy - xy * xy)[..., None, None]
    return _assembled(linear, start, end)


def homography(before: Points, after: Points) -> Matrix:
    """Return the homography by at least four points, one set (m, 2): normalised direct linear transform.

    Every pair gives two rows a of a h = 0; of all h with |h| = 1 the one of least |A h| is the answer.

    Source: Hartley and Zisserman 2004, "Multiple view geometry", algorithm 4.2. The eigenvectors of A'A serve as
    well as the singular vectors of A: what blurs the last one is its gap to the next, wide once points are normalised.
    """
    if _is_thin(_centred(before)[1]) or _is_thin(_centred(after)[1]):
        return np.full((3, 3), np.nan)
    to_start, to_end = _normalising(before), _normalising(after)
    x, y, one = to_start @ _homogeneous(before).T
    u, v, _ = to_end @ _homogeneous(after).T
    zero = np.zeros_like(x)
    rows_u = np.stack([x, y, one, zero, zero, zero, -u * x, -u * y, -u])
    rows_v = np.stack([zero, zero, zero, x, y, one, -v * x, -v * y, -v])
    _, vectors = np.linalg.eigh(rows_u @ rows_u.T + rows_v @ rows_v.T)
    return _scaled(np.linalg.inv(to_end) @ vectors[:, 0].reshape(3, 3) @ to_start)


def homography_of_four(before: Points, after: Points) -> Matrix:
    """Return the homographies through four points each, (.., 4, 2), in closed form; NaN where three are on a line.

    Three points as columns of P, weighted by l so that they add up to the fourth, are a basis of the plane:
    P l = p, likewise Q m = q, and H = Q diag(m / l) P^-1 takes one to the other.

    Source: Hartley and Zisserman 2004, "Multiple view geometry", section 2.3: four points of which no three are on
    a line determine a homography.
    """
    _, inverse, start_weights = _basis(before)
    corners, _, end_weights = _basis(after)
    ratio = end_weights / start_weights
    return _scaled(np.swapaxes(corners, -1, -2) * ratio[..., None, :] @ inverse)


def _basis(points: Points) -> tuple[Matrix, Matrix, Points]:
    """Return P' (.., 3, 3), P^-1 and the weights (.., 3), the latter two but for a factor.

    That factor is twice the area of the triangle P, and the weights are those of the three triangles with the
    fourth point: none of the four may vanish.
    """
    corners = _homogeneous(points[..., :3, :])
    inverse = np.cross(corners[..., [1, 2, 0], :], corners[..., [2, 0, 1], :])
    weights = (inverse @ _homogeneous(points[..., 3:, :]).swapaxes(-1, -2))[..., 0]
    smallest = np.minimum(np.abs(weights).min(axis=-1), np.abs(weights.sum(axis=-1)))
    proper = smallest > _THINNEST * _spread(_centred(points)[1])
    return corners, inverse, _or_nan(weights, proper[..., None])


def _homogeneous(points: Points) -> Points:
    return np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1)


def _centred(points: Points) -> tuple[Points, Points]:
    """Return the mean (.., 2) and the points (.., m, 2) about it."""
    mean: Points = points.mean(axis=-2)
    return mean, points - mean[..., None, :]


def _spread(centred: Points) -> Points:
    """Return (..) px^2: the squared distances of points from their mean, summed."""
    spread: Points = (centred * centred).sum(axis=(-1, -2))
    return spread


def _is_thin(centred: Points) -> Mask:
    """Return (..): whether points lie on a line or in one place, by the eigenvalues of their scatter."""
    x, y = centred[..., 0], centred[..., 1]
    xx, xy, yy = (x * x).sum(axis=-1), (x * y).sum(axis=-1), (y * y).sum(axis=-1)
    half, off = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    thin: Mask = half - off <= _THINNEST**2 * (half + off)
    return thin


def _normalising(points: Points) -> Matrix:
    """Return the (3, 3) that takes points to mean 0 and mean squared length 2."""
    mean, centred = _centred(points)
    scale = np.sqrt(2 * len(points) / float(_spread(centred)))
    return np.array([[scale, 0, -scale * mean[0]], [0, scale, -scale * mean[1]], [0, 0, 1]])


def _or_nan(values: Points, where: Mask) -> Points:
    return np.where(where, values, np.nan)


def _assembled(linear: Matrix, start: Points, end: Points) -> Matrix:
    """Return the (.., 3, 3) with this linear part (.., 2, 2) that takes the mean `start` to the mean `end`."""
    matrix = np.zeros((*linear.shape[:-2], 3, 3))
    matrix[..., :2, :2] = linear
    matrix[..., :2, 2] = end - (linear @ start[..., None])[..., 0]
    matrix[..., 2, 2] = 1
    return matrix


def _scaled(matrix: Matrix) -> Matrix:
    """Return matrices (.., 3, 3) with 1 in the lower right; not finite where the first pixel goes to infinity."""
    scaled: Matrix = matrix / matrix[..., 2:, 2:]
    return scaled


TRANSLATION = Family(1, translation, translation)
SIMILARITY = Family(2, similarity, similarity)
AFFINE = Family(3, affine, affine)
HOMOGRAPHY = Family(4, homography, homography_of_four)
