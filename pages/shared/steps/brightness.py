"""Step 1: brightness constancy."""

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
        rf"\begin{{gathered}}{tex.live('I(x,y,t)', b.now, 'first', 0)} \;=\; {tex.live(later, b.later, 'second', 1)}"
        rf"\\[.9em] ({p.x},{p.y}) \to ({moved})\qquad {tex.ink('r', 'ft')} = {tex.value(b.later, 'second', 1)} - "
        rf"{tex.value(b.now, 'first', 0)} = {tex.value(b.residual, 'ft', 1)}\end{{gathered}}"
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
        at=(x + p.dx, y + p.dy), snap=0.5, words="Drag the arrow's head to guess where the point went.",
    )  # fmt: skip
    still = signed_panel(
        "still", "Difference, nothing moved", b.unmoved, _SCALE, marks=(mark,), ink="ft", gesture="pick", at=(x, y),
        snap=1, words=f"mean size {b.mean_unmoved:.1f} grey levels · click to pick a pixel",
    )  # fmt: skip
    warped = signed_panel(
        "warped", f"Difference after moving back by ({p.dx:g}, {p.dy:g})", b.warped, _SCALE, marks=(mark,), ink="ft",
        gesture="pick", at=(x, y), snap=1, words=f"mean size {b.mean_warped:.1f} grey levels",
    )  # fmt: skip
    return Board(((pictures, still, warped),))


def _moved(p: BrightnessParameters, gesture: str, x: float, y: float) -> BrightnessParameters:
    if gesture == "pick":
        return replace(p, x=int(x), y=int(y))
    limit = BrightnessParameters.field("dx").high or 0
    dx, dy = (min(limit, max(-limit, at)) for at in (x - p.x, y - p.y))
    return replace(p, dx=dx, dy=dy)


def _place(p: BrightnessParameters) -> Place:
    return Place(
        "pages/dense_flow.py", "Measure this pair on Dense flow",
        "The view residual there is this difference after warping, for the flow a method has found.",
        {"clip": brightness(p).stage.scene, "d_gap": str(GAP), "d_view": "residual"},
    )  # fmt: skip


def _call(p: BrightnessParameters) -> str:
    b = brightness(p)
    return f"""\
import numpy as np
import flowlab
from flowlab.core.resample import warp_back

clip = flowlab.open_clip({b.stage.scene!r})
first, second = (clip.frame(n).grey.astype(np.float32) for n in (0, {GAP}))
flow = np.full((*first.shape, 2), ({p.dx}, {p.dy}), np.float32)
residual = warp_back(second, flow) - first
print(first[{p.y}, {p.x}], residual[{p.y}, {p.x}])
"""


def _change(before: float, after: float) -> int:
    """Return 0 where a mean falls below half, 1 where it stays, 2 where it more than doubles."""
    return 0 if after < before / 2 else 2 if after > 2 * before + 1 else 1


_TRUE = BrightnessParameters()
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
            "The true motion is set, and nothing is left of the difference. Now the light dims by 30 % between the two "
            "pictures. What becomes of the difference after warping?",
            ("It stays as small: the motion is still right", "It becomes large, although the motion is right"),
            lambda before, after: int(_change(before.mean_warped, after.mean_warped) == 2),
            lambda before, after: (
                f"It rises from {before.mean_warped:.1f} to {after.mean_warped:.1f} grey levels: the point went from "
                f"{after.now:.0f} to {after.later:.0f} where it arrived, so brightness constancy does not hold."
            ),
        ),
        Try(
            "half", "Go half the way", replace(_TRUE, dx=0.0, dy=0.0), replace(_TRUE, dx=_TRUE_U / 2, dy=_TRUE_V / 2),
            "With no displacement the mean difference is large. You move back by half the true motion, (2.5, 4). "
            "Does half of the difference go away?",
            ("Yes, at least half goes", "No, less than half goes"),
            lambda before, after: int(after.mean_warped > before.mean_warped / 2),
            lambda before, after: (
                f"It only falls from {before.mean_warped:.1f} to {after.mean_warped:.1f}: detail finer than the "
                "remaining distance meets other detail, so being half right explains little."
            ),
        ),
        Try(
            "noise", "Add noise", _TRUE, replace(_TRUE, noise=10.0),
            "The camera adds noise of standard deviation 10 to both pictures. With the true motion, how large is the "
            "mean size of what is left?",
            ("0, as before: noise cancels", "About 10 grey levels: noise of two pictures adds up"),
            lambda _before, after: int(after.mean_warped > 5),
            lambda _before, after: (
                f"It is {after.mean_warped:.1f}: the two noises are independent, so their difference spreads by "
                "√2 · 10 = 14, whose mean size is 11; reading between pixels would smooth it a little."
            ),
        ),
    ),
    pitfall="A shadow, a highlight, a lamp or automatic exposure changes brightness without motion; something that "
    "hides the point leaves nothing to compare. Then the equation is wrong, and no method that rests on it can tell.",
    place=_place,
    call=_call,
)  # fmt: skip
