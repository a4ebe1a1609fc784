"""What each formulation of the Lucas-Kanade family computes, as equations in the colours of its curves."""

from collections.abc import Mapping

from flowlab.drawing.region_colours import ALIGNER_COLOURS
from flowlab.tracking.affine.choices import Formulation

_JACOBIAN = r"\tfrac{\partial W}{\partial p}"
_DESCENT: Mapping[Formulation, str] = {
    Formulation.FORWARD_ADDITIVE: rf"\nabla I(W)\,{_JACOBIAN}\big|_{{p}}",
    Formulation.FORWARD_COMPOSITIONAL: rf"\nabla[I(W)]\,{_JACOBIAN}\big|_{{0}}",
    Formulation.INVERSE_COMPOSITIONAL: rf"\nabla T\,{_JACOBIAN}\big|_{{0}}",
    Formulation.ESM: rf"\tfrac12\left(\nabla T+\nabla[I(W)]\right){_JACOBIAN}\big|_{{0}}",
}
_UPDATE: Mapping[Formulation, str] = {
    Formulation.FORWARD_ADDITIVE: r"p\leftarrow p-d",
    Formulation.FORWARD_COMPOSITIONAL: r"W\leftarrow W\circ W(-d)",
    Formulation.INVERSE_COMPOSITIONAL: r"W\leftarrow W\circ W(d)^{-1}",
    Formulation.ESM: r"W\leftarrow W\circ\exp(-d)",
}
_TAUGHT: Mapping[Formulation, str] = {
    Formulation.FORWARD_ADDITIVE: "gradients and Jacobian are read anew at the warp in every step",
    Formulation.FORWARD_COMPOSITIONAL: "gradients of the warped patch, in every step; the Jacobian never changes",
    Formulation.INVERSE_COMPOSITIONAL: "gradients of the template: images and Hessian are the same in every step",
    Formulation.ESM: "the mean of both gradients: second order for the price of the first",
}


def equations(formulation: str, *, weighted: bool) -> str:
    """Return the equations of one step as Markdown; what differs between formulations has its curve's colour.

    Args:
        formulation: name of one.
        weighted: whether pixels count differently.
    """
    chosen, weight = Formulation(formulation), r"w\," if weighted else ""
    descent, update = (
        rf"\textcolor{{{ALIGNER_COLOURS[chosen]}}}{{{part}}}" for part in (_DESCENT[chosen], _UPDATE[chosen])
    )
    steps = (
        "error $e=I(W)-T$",
        f"steepest-descent images $SD={descent}$",
        rf"Hessian $H=\sum {weight}SD^\top SD$",
        rf"right side $b=\sum {weight}SD^\top e$",
        "update $d=H^{-1}b$",
        f"then ${update}$",
    )
    return f"**{chosen}**: {_TAUGHT[chosen]}.  \n" + " · ".join(steps)
