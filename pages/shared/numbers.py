"""The row of numbers people compare."""

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo
from flowlab.core.region import Selection
from flowlab.core.units import Units
from flowlab.dense.trust import TrustParameters
from flowlab.evaluation.metrics import FlowStatistics, flow_statistics, mean_error, share_above
from flowlab.jobs.answer import Answer

from .marks import factor_of
from .plain import plain

_KEPT: WeakKeyDictionary[Answer, dict[object, "Numbers"]] = WeakKeyDictionary()
"""Numbers of the answers that are still in memory: looking at another view asks for the same ones again."""


@dataclass(frozen=True)
class Errors:
    """Distance to the truth over some pixels: its mean in px, and the share above 1 px."""

    epe: float
    r1: float


@dataclass(frozen=True)
class Numbers:
    """What the row tells of an answer: of the whole picture or of a selection; `trusted` where trust is on."""

    speed: FlowStatistics
    residual: float
    trusted: float | None
    removed: int | None
    errors: Errors | None
    errors_trusted: Errors | None


def work_out(answer: Answer, selection: Selection, info: ClipInfo, trust: TrustParameters | None) -> Numbers:
    """Return the numbers of an answer, worked out once."""
    kept = _KEPT.setdefault(answer, {})
    if (selection, trust) not in kept:
        kept[selection, trust] = _numbers(answer, selection, info, trust)
    return kept[selection, trust]


def _numbers(answer: Answer, selection: Selection, info: ClipInfo, trust: TrustParameters | None) -> Numbers:
    counts = None if selection.is_all else selection.mask(info.height, info.width, factor_of(info))
    believed = None if trust is None else answer.trust(trust).mask
    errors = errors_trusted = None
    if answer.error is not None:
        visible = answer.pair.visible
        judged = visible if counts is None or visible is None else visible & counts
        errors = _errors_over(answer.error, judged)
        if believed is not None:
            errors_trusted = _errors_over(answer.error, believed if judged is None else judged & believed)
    share = removed = None
    if answer.removed is not None:
        removed = int((answer.removed if counts is None else answer.removed[counts]).sum())
    if believed is not None:
        share = float((believed if counts is None else believed[counts]).mean())
    speed, residual = flow_statistics(answer.flow, counts), answer.mean_residual(counts)
    return Numbers(speed, residual, share, removed, errors, errors_trusted)


def _errors_over(error: NDArray[np.float64], counts: NDArray[np.bool_] | None) -> Errors:
    return Errors(mean_error(error, counts), share_above(error, 1.0, counts))


def show_numbers(
    info: ClipInfo,
    answer: Answer,
    numbers: Numbers,
    units: Units,
    selection: Selection,
    *,
    trust_follows: bool = False,
) -> None:
    """Show speed, residual, trust, error where the truth is known, and time; then what the clip is.

    With `trust_follows` the place of a trust that was not worked out yet is kept.
    """
    per = "" if units.seconds else " in one step"
    rows = [
        ("Median speed", _speed(numbers.speed.median_speed, units), f"Half of the pixels move slower{per}."),
        ("95 % below", _speed(numbers.speed.p95_speed, units), f"95 % of the pixels move slower{per}."),
        (
            "Residual",
            _number(numbers.residual, ".2f", ""),
            "Mean difference in grey levels between the first frame and the second warped back by the flow: "
            "0 explains everything.",
        ),
    ]
    if numbers.trusted is not None or trust_follows:
        about = "Share of the pixels whose vector passes every test of trust; the view Trust shows which fail, and why."
        rows.append(("Trusted", "…" if numbers.trusted is None else _number(numbers.trusted, ".1%", ""), about))
    if numbers.removed is not None:
        about = "Vectors that the normalised median test (Westerweel & Scarano 2005) took out."
        rows.append(("Outliers", f"{numbers.removed:,}", about))
    if numbers.errors is not None:
        rows += _errors(numbers.errors, numbers.errors_trusted, units)
    rows.append(("Time", _milliseconds(answer.seconds), "Of the estimation alone, for this pair."))
    with st.container(horizontal=True, gap="medium", key="d_numbers"):
        for label, value, about in rows:
            st.metric(label, value, help=about)
    _facts(info, selection)
    if answer.pair.truth_note:
        st.info(plain(f"No error against the truth: {answer.pair.truth_note}"))


def _errors(errors: Errors, trusted: Errors | None, units: Units) -> list[tuple[str, str, str]]:
    """Return the rows of the error against the truth, of all pixels and of the trusted ones."""
    both = "" if trusted is None else " First of all pixels, then of the trusted ones alone."
    each = [errors] if trusted is None else [errors, trusted]
    form = ".3f" if units.factor == 1 else ".4g"
    epe = " / ".join(_number(one.epe * units.factor, form, "") for one in each)
    epe += f" {units.speed if units.seconds else units.length}"
    outliers = " / ".join(_number(one.r1, ".1%", "") for one in each)
    return [
        ("Endpoint error", epe, "Mean distance to the true flow, where it is visible in both frames." + both),
        ("Off by > 1 px", outliers, "Share of those pixels more than 1 px from the truth." + both),
    ]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds >= 1e-3 else "< 1 ms"


def _number(value: float, form: str, unit: str) -> str:
    return "–" if math.isnan(value) else format(value, form) + unit


def _speed(px: float, units: Units) -> str:
    if units.factor == 1:
        return _number(px, ".2f", f" {units.speed}")
    return _number(px * units.factor, ".4g", f" {units.speed}")


def _facts(info: ClipInfo, selection: Selection) -> None:
    """Say in one line what the clip is and which part of it the numbers are of; then what a person should know."""
    scaled = f" (1 px is {float(info.factor[0]):.4g} px of the clip)" if info.is_scaled else ""
    declared = "" if info.declared in (None, info.frame_count) else f" of {info.declared} declared"
    facts = [
        f"{info.width}x{info.height} px{scaled}",
        f"{info.frame_count} frames{declared}",
        f"{float(info.fps):.4g} frames/s"
        + (", uneven" if info.variable_rate else ", assumed" if info.kind == "pictures" else ""),
        info.codec or info.kind,
    ]
    if selection.region:
        facts.append(f"numbers of the region {selection.region} only")
    if selection.excluded:
        facts.append(f"{len(selection.excluded)} area{'s' * (len(selection.excluded) > 1)} left out")
    st.caption(plain(f"{info.name}: " + " · ".join(facts)))
    show_losses(info)


def show_losses(info: ClipInfo) -> None:
    """Say what of the clip is lost, and what else a person should know of it."""
    if info.damaged:
        st.warning(plain(f"{info.damaged} frames of this clip are damaged: what could be saved is shown."))
    if info.note:
        st.info(plain(info.note))
