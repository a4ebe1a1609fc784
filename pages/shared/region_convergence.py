"""From how far this template finds its place: the experiment of Baker and Matthews, run here."""

import time
from dataclasses import replace

import numpy as np
import streamlit as st

from flowlab.core.region import Box
from flowlab.drawing.alignment_plots import convergence_plot, error_plot
from flowlab.drawing.region_inputs import ConvergenceCurve, ErrorCurve
from flowlab.engine.slot import SupersededError
from flowlab.errors import ParameterError
from flowlab.evaluation.convergence import (
    CONVERGED,
    ECC,
    ITERATIONS,
    WAYS,
    Convergence,
    ConvergenceParameters,
    converge,
    convergence_seconds,
)
from flowlab.jobs.memory import ByteCache
from flowlab.media.tables import csv_table
from flowlab.tracking.affine.choices import Formulation
from flowlab.tracking.affine.inspection import aligner_of
from flowlab.tracking.affine.parameters import AlignParameters

from .chart import plot
from .job_words import duration
from .lab import KeptFrames, session_slot
from .plain import plain
from .region_subject import PREFIX, RegionSubject
from .subject import is_dark
from .url import BOUND
from .widgets import control

_KEPT_BYTES = 32 << 20
_MOST_SECONDS = 60.0
_LOOKED_AT = 0.1  # s between two changes of the bar
_CONTROLS = f"{PREFIX}c_"
_ALL = "all"


def show_convergence(subject: RegionSubject) -> None:
    """Show what is tried, and what came of it; run it when asked to."""
    origin = max([frame for frame in subject.keyframes if frame <= subject.frame], default=subject.start)
    box, align = subject.keyframes.get(origin, subject.box), _align(subject)
    blurred = f", blurred by {align.blur} px" if align.blur > 1 else ""
    st.caption(plain(
        f"The template of frame {origin}, {box.w:g}x{box.h:g} px, started at random around its place in that frame: "
        f"canonical points moved by a Gaussian of sigma, {ITERATIONS} iterations on one level, converged = within "
        f"{CONVERGED:g} px. Motion: {align.motion}, brightness: {align.photometry}{blurred}. Every way to align sees "
        "the same draws (Baker & Matthews 2004, section 3.4)."
    ))  # fmt: skip
    parameters = _controls()
    key = (subject.info.content_hash, subject.info.width, origin, box, align, parameters)
    found = _kept().get(key) or _run(subject, origin, box, align, parameters, key)
    if found is not None:
        _curves(found)
        _table(found)


def _align(subject: RegionSubject) -> AlignParameters:
    """Return what of the tracker's alignment matters here, so that nothing else asks for another experiment."""
    own, usual = aligner_of(subject.parameters), AlignParameters()
    kept = ("motion", "photometry", "blur", "blur_sigma", "weights", "centre")
    return replace(usual, **{name: getattr(own, name) for name in kept})


def _controls() -> ConvergenceParameters:
    """Show what may be chosen, in two rows."""
    values = {}
    fields = list(ConvergenceParameters.fields())
    for row in (fields[:3], fields[3:]):
        for column, field in zip(st.columns(3), row, strict=True):
            with column:
                values[field.name] = control(field, _CONTROLS + field.name, field.default, **BOUND)
    return ConvergenceParameters(**values)  # type: ignore[arg-type]


@st.cache_resource
def _kept() -> ByteCache[Convergence]:
    """Return the experiments made lately, of all sessions."""
    return ByteCache(_KEPT_BYTES)


