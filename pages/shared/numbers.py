"""The row of numbers people compare."""

import math

import streamlit as st

from flowlab.core.clip import ClipInfo

from .lab import Answer
from .plain import plain


def show_numbers(info: ClipInfo, answer: Answer, gap: int) -> None:
    """Show speed, residual, error where the truth is known, and time; then what the clip is."""
    per = "a frame" if gap == 1 else f"in {gap} frames"
    rows = [
        ("Median speed", _number(answer.speed.median_speed, ".2f", " px"), f"Half of the pixels move slower ({per})."),
        ("95 % below", _number(answer.speed.p95_speed, ".2f", " px"), f"95 % of the pixels move slower ({per})."),
        (
            "Residual",
            _number(answer.residual, ".2f", ""),
            "Mean difference in grey levels between the first frame and the second warped back by the flow: "
            "0 explains everything.",
        ),
    ]
    if answer.errors is not None:
        about = "Mean distance to the true flow, where it is visible in both frames."
        rows.append(("Endpoint error", _number(answer.errors.epe, ".3f", " px"), about))
        about = "Share of those pixels more than 1 px from the truth."
        rows.append(("Off by > 1 px", _number(answer.errors.r1, ".1%", ""), about))
    rows.append(("Time", _milliseconds(answer.seconds), "Of the estimation alone, for this pair."))
    with st.container(horizontal=True, gap="medium"):
        for label, value, about in rows:
            st.metric(label, value, help=about)
    _facts(info)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds >= 1e-3 else "< 1 ms"


def _number(value: float, form: str, unit: str) -> str:
    return "–" if math.isnan(value) else format(value, form) + unit


def _facts(info: ClipInfo) -> None:
    """Say in one line what the clip is, and what a person should know of it."""
    scaled = f" (1 px is {float(info.factor[0]):.4g} px of the clip)" if info.is_scaled else ""
    declared = "" if info.declared in (None, info.frame_count) else f" of {info.declared} declared"
    facts = [
        f"{info.width}x{info.height} px{scaled}",
        f"{info.frame_count} frames{declared}",
        f"{float(info.fps):.4g} frames/s" + (", uneven" if info.variable_rate else ""),
        info.codec or info.kind,
    ]
    st.caption(plain(f"{info.name}: " + " · ".join(facts)))
    if info.damaged:
        st.warning(plain(f"{info.damaged} frames of this clip are damaged: what could be saved is shown."))
    if info.note:
        st.info(plain(info.note))
