"""What a template may do: motions as small sets of matrices.

A warp is a 3x3 matrix M that takes q = (x, y, 1), x and y from the template's centre, to the frame. A motion of k
parameters is k matrices B; a step d changes the warp by them:

    W(q) = (X / Z, Y / Z)  with  (X, Y, Z) = M q
    additive:        M <- M + sum d_i B_i
    compositional:   M <- M (I + sum d_i B_i)
    dW/dd_i = (B_i q)_xy / Z - W (B_i q)_z / Z      at M; at M = I this is the Jacobian of a compositional step

The order of the parameters is that of Baker & Matthews 2004, section 2: an affine warp is
[[1 + d1, d3, d5], [d2, 1 + d4, d6]]. A homography has h31 and h32 besides.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.global_motion import MotionModel

Matrix = NDArray[np.float64]
Floats = NDArray[np.float32]


def _units(*places: tuple[int, int]) -> Matrix:
    """Return one matrix a place (row, column), 1 there and 0 elsewhere."""
    matrices = np.zeros((len(places), 3, 3))
    for matrix, place in zip(matrices, places, strict=True):
        matrix[place] = 1
    return matrices


_SHIFTS = _units((0, 2), (1, 2))
_TURN_AND_ZOOM = np.array([np.diag([1.0, 1, 0]), [[0, -1, 0], [1, 0, 0], [0, 0, 0]]])
_LINEAR = _units((0, 0), (1, 0), (0, 1), (1, 1))

BASES: Mapping[MotionModel, Matrix] = MappingProxyType(
    {
        MotionModel.TRANSLATION: _SHIFTS,
        MotionModel.SIMILARITY: np.concatenate([_TURN_AND_ZOOM, _SHIFTS]),
        MotionModel.AFFINE: np.concatenate([_LINEAR, _SHIFTS]),
        MotionModel.HOMOGRAPHY: np.concatenate([_LINEAR, _SHIFTS, _units((2, 0), (2, 1))]),
    }
)
"""(k, 3, 3) float64, the matrices B of each motion."""

NAMES: Mapping[MotionModel, tuple[str, ...]] = MappingProxyType(
    {
        MotionModel.TRANSLATION: ("dx", "dy"),
        MotionModel.SIMILARITY: ("zoom", "turn", "dx", "dy"),
        MotionModel.AFFINE: ("d11", "d21", "d12", "d22", "dx", "dy"),
        MotionModel.HOMOGRAPHY: ("d11", "d21", "d12", "d22", "dx", "dy", "d31", "d32"),
    }
)
"""What the parameters of each motion are called: dij is the element of the step's matrix in row i and column j."""


def unit_steps(motion: MotionModel, reach: float) -> NDArray[np.float64]:
    """Return (k,) the sizes of steps that each move a point `reach` px from the centre by about 1 px.

    Counted in these, all parameters weigh alike and the Hessian is well conditioned.
    """
    sizes: NDArray[np.float64] = reach ** -_DEGREES[motion]
    return sizes


def _degree(matrix: Matrix) -> float:
    """Return 0 for a shift, 1 for a linear part, 2 for perspective: by which power of distance it moves points."""
    return 2.0 if matrix[2].any() else 1.0 if matrix[:2, :2].any() else 0.0


_DEGREES = {motion: np.array([_degree(matrix) for matrix in basis]) for motion, basis in BASES.items()}
_FLAT_BASES = {motion: basis.reshape(-1, 9) for motion, basis in BASES.items()}
_IDENTITY = np.eye(3)
_FOLDED = 1e-6  # determinant of a step below which it has no inverse


def generator(motion: MotionModel, step: NDArray[np.floating]) -> Matrix:
    """Return sum d_i B_i of a step (k,)."""
    return np.asarray(step @ _FLAT_BASES[motion], np.float64).reshape(3, 3)


def change(motion: MotionModel, step: NDArray[np.floating]) -> Matrix:
    """Return I + sum d_i B_i of a step (k,)."""
    return _IDENTITY + generator(motion, step)


def exponential(motion: MotionModel, step: NDArray[np.floating]) -> Matrix:
    """Return exp(sum d_i B_i) of a step (k,), to the third order: forth and back by the same step is no motion.

    Source: Benhimane and Malis 2004, section 3.2.
    """
    first = generator(motion, step)
    matrix: Matrix = _IDENTITY + first @ (_IDENTITY + first @ (_IDENTITY + first / 3) / 2)
    return matrix


def jacobian(motion: MotionModel, x: Floats, y: Floats, warp: Matrix | None = None) -> Floats:
    """Return dW/dd at the points (x, y), (n,) each, as (2, k, n) float32; at the identity where no warp is given."""
    points = np.stack([x, y, np.ones_like(x)]).astype(np.float64)
    moved = BASES[motion] @ points  # (k, 3, n)
    if warp is None:
        here, depth = points[:2], np.ones(x.size)
    else:
        projected = warp @ points
        depth = projected[2]
        here = projected[:2] / depth
    slopes = (moved[:, :2] - here[None] * moved[:, 2:]) / depth
    return np.moveaxis(slopes, 1, 0).astype(np.float32)


def scaled(warp: Matrix) -> Matrix:
    """Return a warp with 1 in its lower right."""
    result: Matrix = warp / warp[2, 2]
    return result


def inverse_composed(warp: Matrix, step: Matrix) -> Matrix:
    """Return M step^-1 with 1 in its lower right; not finite where the step folds the template up."""
    (a, b, c), (d, e, f), (g, h, i) = step.tolist()
    # The adjugate: the inverse but for a factor, which means nothing to a warp.
    x, y, z = e * i - f * h, f * g - d * i, d * h - e * g
    if not abs(a * x + b * y + c * z) > _FOLDED:
        return np.full((3, 3), np.nan)
    inverse = np.array([[x, c * h - b * i, b * f - c * e], [y, a * i - c * g, c * d - a * f],
                        [z, b * g - a * h, a * e - b * d]])  # fmt: skip
    return scaled(warp @ inverse)