def _run(
    subject: RegionSubject, origin: int, box: Box, align: AlignParameters, parameters: ConvergenceParameters,
    key: tuple[object, ...],
) -> Convergence | None:  # fmt: skip
    """Offer to run it, and run it with a bar; Stop, or any other control, ends it at its next draw."""
    seconds, sigmas = convergence_seconds(box, parameters), len(parameters.sigmas)
    words = f"{parameters.draws} draws for each of {sigmas} sigmas, {len(WAYS)} ways to align"
    if seconds > _MOST_SECONDS:
        raise ParameterError(
            f"{words} would take about {duration(seconds)}, more than the {_MOST_SECONDS:g} s of a page: choose fewer "
            "draws or sigmas, or a smaller box"
        )
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        asked = st.button("Run", type="primary", key=f"{PREFIX}c_run", icon=":material/experiment:")
        st.caption(f"{words}, about {duration(seconds)}.")
    if not asked:
        return None
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Starting …")
        st.button("Stop", key=f"{PREFIX}c_stop", icon=":material/close:")
    found: Convergence | None = None
    shown = 0.0
    try:
        with session_slot().turn():
            grey = KeptFrames(subject.clip).frame(origin).grey
            for share, result in converge(grey, box, align, parameters):
                found = result
                st.session_state.get("_playing")  # any access lets a newer run take over
                if time.monotonic() - shown > _LOOKED_AT:
                    shown = time.monotonic()
                    bar.progress(share, f"{share:.0%} of {parameters.draws * sigmas} draws")
    except SupersededError:
        st.stop()
    assert found is not None, "an experiment ends with a result or an error"
    _kept().put(key, found, found.nbytes)
    place.empty()
    return found


def _curves(found: Convergence) -> None:
    dark = is_dark()
    left, right = st.columns(2)
    with left:
        curves = []
        for way in found.errors:
            share, low, high = found.share(way)
            curves.append(ConvergenceCurve(way, found.sigmas, share, low, high))
        words = f"How often each way converges, of {found.draws} draws a sigma, with 95 % intervals (Wilson 1927)."
        plot(convergence_plot(curves, dark=dark), key="a_converged", height=340, words=words)
    with right:
        names = [_ALL, *(f"{sigma:g}" for sigma in found.sigmas)]
        chosen = st.selectbox("Sigma (px)", names, key=f"{_CONTROLS}at", **BOUND)
        place = None if chosen == _ALL or chosen not in names else names.index(chosen) - 1
        errors, count = found.mean_errors(place)
        if not count:
            st.info("In no draw did every way converge: choose a smaller sigma.")
            return
        figure = error_plot([ErrorCurve(way, error) for way, error in errors.items()], dark=dark)
        words = f"How fast: mean over the {count} draws in which every way converged."
        plot(figure, key="a_error", height=270, words=words)


def _table(found: Convergence) -> None:
    """Show the numbers of each sigma, and what a step of each way took."""
    shares = {way: found.share(way) for way in found.errors}
    inverse, additive = Formulation.INVERSE_COMPOSITIONAL.value, Formulation.FORWARD_ADDITIVE.value
    more, least, most = found.difference(inverse, additive)
    rows = {"sigma (px)": [f"{sigma:g}" for sigma in found.sigmas]}
    rows |= {f"{way} (%)": [f"{100 * value:.1f}" for value in share] for way, (share, _, _) in shares.items()}
    rows["inverse − forward additive (points)"] = [
        f"{100 * value:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
        for value, low, high in zip(more, least, most, strict=True)
    ]
    with st.container(key="a_convergence_table"):
        st.table(rows, hide_index=True, border="horizontal")
    took = ", ".join(f"{way} {1e3 * seconds:.2f} ms" for way, seconds in found.seconds.items())
    st.caption(plain(
        f"A step took, here and now: {took}. {ECC} is cv2.findTransformECC, one iteration a call, which prepares both "
        "pictures anew in each."
    ))  # fmt: skip
    columns = {"sigma": found.sigmas}
    for way, (share, low, high) in shares.items():
        columns |= {way: share, f"{way}_low": low, f"{way}_high": high}
    columns |= {"difference": more, "difference_low": least, "difference_high": most}
    st.download_button(
        "Download convergence.csv", lambda: csv_table({name: np.asarray(column) for name, column in columns.items()}),
        file_name="convergence.csv", mime="text/csv", key=f"{PREFIX}get_convergence", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip
