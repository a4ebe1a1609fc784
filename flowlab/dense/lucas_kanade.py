"""Lucas-Kanade at every pixel: windowed, pyramidal, iterated.

    I0, I1   the two pictures
    u0       the flow so far, (u, v) at every pixel; W = I1(x + u0) is the second picture warped back by it
    e        W - I0: what u0 leaves unexplained
    g        grad (I0 + W) / 2, slopes halfway between the two pictures
    M[..]    mean over the window around a pixel

To first order the flow u at a pixel keeps its brightness where  g . u = g . u0 - e.  All pixels of a window shall agree
on one u, by least squares:

    M[g g'] u = M[g (g . u0 - e)]

The unknown is the whole flow, not a correction to it: u0 differs from pixel to pixel, and a correction found for
the window's mean but added to each pixel's own u0 grows with every iteration. Solved for the whole flow, an iteration
also averages what the window's pixels believed before, each with the weight of its own texture.

Where nothing can be seen, M[g g'] is close to 0. Adding `damping` on both sides,

    (M[g g'] + damping 1) u = M[g (g . u0 - e)] + damping M[u0],

draws such a pixel to the mean of its neighbours' flow; along a straight edge only the component that cannot be seen.

B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique with an Application to Stereo Vision";
E. P. Simoncelli, E. H. Adelson and D. J. Heeger (1991), "Probability Distributions of Optical Flow", for damping as the
ratio of the noise to how much flows differ; the median between two warps is that of D. Sun, S. Roth and M. J. Black
(2010), "Secrets of Optical Flow Estimation and Their Principles".
"""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, as_pair, gradients, smoothed
from flowlab.core.parameters import Parameters, Preset, parameter
from flowlab.core.pyramid import expanded, pyramid
from flowlab.core.resample import bilinear, pixel_grid
from flowlab.core.window import averaged_products, solve, window_mean
from flowlab.errors import ParameterError

Plane = NDArray[np.float32]
Flow = NDArray[np.float32]


@dataclass(frozen=True)
class LucasKanadeParameters(Parameters):
    """Parameters of dense Lucas-Kanade."""

    window: int = parameter(
        11, low=3, high=99, step=2, unit="px", label="Window",
        help="Side of the window whose pixels share one motion: large is calm and blurred, small is sharp and noisy.",
    )  # fmt: skip
    gaussian: bool = parameter(
        False, label="Gaussian window",
        help="Weigh the window's pixels by a Gaussian instead of all alike: the same calm takes a larger window.",
    )  # fmt: skip
    levels: int = parameter(
        5, low=0, high=8, step=1, label="Levels",
        help="Pyramid levels ABOVE the picture itself, as long as their shorter side has 8 px: 0 is the picture alone, "
        "each further one doubles the motion that can be found.",
    )  # fmt: skip
    iterations: int = parameter(
        3, low=1, high=50, step=1, label="Iterations",
        help="Warps at each level: the second picture is read anew where the flow so far leads, and the flow solved.",
    )  # fmt: skip
    kernel: str = parameter(
        Kernel.FIVE_POINT.value, choices=tuple(kernel.value for kernel in Kernel), label="Gradient kernel",
        help="How slopes are measured: five-point is the most exact, Sobel and Scharr are quieter in noise.",
    )  # fmt: skip
    blur: float = parameter(
        0.0, low=0.0, high=5.0, step=0.1, unit="px", label="Blur",
        help="Sigma of a Gaussian that smooths both pictures first, against noise; 0 leaves them as they are.",
    )  # fmt: skip
    damping: float = parameter(
        1.0, low=0.1, high=100.0, step=0.1, unit="grey levels²/px²", label="Damping",
        help="Texture (as an eigenvalue of the structure tensor) below which the neighbours' flow counts for more than "
        "what the window measures.",
    )  # fmt: skip
    median: int = parameter(
        5, low=1, high=5, step=2, unit="px", label="Median",
        help="Side of the median filter that takes outliers out of the flow after each iteration; 1 leaves it out.",
    )  # fmt: skip

    presets: ClassVar[tuple[Preset["LucasKanadeParameters"], ...]]


LucasKanadeParameters.presets = (
    Preset(
        "usual", LucasKanadeParameters(), "flowlab's own: the window, kernel and damping that `make bench` measures"
    ),
    Preset(
        "patient",
        LucasKanadeParameters(window=9, iterations=10),
        "the same with a smaller window and more warps: less error on the Middlebury pairs, for three times the time",
    ),
    Preset(
        "textbook",
        LucasKanadeParameters(window=15, levels=3, kernel=Kernel.CENTRAL.value, damping=0.1, median=1),
        "B. D. Lucas and T. Kanade (1981) with J.-Y. Bouguet's pyramid (2000): windows alone, no median filter",
    ),
    Preset(
        "noise",
        LucasKanadeParameters(window=21, gaussian=True, kernel=Kernel.SCHARR.value, blur=1.0, damping=4.0),
        "after J. L. Barron, D. J. Fleet and S. S. Beauchemin (1994): smoothed pictures, a weighted window",
    ),
)


