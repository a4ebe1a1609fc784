"""Dense Inverse Search as OpenCV implements it.

T. Kroeger, R. Timofte, D. Dai, L. Van Gool (2016), "Fast Optical Flow using Dense Inverse Search",
ECCV: patches on a grid are aligned by inverse-compositional Lucas-Kanade from coarse to fine,
spread to a dense field and refined variationally.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.parameters import Parameters, Preset, parameter
from flowlab.errors import ParameterError


@dataclass(frozen=True)
class DisParameters(Parameters):
    """Parameters of cv2.DISOpticalFlow; the ranges leave out every value that crashes it."""

    finest_scale: int = parameter(
        1, low=0, high=4, step=1, label="Finest scale",
        help="The pyramid level where patches stop being refined: 0 is the picture itself, each step halves it; "
        "never coarser than the level the search starts from.",
    )  # fmt: skip
    patch_size: int = parameter(
        8, low=4, high=32, step=2, unit="px", label="Patch size", help="Side of the patches that are aligned.",
    )  # fmt: skip
    patch_stride: int = parameter(
        3, low=1, high=16, step=1, unit="px", label="Patch stride",
        help="Distance between patches: at most the patch size. Smaller overlaps more, for accuracy and time.",
    )  # fmt: skip
    gradient_descent_iterations: int = parameter(
        25, low=1, high=100, step=1, label="Alignment iterations", help="Steps of the patch alignment at each level.",
    )  # fmt: skip
    variational_refinement_iterations: int = parameter(
        5, low=0, high=50, step=1, label="Refinement iterations",
        help="Steps of the variational refinement at each level; 0 leaves it out.",
    )  # fmt: skip
    alpha: float = parameter(
        20.0, low=0.1, high=100.0, step=0.5, label="Smoothness (alpha)", help="Weight of smoothness in the refinement.",
    )  # fmt: skip
    delta: float = parameter(
        5.0, low=0.0, high=100.0, step=0.5, label="Brightness (delta)",
        help="Weight of brightness constancy in the refinement.",
    )  # fmt: skip
    gamma: float = parameter(
        10.0, low=0.0, high=100.0, step=0.5, label="Gradient (gamma)",
        help="Weight of gradient constancy in the refinement: it forgives changes of light.",
    )  # fmt: skip
    mean_normalization: bool = parameter(
        True, label="Normalise patch mean",
        help="Subtract each patch's mean, so that a change of light does not look like motion.",
    )  # fmt: skip
    spatial_propagation: bool = parameter(
        True, label="Spatial propagation", help="Let a patch start from its neighbours' answers where they fit better.",
    )  # fmt: skip

    presets: ClassVar[tuple[Preset["DisParameters"], ...]]

    def __post_init__(self) -> None:
        """Check the values and that patches leave no gaps between them."""
        super().__post_init__()
        if self.patch_stride > self.patch_size:
            raise ParameterError(
                f"patch_stride is {self.patch_stride}: give at most the patch size ({self.patch_size} px), "
                "or pixels between patches would have no flow"
            )


_SOURCE = "OpenCV's DISOpticalFlow preset {}"
DisParameters.presets = (
    Preset("medium", DisParameters(), _SOURCE.format("MEDIUM")),
    Preset(
        "fast",
        DisParameters(finest_scale=2, patch_stride=4, gradient_descent_iterations=16),
        _SOURCE.format("FAST"),
    ),
    Preset(
        "ultrafast",
        DisParameters(
            finest_scale=2, patch_stride=4, gradient_descent_iterations=12, variational_refinement_iterations=0
        ),
        _SOURCE.format("ULTRAFAST"),
    ),
    Preset(
        "tuned",
        DisParameters(
            finest_scale=0, patch_stride=2, gradient_descent_iterations=30, variational_refinement_iterations=15
        ),
        "for accuracy on the Middlebury training pairs: finest scale 0, stride 2, 30 and 15 iterations",
    ),
)


def _coarsest_scale(height: int, width: int, patch_size: int) -> int:
    """Return the coarsest pyramid level OpenCV would start from, by its own rule.

    Where that lies below the finest level asked for, OpenCV silently chooses other patches and levels,
    and with large patches writes outside its memory; so `dis` never asks for more than this.
    """
    if min(height, width) < 2 * patch_size:
        raise ParameterError(
            f"patch_size is {patch_size}: give at most {min(height, width) // 2} px, "
            f"half the shorter side of the {width}x{height} picture"
        )
    by_motion = int(math.log2(max(height, width) / (4 * patch_size)) + 0.5)
    by_patch = int(math.log2(min(height, width) // patch_size))
    return min(by_motion, by_patch)


def dis(first: NDArray[np.uint8], second: NDArray[np.uint8], p: DisParameters) -> NDArray[np.float32]:
    """Return the flow (H, W, 2) of cv2.DISOpticalFlow with every parameter set."""
    finest = min(p.finest_scale, _coarsest_scale(first.shape[0], first.shape[1], p.patch_size))
    # A fresh object each time: one object used by two threads crashes the process.
    solver = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    solver.setFinestScale(finest)
    solver.setPatchSize(p.patch_size)
    solver.setPatchStride(p.patch_stride)
    solver.setGradientDescentIterations(p.gradient_descent_iterations)
    solver.setVariationalRefinementIterations(p.variational_refinement_iterations)
    solver.setVariationalRefinementAlpha(p.alpha)
    solver.setVariationalRefinementDelta(p.delta)
    solver.setVariationalRefinementGamma(p.gamma)
    solver.setUseMeanNormalization(p.mean_normalization)
    solver.setUseSpatialPropagation(p.spatial_propagation)
    return solver.calc(first, second, None)  # type: ignore[call-overload, no-any-return]


def dis_cost(height: int, width: int, p: DisParameters) -> float:
    """Return the seconds a pair takes, to a factor of two on one ordinary core."""
    finest = 4.0**-p.finest_scale
    patches = (p.patch_size / p.patch_stride) ** 2 * p.gradient_descent_iterations * 0.9e-9
    refinement = p.variational_refinement_iterations * 60e-9
    return height * width * (4 / 3 * finest * (patches + refinement) + 8e-9)
