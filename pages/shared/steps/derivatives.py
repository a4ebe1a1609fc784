"""Step 3: the three derivatives, how they are measured, and what blurring first does."""

import math
from dataclasses import replace

from flowlab.theory.derivatives import BLURS, VIEWS, Derivatives, DerivativesParameters, derivatives

from .derivative_views import view_board
from .measure import dense_query
from .step import Place, Step, Try
from .tex import Tex


def _equation(p: DerivativesParameters, n: Derivatives, tex: Tex) -> str:
    at = p.y, p.x
    f_x, f_y, f_t = (
        tex.live(symbol, float(values[at]), ink, 1)
        for symbol, values, ink in (("f_x", n.fx, "fx"), ("f_y", n.fy, "fy"), ("f_t", n.ft, "ft"))
    )
    now = tex.live("I(x,y,t)", float(n.first[at]), "first", 1)
    later = tex.live("I(x,y,t+dt)", float(n.second[at]), "second", 1)

    def beside(symbol: str, right: int, down: int) -> str:
        return tex.live(symbol, n.brightness_at(p.x + right, p.y + down), "first", 1)

    if p.kernel == "central":
        slope_x = rf"\tfrac12\bigl({beside('I(x+1,y,t)', 1, 0)} - {beside('I(x-1,y,t)', -1, 0)}\bigr)"
        slope_y = rf"\tfrac12\bigl({beside('I(x,y+1,t)', 0, 1)} - {beside('I(x,y-1,t)', 0, -1)}\bigr)"
    else:
        slope_x = rf"\tfrac{{1}}{{{n.divisor}}}\textstyle\sum\,\text{{weight}}\times I"
        slope_y = r"\text{the same, downwards}"
    return f"{f_x} = {slope_x}\n{f_y} = {slope_y}\n{f_t} = {later} - {now}"


def _moved(p: DerivativesParameters, gesture: str, x: float, y: float) -> DerivativesParameters:
    if gesture == "pick":
        return replace(p, x=int(x), y=int(y))
    if gesture == "blur":
        return replace(p, blur=min(BLURS, key=lambda blur: abs(blur - x)))
    wave = DerivativesParameters.field("wave")
    return replace(p, wave=min(wave.high or 0, max(wave.low or 0, round(2 * x) / 2)))


def _place(p: DerivativesParameters) -> Place:
    return Place(
        "pages/dense_flow.py", "Measure this pair on Dense flow",
        "The method lucas-kanade, which steps 5 to 9 build, measures slopes with the same settings, kernel and "
        "blur. The view error on Dense flow shows how far its flow is off.",
        dense_query(derivatives(p).stage.scene, view="error", kernel=p.kernel, blur=p.blur),
    )  # fmt: skip


def _call(p: DerivativesParameters) -> str:
    n = derivatives(p)
    return f"""\
import numpy as np
import flowlab
from flowlab.core.gradients import gradients, smoothed

clip = flowlab.open_clip({n.stage.scene!r})
first, second = (smoothed(clip.frame(number).grey, {p.blur}) for number in (0, 1))
fx, fy = gradients(first, {p.kernel!r})
ft = second - first
u, v = clip.flow(0)[{p.y}, {p.x}]
at = {p.y}, {p.x}
print(fx[at], fy[at], ft[at], "left over", fx[at] * u + fy[at] * v + ft[at])
"""


