"""What a template aligner and the clip tracker round it can be told."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from flowlab.core.parameters import Parameters, Preset, Value, parameter
from flowlab.tracking.affine.choices import Formulation, Photometry, Stopping, Weights
from flowlab.tracking.global_motion import MotionModel

NO_PREDICTION, VELOCITY, POINTS = "none", "velocity", "points"
NEVER, EVERY_FRAME, DRIFT_CORRECTED, MEMORY = "never", "every-frame", "drift-corrected", "memory"
FULL_ONLY = "none"


def _names(choices: type[Formulation | Photometry | Stopping | Weights | MotionModel]) -> tuple[str, ...]:
    return tuple(str(choice) for choice in choices)


@dataclass(frozen=True)
class AlignParameters(Parameters):
    """How a template is aligned to one picture."""

    formulation: str = parameter(
        Formulation.INVERSE_COMPOSITIONAL.value, choices=_names(Formulation), label="Formulation",
        help="How a step changes the warp, and whose gradients tell it: inverse compositional works out gradients, "
        "Jacobian and Hessian once, forward additive in every step, ESM goes by both pictures' gradients.",
    )  # fmt: skip
    motion: str = parameter(
        MotionModel.AFFINE.value, choices=_names(MotionModel), label="Motion",
        help="What the template may do: shift (2 numbers), turn and scale too (4), become any parallelogram (6), or "
        "be seen in perspective (8).",
    )  # fmt: skip
    photometry: str = parameter(
        Photometry.UNIT_VARIANCE.value, choices=_names(Photometry), label="Brightness",
        help="What is done about light: nothing, equal means, gain and bias estimated in every step, mean 0 and "
        "length 1, a gamma curve, or CLAHE on the full frame.",
    )  # fmt: skip
    blur: int = parameter(
        0, low=0, high=31, step=1, unit="px", label="Blur kernel",
        help="Side of the Gaussian kernel both pictures are blurred with first, an odd number; 0 blurs nothing.",
    )  # fmt: skip
    blur_sigma: float = parameter(
        1.0, low=0.1, high=20.0, step=0.1, unit="px", label="Blur sigma", help="Width of that Gaussian.",
    )  # fmt: skip
    weights: str = parameter(
        Weights.NONE.value, choices=_names(Weights), label="Weights",
        help="How much pixels count that do not fit: all the same, Huber's (large errors count less), or Tukey's "
        "(very large ones not at all).",
    )  # fmt: skip
    centre: bool = parameter(
        False, label="Centre window",
        help="Count pixels near the template's rim less, by a Gaussian: they belong to the background first.",
    )  # fmt: skip
    levels: int = parameter(
        3, low=0, high=6, step=1, label="Levels",
        help="Pyramid levels ABOVE the picture itself: 0 is the picture alone, each further one doubles the motion "
        "that can be followed. Levels on which the template would be under 12 px are left out.",
    )  # fmt: skip
    iterations: int = parameter(
        30, low=1, high=200, step=1, label="Iterations", help="Most steps at each level.",
    )  # fmt: skip
    stopping: str = parameter(
        Stopping.CORNERS.value, choices=_names(Stopping), label="Stop by",
        help="What epsilon is compared with: how far the corners moved, or the length of the step's parameters.",
    )  # fmt: skip
    epsilon: float = parameter(
        0.01, low=0.0001, high=1.0, step=0.001, unit="px", label="Epsilon",
        help="The alignment stops when a step is smaller than this; on a coarse level, when it is smaller than "
        "this many of its own pixels, and at least 0.1 of them.",
    )  # fmt: skip
    damping: float = parameter(
        0.0, low=0.0, high=10.0, step=0.001, label="Damping",
        help="Levenberg-Marquardt: this share of the Hessian's diagonal is added to it, ten times more after a step "
        "that makes the error larger (and is taken back), ten times less after one that does not. 0 is Gauss-Newton.",
    )  # fmt: skip


def usually(name: str, default: Value) -> Any:
    """Declare a parameter of AlignParameters once more, with another default and nothing else changed."""
    return field(default=default, metadata=AlignParameters.__dataclass_fields__[name].metadata)


@dataclass(frozen=True)
class TrackerParameters(AlignParameters):
    """How a template is followed through a clip."""

    motion: str = usually("motion", MotionModel.SIMILARITY.value)
    photometry: str = usually("photometry", Photometry.GAIN_BIAS.value)
    weights: str = usually("weights", Weights.HUBER.value)
    levels: int = usually("levels", 2)
    iterations: int = usually("iterations", 15)
    epsilon: float = usually("epsilon", 0.05)
    prediction: str = parameter(
        POINTS, choices=(NO_PREDICTION, VELOCITY, POINTS), label="Prediction",
        help="Where the alignment starts: where the template was, where its last step repeated would lead, or where "
        "points inside it went by forward-backward-checked Lucas-Kanade, most of them agreeing.",
    )  # fmt: skip
    simple_first: str = parameter(
        MotionModel.TRANSLATION.value, choices=(FULL_ONLY, MotionModel.TRANSLATION.value, MotionModel.SIMILARITY.value),
        label="First align by", help="A simpler motion that is aligned before the full one; none starts with the full.",
    )  # fmt: skip
    appearance: bool = parameter(
        True, label="Learn its appearance",
        help="Learn gradients and colours while it is followed, and go by them where the template fits no longer: what "
        "bends or turns away is followed as a box (Bertinetto et al. 2016).",
    )  # fmt: skip
    update: str = parameter(
        MEMORY, choices=(NEVER, EVERY_FRAME, DRIFT_CORRECTED, MEMORY), label="Template update",
        help="Keep the first template for ever, take a new one in every frame, take a new one and correct its drift "
        "by the first (Matthews, Ishikawa & Baker 2004), or remember a few and align the one that fits best.",
    )  # fmt: skip
    min_ncc: float = parameter(
        0.75, low=-1.0, high=1.0, step=0.05, label="Believed above",
        help="Normalised correlation of template and patch from which an alignment is believed.",
    )  # fmt: skip
    regain_ncc: float = parameter(
        0.8, low=-1.0, high=1.0, step=0.05, label="Regained above",
        help="Normalised correlation from which a region that was occluded or lost counts as tracked again: above the "
        "other, so that the state does not flicker.",
    )  # fmt: skip
    min_visible: float = parameter(
        0.6, low=0.0, high=1.0, step=0.05, label="Least visible share",
        help="Share of the template that must look as expected; with less of it seen, the region is occluded.",
    )  # fmt: skip
    min_inside: float = parameter(
        0.5, low=0.0, high=1.0, step=0.05, label="Least share in the picture",
        help="Share of the template that must lie in the picture, or it is lost.",
    )  # fmt: skip
    patience: int = parameter(
        5, low=0, high=100, step=1, unit="frames", label="Patience",
        help="Frames without a believed alignment after which the region counts as lost, and is looked for.",
    )  # fmt: skip
    redetect: bool = parameter(
        True, label="Look for it again",
        help="After a loss, look for the template by normalised correlation near its last place, then everywhere.",
    )  # fmt: skip

    presets: ClassVar[tuple[Preset["TrackerParameters"], ...]] = ()
