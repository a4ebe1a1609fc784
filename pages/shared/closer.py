"""Looking closer: how motion is distributed, its course along a line and over time, and how good trust is."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from flowlab.core.region import profile
from flowlab.dense.trust import Reason, Trust, TrustParameters
from flowlab.drawing.categories import CATEGORY_COLOURS
from flowlab.drawing.inks import inks
from flowlab.drawing.plots import direction_rose, profile_plot, sparsification_plot, speed_histogram
from flowlab.errors import ParameterError
from flowlab.evaluation import distribution
from flowlab.evaluation.metrics import flow_statistics
from flowlab.evaluation.sparsification import sparsification

from .chart import plot
from .over_time import show_over_time
from .plain import plain
from .subject import PANEL, Array, Subject, course, is_dark, offer_table
from .url import BOUND
from .whole_clip import show_whole_clip


def look_closer(subject: Subject) -> None:
    """Show a row of ways to look closer, and the one chosen."""
    chosen = st.segmented_control("Look closer", list(_PANELS), key=PANEL, **BOUND)
    if chosen:
        try:
            _PANELS[chosen](subject)
        except ParameterError as error:
            st.warning(plain(error))


def _distribution(subject: Subject) -> None:
    units, flow = subject.units, subject.answer.flow
    rose = distribution.direction_rose(flow, subject.counts)
    histogram = distribution.speed_histogram(flow, subject.counts)
    typical = flow_statistics(flow, subject.counts)
    left, right = st.columns(2)
    with left:
        figure = direction_rose(
            rose.shares, rose.mean_speeds * units.factor, unit=units.speed, scale=subject.look.scale * units.factor,
            dark=is_dark(),
        )  # fmt: skip
        words = f"Where pixels move to: {rose.moving:.0%} of them move, the others less than {units.told(0.1)}."
        plot(figure, key="d_rose", height=300, words=words)
    with right:
        marks = {"median": typical.median_speed * units.factor, "95 %": typical.p95_speed * units.factor}
        figure = speed_histogram(
            histogram.edges * units.factor, histogram.counts, unit=units.speed, marks=marks, dark=is_dark()
        )
        plot(figure, key="d_histogram", height=300, words="How many pixels move how fast.")


def _profile(subject: Subject) -> None:
    line, units = subject.marks.line, subject.units
    if line is None:
        st.info("Choose the tool Line above the picture, and drag across it: the motion along the line appears here.")
        return
    read = profile(subject.answer.flow, line, subject.factor)
    series = course(read.u, read.v, units)
    if subject.answer.pair.truth is not None:
        true = profile(subject.answer.pair.truth, line, subject.factor)
        series |= {"true u": true.u * units.factor, "true v": true.v * units.factor}
    along = read.distance / subject.factor[0] * units.per_px
    x_title = f"distance along the line ({units.length})"
    figure = profile_plot(
        along, series, x_title=x_title, y_title=f"motion ({units.speed})", unit=units.speed, dark=is_dark()
    )
    plot(figure, key="d_profile", height=300, words="Motion along the line, from its dot to its arrow.")
    offer_table(
        "profile.csv", {x_title: along} | {f"{name} ({units.speed})": values for name, values in series.items()}
    )


def _trust_curve(subject: Subject) -> None:
    answer, error = subject.answer, subject.answer.error
    if error is None:
        st.info("This clip does not know its true motion: choose a scene or a data set, and the curve appears here.")
        return
    counts = np.isfinite(error) if subject.counts is None else np.isfinite(error) & subject.counts
    if not counts.any():
        st.info("The truth is unknown at every pixel that counts.")
        return
    trust = answer.trust(subject.trust or TrustParameters())
    # Orange and red name tests that failed; all of them together have the ink of words.
    curves, colours = {}, {}
    for reason, doubt in _doubts(trust).items():
        curve = sparsification(error[counts], doubt[counts])
        name = f"{_TESTS[reason]} {curve.ause:.3f}"
        curves[name] = curve.error
        known = "rgb({},{},{})".format(*CATEGORY_COLOURS[reason])
        colours[name] = inks(is_dark()).text if reason is Reason.TRUSTED else known
    figure = sparsification_plot(curve.kept, curves, curve.oracle, colours=colours, dark=is_dark())
    words = (
        "Mean error of what is kept when the most doubtful pixels are left out first: the lower, the better the tests "
        "know where the flow is wrong. The number beside each is its AUSE, the area above the best possible "
        "(Ilg et al. 2018)."
    )
    plot(figure, key="d_trust_curve", height=320, words=words)


_TESTS = {
    Reason.TRUSTED: "all tests",
    Reason.INCONSISTENT: "forward-backward",
    Reason.FLAT: "texture",
    Reason.UNEXPLAINED: "residual",
    Reason.ABRUPT: "deviation",
}


def _doubts(trust: Trust) -> dict[Reason, Array]:
    """Return what ranks the pixels, from the least doubtful: all tests together, and each alone by what fails it."""
    return {
        Reason.TRUSTED: trust.doubt,
        Reason.INCONSISTENT: trust.forward_backward,
        Reason.FLAT: -trust.min_eigenvalue,
        Reason.UNEXPLAINED: trust.residual,
        Reason.ABRUPT: trust.deviation,
    }


_PANELS: dict[str, Callable[[Subject], None]] = {
    "distribution": _distribution,
    "profile": _profile,
    "over time": show_over_time,
    "trust curve": _trust_curve,
    "whole clip": show_whole_clip,
}
