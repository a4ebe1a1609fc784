"""From how far this template finds its place: the experiment of Baker and Matthews, run here."""

import hashlib
import threading
from dataclasses import replace

import numpy as np
import streamlit as st

from flowlab.core.region import Box
from flowlab.drawing.alignment_plots import convergence_plot, error_plot
from flowlab.drawing.region_inputs import ConvergenceCurve, ErrorCurve
from flowlab.evaluation.convergence import (
    CONVERGED,
    ECC,
    ITERATIONS,
    WAYS,
    Convergence,
    ConvergenceParameters,
)
from flowlab.evaluation.convergence_run import check_experiment, run_experiment
from flowlab.jobs.memory import ByteCache
from flowlab.jobs.ticket import Report
from flowlab.media.tables import csv_table
from flowlab.tracking.affine.choices import Formulation
from flowlab.tracking.affine.inspection import aligner_of
from flowlab.tracking.affine.parameters import AlignParameters

from .chart import plot
from .job_panel import Offer, show_job
from .lab import open_lab
from .plain import plain
from .region_subject import PREFIX, RegionSubject
from .subject import is_dark
from .url import BOUND
from .widgets import control

_KEPT_BYTES = 32 << 20
_PAGE = "pages/affine_tracking.py"
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
    found = _found(subject, origin, box, align, parameters)
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


def _found(
    subject: RegionSubject, origin: int, box: Box, align: AlignParameters, parameters: ConvergenceParameters
) -> Convergence | None:
    """Return the experiment's result; until there is one, offer the job that makes it, or show how it stands."""
    lab, info = open_lab(), subject.info
    question = (info.content_hash, info.width, info.height, origin, box, align, parameters)
    key = f"convergence:{hashlib.sha256(repr(question).encode()).hexdigest()}"
    found = _kept().get(key)
    if found is not None:
        return found
    ticket = lab.board.find(key)
    if ticket is not None and isinstance(ticket.result, Convergence):
        _kept().put(key, ticket.result, ticket.result.nbytes)
        return ticket.result
    seconds = check_experiment(box, parameters)
    words = f"{parameters.draws} draws for each of {len(parameters.sigmas)} sigmas, {len(WAYS)} ways to align"

    def run(report: Report, cancel: threading.Event) -> Convergence:
        grey = subject.clip.frame(origin).grey
        return run_experiment(lab.cluster, grey, box, align, parameters, report, cancel)

    show_job(lab, Offer(key, f"Convergence on {info.name}", f"{PREFIX}c", _PAGE, run, seconds, words, verb="Run",
                        icon=":material/experiment:", unit="starts"))  # fmt: skip
    return None


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
