"""The choices that make up a template aligner, each with where it comes from.

S. Baker and I. Matthews (2004), "Lucas-Kanade 20 Years On: A Unifying Framework", arranges the family by how the warp
is updated and which picture's gradients are used; everything here is a point in that arrangement.
"""

from enum import StrEnum


class Formulation(StrEnum):
    """How one step changes the warp, and whose gradients tell it."""

    FORWARD_ADDITIVE = "forward-additive"
    FORWARD_COMPOSITIONAL = "forward-compositional"
    INVERSE_COMPOSITIONAL = "inverse-compositional"
    ESM = "esm"

    @property
    def citation(self) -> str:
        """Where it is described."""
        return _FORMULATIONS[self]


class Photometry(StrEnum):
    """What is done about light that changes."""

    NONE = "none"
    MEAN = "mean"
    GAIN_BIAS = "gain-bias"
    UNIT_VARIANCE = "unit-variance"
    GAMMA = "gamma"
    CLAHE = "clahe"
    MEAN_CLAHE = "mean-clahe"

    @property
    def citation(self) -> str:
        """Where it is described."""
        return _PHOTOMETRIES[self]


class Weights(StrEnum):
    """How much pixels count that do not fit."""

    NONE = "none"
    HUBER = "huber"
    TUKEY = "tukey"

    @property
    def citation(self) -> str:
        """Where it is described."""
        return _WEIGHTS[self]


class Stopping(StrEnum):
    """What is measured of a step to tell that it was the last."""

    CORNERS = "corners"
    PARAMETERS = "parameters"

    @property
    def citation(self) -> str:
        """Where it is described."""
        return _STOPPINGS[self]


_FORMULATIONS = {
    Formulation.FORWARD_ADDITIVE: 'B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique with '
    'an Application to Stereo Vision"',
    Formulation.FORWARD_COMPOSITIONAL: 'H.-Y. Shum and R. Szeliski (2000), "Construction of Panoramic Image Mosaics '
    'with Global and Local Alignment"',
    Formulation.INVERSE_COMPOSITIONAL: 'S. Baker and I. Matthews (2004), "Lucas-Kanade 20 Years On", section 3.2',
    Formulation.ESM: 'S. Benhimane and E. Malis (2004), "Real-time image-based tracking of planes using efficient '
    'second-order minimization"',
}
_PHOTOMETRIES = {
    Photometry.NONE: "B. D. Lucas and T. Kanade (1981): brightness is constant",
    Photometry.MEAN: "The patch is scaled until its mean is the template's, as widely copied scripts do",
    Photometry.GAIN_BIAS: 'A. Bartoli (2008), "Groupwise Geometric and Photometric Direct Image Registration": gain '
    "and bias are two more unknowns",
    Photometry.UNIT_VARIANCE: 'G. D. Evangelidis and E. Z. Psarakis (2008), "Parametric Image Alignment Using Enhanced '
    'Correlation Coefficient Maximization": mean 0, length 1',
    Photometry.GAMMA: "The patch is raised to the power that makes its mean the template's",
    Photometry.CLAHE: 'K. Zuiderveld (1994), "Contrast Limited Adaptive Histogram Equalization", on the full frame',
    Photometry.MEAN_CLAHE: "As widely copied scripts do: equal means, and CLAHE (limit 12, 2x2 tiles) on the patch "
    "alone where it is dimmer than the template; the tiles move with the patch and move its brightness",
}
_WEIGHTS = {
    Weights.NONE: "Least squares: every pixel counts the same",
    Weights.HUBER: 'P. J. Huber (1964), "Robust Estimation of a Location Parameter"',
    Weights.TUKEY: 'A. E. Beaton and J. W. Tukey (1974), "The Fitting of Power Series"',
}
_STOPPINGS = {
    Stopping.CORNERS: "How far the template's corners moved, px: it means the same for every motion",
    Stopping.PARAMETERS: "The length of the step's parameters, as in Lucas-Kanade's first description",
}
