"""Step 1: brightness constancy."""

import math
from dataclasses import replace

from flowlab.drawing.board import Arrow, Board, Dot
from flowlab.drawing.board_pictures import grey_panel, grey_rgb, signed_panel
from flowlab.theory.brightness import GAP, TRUE_MOTION, Brightness, BrightnessParameters, brightness

from .step import Place, Step, Try
from .tex import Tex

_SCALE = 60.0  # grey levels: full colour of both differences, so that they can be compared
_TRUE_U, _TRUE_V = TRUE_MOTION


def _equation(p: BrightnessParameters, b: Brightness, tex: Tex) -> str:
    moved = tex.ink(rf"{p.x}+{p.dx:g},\;{p.y}+{p.dy:g}", "flow")
    later = r"I(x+dx,\,y+dy,\,t+dt)"
    return (
        rf"{tex.live('I(x,y,t)', b.now, 'first', 1)} = {tex.live(later, b.later, 'second', 1)}"
        "\n"
        rf"({p.x},{p.y}) \to ({moved}) \qquad {tex.ink('r', 'ft')} = {tex.value(b.later, 'second', 1)} - "
        rf"{tex.value(b.now, 'first', 1)} = {tex.value(b.residual, 'ft', 1)}"
    )


def _board(p: BrightnessParameters, b: Brightness) -> Board:
    x, y = float(p.x), float(p.y)
    picked = (
        Arrow(x, y, p.dx, p.dy, ink="flow", held=True, label=f"displacement ({p.dx:g}, {p.dy:g}) px"),
        Dot(x, y, "square", 6, ink="look", label=f"picked pixel ({p.x}, {p.y}): {b.now:.0f}", link="picked"),
        Dot(x + p.dx, y + p.dy, "ring", 6, ink="flow", held=True, link="picked",
            label=f"where it should be: {b.later:.1f}"),
    )  # fmt: skip
    mark = Dot(x, y, "square", 6, ink="look", link="picked")
    pictures = grey_panel(
        "pictures", "The two pictures: swipe from t to t + dt", b.stage.second,
        beneath=grey_rgb(b.stage.first), names=("t", "t + dt"), marks=picked, gesture="displacement",
        at=(x + p.dx, y + p.dy), snap=0.5, words=_drag_words(p),
    )  # fmt: skip
    still = signed_panel(
        "still", "Difference, nothing moved", b.unmoved, _SCALE, marks=(mark,), ink="ft", gesture="pick", at=(x, y),
        snap=1,
        words=f"Red: brighter later. Mean of |difference|, whole picture: {b.mean_unmoved:.1f}. Click to pick a pixel.",
    )  # fmt: skip
    warped = signed_panel(
        "warped", f"Difference after moving back by ({p.dx:g}, {p.dy:g})", b.warped, _SCALE, marks=(mark,), ink="ft",
        gesture="pick", at=(x, y), snap=1,
        words=f"Mean of |difference|, whole picture: {b.mean_warped:.1f}.{_rim_words(p)}",
    )  # fmt: skip
    return Board(((pictures, still, warped),))


def _drag_words(p: BrightnessParameters) -> str:
    if (p.dx, p.dy) == TRUE_MOTION:
        return "The arrow is at the truth. Drag its head away and see what is left."
    return "Drag the arrow's head to where the point went."


def _rim_words(p: BrightnessParameters) -> str:
    return " Grey rim: moved in from outside, unknown." if p.dx or p.dy else ""


def _moved(p: BrightnessParameters, gesture: str, x: float, y: float) -> BrightnessParameters:
    if gesture == "pick":
        return replace(p, x=int(x), y=int(y))
    limit = BrightnessParameters.field("dx").high or 0
    dx, dy = (min(limit, max(-limit, at)) for at in (x - p.x, y - p.y))
    return replace(p, dx=dx, dy=dy)


def _place(p: BrightnessParameters) -> Place:
    return Place(
        "pages/dense_flow.py", "Measure this pair on Dense flow",
        "The view residual on Dense flow is this difference after moving back, by the flow that a method has found.",
        {"clip": brightness(p).stage.scene, "d_gap": str(GAP), "d_view": "residual"},
    )  # fmt: skip