def lucas_kanade(first: NDArray[np.generic], second: NDArray[np.generic], p: LucasKanadeParameters) -> Flow:
    """Return the flow from `first` to `second`: down the pyramid, each level beginning with the last one's flow.

    Args:
        first: I0, (H, W), any numeric type, grey levels.
        second: I1, of the same shape.
        p: parameters.

    Returns:
        (H, W, 2) float32, px, a number everywhere.

    Raises:
        ParameterError: the pictures are not grey or differ in size.
    """
    firsts, seconds = (pyramid(smoothed(picture, p.blur), p.levels) for picture in as_pair(first, second))
    flow = np.zeros((*firsts[-1].shape, 2), np.float32)
    for at_first, at_second in zip(reversed(firsts), reversed(seconds), strict=True):
        if flow.shape[:2] != at_first.shape:
            flow = expanded(flow, at_first.shape)
        flow = one_level(at_first, at_second, flow, p)
    return flow


def one_level(first: Plane, second: Plane, flow: Flow, p: LucasKanadeParameters) -> Flow:
    """Return the flow after `p.iterations` warps at one level; the arguments are those of `refine`."""
    for _ in range(p.iterations):
        flow = refine(first, second, flow, p)
    return flow


def refine(first: NDArray[np.generic], second: NDArray[np.generic], flow: Flow, p: LucasKanadeParameters) -> Flow:
    """Return the flow after one step: warp the second picture back by the flow so far, and solve for the flow.

    Args:
        first: I0, (H, W), any numeric type, grey levels; `p.blur` is not applied to it.
        second: I1, of the same shape.
        flow: u0, (H, W, 2) float32, px, a number everywhere; zeros to begin with.
        p: window, gaussian, kernel, damping and median are used.

    Returns:
        (H, W, 2) float32, px, a number everywhere.

    Raises:
        ParameterError: sizes differ, or the flow holds NaN or infinity.
    """
    if flow.shape != (*first.shape, 2) or not np.isfinite(flow).all():
        raise ParameterError(
            f"the flow has shape {flow.shape} or holds NaN: give {(*first.shape, 2)}, numbers everywhere"
        )
    u0, v0 = (np.ascontiguousarray(flow[..., part]) for part in (0, 1))
    fx, fy, ft = linearised(first, second, flow, p.kernel)
    known = fx * u0 + fy * v0 - ft  # g . u0 - e

    def mean(plane: Plane) -> Plane:
        return window_mean(plane, p.window, gaussian=p.gaussian)

    believed_u, believed_v = mean(u0), mean(v0)
    bx = mean(fx * known) + p.damping * believed_u
    by = mean(fy * known) + p.damping * believed_v
    u, v = solve(*averaged_products(fx, fy, p.window, gaussian=p.gaussian), bx, by, p.damping)
    # Slopes so steep that damping is lost in their rounding are those of pictures of more than 8 bits.
    parts = [np.where(np.isfinite(new), new, old) for new, old in ((u, believed_u), (v, believed_v))]
    if p.median > 1:
        parts = [cv2.medianBlur(part, p.median) for part in parts]
    return cv2.merge(parts)  # type: ignore[return-value]


def linearised(
    first: NDArray[np.generic], second: NDArray[np.generic], flow: Flow, kernel: Kernel | str = Kernel.FIVE_POINT
) -> tuple[Plane, Plane, Plane]:
    """Return brightness constancy, linearised about a flow: (fx, fy, ft), each (H, W) float32.

    Args:
        first: I0, (H, W), any numeric type, grey levels.
        second: I1, of the same shape.
        flow: u0, (H, W, 2) float32, px, a number everywhere.
        kernel: how slopes are measured.

    Returns:
        fx and fy, slopes of the mean of I0 and W, grey levels/px, and ft = W - I0, grey levels. All three are 0 where
        the flow leads out of the picture, for such a pixel has seen nothing and has no vote; and on the outermost
        pixels, whose slope is that of a mirror image.

    Raises:
        ParameterError: the pictures are not grey or differ in size, or there is no such kernel.

    The mean's slopes make the answer the same, but for its sign, whichever picture comes first; the slopes of one of
    them are wrong by what its neighbours' motion differs and by that picture's own noise.
    """
    before, after = as_pair(first, second)
    height, width = before.shape
    x, y = pixel_grid(height, width)
    x += flow[..., 0]
    y += flow[..., 1]
    is_inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    is_inside[[0, -1]] = is_inside[:, [0, -1]] = False
    warped = bilinear(after, np.clip(x, 0, width - 1), np.clip(y, 0, height - 1))
    fx, fy = gradients((before + warped) / 2, kernel)
    return fx * is_inside, fy * is_inside, (warped - before) * is_inside


def lucas_kanade_cost(height: int, width: int, p: LucasKanadeParameters) -> float:
    """Return the seconds a pair takes, to a factor of two on one ordinary core."""
    # A box window is a running sum, whatever its size; a Gaussian one is a separable filter.
    warp = 50e-9 + (1e-9 * p.window if p.gaussian else 0.0)
    return 4 / 3 * height * width * p.iterations * warp