_NOISY = DerivativesParameters(noise=10.0)
_BLURRY = replace(_NOISY, view=VIEWS[1])
_STRIPES = DerivativesParameters(noise=0.0, wave=16.0, view=VIEWS[2])
STEP = Step(
    name="derivatives",
    title="Three derivatives",
    claim="Every term of the equation is measured from pixels: the slopes $f_x$ and $f_y$ from neighbours, the change "
    "$f_t$ from two pictures. Which neighbours count, and how much one blurs first, decides between noise and detail.",
    parameters=DerivativesParameters,
    compute=derivatives,
    equation=_equation,
    symbols=("fx", "fy", "ft", "I", "I'"),
    board=view_board,
    moved=_moved,
    controls=("view", "kernel", "blur", "noise", "motion", "wave"),
    tries=(
        Try(
            "noise", "Blur the noise", _BLURRY, replace(_BLURRY, blur=1.0),
            "The camera's noise is 10 grey levels. Now both pictures are blurred first, by 1 px: every pixel becomes "
            "an average of its surroundings. What becomes of the error of $f_x$ in the whole picture?",
            ("It falls below half", "It stays: blur harms as much as it helps", "It grows"),
            lambda before, after: _third(before.of("central").error, after.of("central").error),
            lambda before, after: (
                f"It falls from {before.of('central').error:.1f} to {after.of('central').error:.1f} levels/px: noise "
                f"differs from pixel to pixel and averages out, from {before.of('central').noise:.1f} to "
                f"{after.of('central').noise:.1f}. But fine detail goes with it: at 2 px of blur the error is "
                f"{after.sweep.total[BLURS.index(2.0)]:.1f} again."
            ),
        ),
        Try(
            "stripes", "Fine stripes", _STRIPES, replace(_STRIPES, wave=4.0),
            "The line through the two ringed pixels tells the slope between them. Of stripes that repeat every 16 px "
            "this finds nearly all of the slope. Now they repeat every 4 px. How much of the slope does it find?",
            ("Nearly all", "About two thirds", "Nothing"),
            lambda _before, after: 0 if (found := after.of("central").found) > 0.9 else 1 if found > 0.1 else 2,
            lambda before, after: (
                f"{100 * after.of('central').found:.0f} % instead of {100 * before.of('central').found:.0f} %: the "
                "pixels left and right sit on trough and crest, and the line through them is flatter than the stripes "
                f"in between. The five-point kernel, which uses four pixels, finds "
                f"{100 * after.of('five-point').found:.0f} %."
            ),
        ),
        Try(
            "still", "Hold the camera still", _NOISY, replace(_NOISY, motion=0.0),
            "The picture moves by 1 px, and the camera's noise is 10 grey levels. Now nothing moves at all. What does "
            "$f_t$ show?",
            ("Zero everywhere: nothing changes", "Noise, stronger than in one picture", "The picture's edges"),
            lambda _before, after: int(after.change > 1.2 * _NOISY.noise),
            lambda before, after: (
                f"Its typical size in the whole picture falls only from {before.change:.1f} to {after.change:.1f}: it "
                f"is the difference of two noises of 10, about √2 · 10 = {10 * math.sqrt(2):.1f} (step 1). Who "
                "believes $f_t$ sees motion here."
            ),
        ),
    ),
    pitfall="Noise adds to the slopes. And stripes of a few pixels look flatter than they are: the same $f_t$ is then "
    "explained by a flatter slope, which takes a larger motion, so the motion comes out too large. Too much blur takes "
    "away the detail that was to be followed.",
    place=_place,
    call=_call,
    unfold=(
        "What blurring first does, and which picture the slopes are taken from",
        "A blur by $\\sigma$ px (a Gaussian) averages over about $2\\sigma$ px each way. Noise is new in every pixel "
        "and averages out; detail finer than $\\sigma$ goes with it. What remains is smoother, so a tangent (step 2) "
        "holds over a longer way. The slopes here are those of the first picture. The motion happens between the "
        "two, so averaging the slopes of both pictures is better, the same as measuring half way: then $f_x u + f_y v$ "
        "explains more of $f_t$. The method lucas-kanade of steps 5 to 9 does so.",
    ),
)  # fmt: skip


def _third(before: float, after: float) -> int:
    """Return 0 where an error falls below half, 1 where it does not, 2 where it grows."""
    return 0 if after < before / 2 else 1 if after <= before else 2
