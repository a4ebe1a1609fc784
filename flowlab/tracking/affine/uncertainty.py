"""How far an aligned warp may be off.

Least squares with errors of variance s^2: the step's covariance is s^2 H^-1 (Cramer-Rao). A step d of the template's
own coordinates moves the warp M by -M sum d_i B_i, which takes it to the warp's elements.
"""

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine.motions import BASES
from flowlab.tracking.global_motion import MotionModel

Matrix = NDArray[np.float64]


def warp_covariance(motion: MotionModel, warp: Matrix, hessian: Matrix, variance: float, sizes: Matrix) -> Matrix:
    """Return the covariance (8, 8) of h11, h12, h13, h21, h22, h23, h31, h32.

    Args:
        motion: what was estimated.
        warp: (3, 3), the warp it is about, its lower right 1.
        hessian: (k, k) or larger, of steps counted in `sizes`; further unknowns, of light, come last.
        variance: of one pixel's error, grey levels^2.
        sizes: (k,) unit steps.

    Returns:
        NaN throughout where the Hessian has no inverse.

    Source:
        Baker and Matthews 2004, section 3.2.3 (compositional derivative); S. M. Kay (1993), "Estimation Theory",
        section 4.3 (least squares).
    """
    count = len(sizes)
    try:
        inverse = np.linalg.inv(hessian)[:count, :count]
    except np.linalg.LinAlgError:
        return np.full((8, 8), np.nan)
    moved: Matrix = -warp @ (BASES[motion] * sizes[:, None, None])  # (k, 3, 3), what each unit step does to M
    # M has 1 in its lower right: dividing by it again moves every element.
    moved = moved - warp * moved[:, 2:, 2:]
    slopes = moved.reshape(count, 9)[:, :8]
    covariance: Matrix = variance * slopes.T @ inverse @ slopes
    return covariance