def _call(p: BrightnessParameters) -> str:
    b = brightness(p)
    return f"""\
import numpy as np
import flowlab
from flowlab.core.resample import warp_back

clip = flowlab.open_clip({b.stage.scene!r})
# frame 0 of the scene is the picture at t, frame {GAP} the one at t + dt
first, second = (clip.frame(n).grey.astype(np.float32) for n in (0, {GAP}))
flow = np.full((*first.shape, 2), ({p.dx}, {p.dy}), np.float32)
residual = warp_back(second, flow) - first
print(first[{p.y}, {p.x}], residual[{p.y}, {p.x}])
"""


def _change(before: float, after: float) -> int:
    """Return 0 where a mean falls below half, 1 where it stays, 2 where it more than doubles."""
    return 0 if after < before / 2 else 2 if after > 2 * before + 1 else 1


_TRUE = BrightnessParameters()
_NOISY = replace(_TRUE, noise=10.0)
_ALONE = _NOISY.noise * math.sqrt(2 / math.pi)  # mean size of normal noise
STEP = Step(
    name="brightness",
    title="A pixel keeps its brightness",
    claim="While a point moves, its brightness stays: the grey level seen here now is seen there a moment later.",
    parameters=BrightnessParameters,
    compute=brightness,
    equation=_equation,
    symbols=("I", "I'", "dx", "dt", "r"),
    board=_board,
    moved=_moved,
    controls=("dx", "dy", "light", "noise"),
    tries=(
        Try(
            "light", "Dim the light", _TRUE, replace(_TRUE, light=-30.0),
            "The true motion is set, and nothing is left of the difference (right). Now the light dims by 30 % between "
            "the two pictures. What becomes of the difference after moving back?",
            ("It stays as small: the motion is still right", "It becomes large, although the motion is right"),
            lambda before, after: int(_change(before.mean_warped, after.mean_warped) == 2),
            lambda before, after: (
                f"Its mean over the whole picture rises from {before.mean_warped:.1f} to {after.mean_warped:.1f} grey "
                f"levels. The picked point had {after.now:.0f} and arrives with {after.later:.0f}: it did not keep its "
                "brightness."
            ),
        ),
        Try(
            "half", "Go half the way", replace(_TRUE, dx=0.0, dy=0.0), replace(_TRUE, dx=_TRUE_U / 2, dy=_TRUE_V / 2),
            f"The blobs are about as wide as the whole move ({math.hypot(*TRUE_MOTION):.0f} px). You move back by half "
            f"of the true motion, ({_TRUE_U / 2:g}, {_TRUE_V / 2:g}). "
            "Does half of the mean difference over the whole picture go away?",
            ("Yes, at least half goes", "No, less than half goes"),
            lambda before, after: int(after.mean_warped > before.mean_warped / 2),
            lambda before, after: (
                f"Its mean over the whole picture only falls from {before.mean_warped:.1f} to {after.mean_warped:.1f}: "
                f"still {math.hypot(*TRUE_MOTION) / 2:.1f} px off, most blobs lie on a neighbour of other brightness, "
                f"and only single pixels do better: the picked one goes from {before.residual:.0f} to "
                f"{after.residual:.0f}."
            ),
        ),
        Try(
            "noise", "Add noise", _TRUE, _NOISY,
            f"The camera adds noise: in both pictures every pixel is off, by {_ALONE:.0f} grey levels on average (a "
            f"standard deviation of {_NOISY.noise:g}), a little up or down as chance has it. How large is the mean of "
            "|difference| after moving back by the true motion?",
            (
                "About 0: the two noises cancel",
                f"More than {_ALONE:.0f}, but less than twice as much",
                f"{2 * _ALONE:.0f}: the two noises add up",
            ),
            lambda _before, after: sum(after.mean_warped > share * _ALONE for share in (0.5, 1.8)),
            lambda _before, after: (
                f"It is {after.mean_warped:.1f}: in some pixels the two noises go the same way and cancel, in others "
                f"they go opposite ways and add up. On the whole that makes √2 times one noise, {_ALONE:.0f} · 1.4."
            ),
        ),
    ),
    pitfall="A shadow, a highlight, a lamp or automatic exposure changes brightness without motion; something that "
    "hides the point leaves nothing to compare. Then the equation is wrong, and nothing in it says so.",
    place=_place,
    call=_call,
)  # fmt: skip
