"""One pair of frames, looked into: what every step of the alignment saw, and what it made of it."""

from dataclasses import replace

import numpy as np
import streamlit as st

from flowlab.drawing.alignment_plots import eigenvalues_plot, hessian_plot, trace_plot
from flowlab.drawing.region_inputs import AlignmentTrace
from flowlab.drawing.template_mosaic import template_mosaic
from flowlab.engine.slot import SupersededError
from flowlab.jobs.memory import ByteCache
from flowlab.media.encode import encode_jpeg
from flowlab.tracking.affine.align import Alignment
from flowlab.tracking.affine.choices import Photometry, Stopping, Weights
from flowlab.tracking.affine.inspection import InspectedStep, Inspection, aligner_of, inspect_pair
from flowlab.tracking.affine.memory import farthest
from flowlab.tracking.affine.parameters import AlignParameters

from .chart import plot
from .lab import KeptFrames, session_slot
from .plain import plain
from .region_equations import equations
from .region_subject import PREFIX, RegionSubject
from .subject import is_dark
from .url import BOUND, set_whole_number, whole_number

_KEPT_BYTES = 192 << 20
_QUALITY = 88
_STEP = f"{PREFIX}step"
_MSE = "SSD a pixel (grey levels²)"


def show_inspect(subject: RegionSubject) -> None:
    """Show the alignment of the template to the frame, step by step."""
    origin = max([frame for frame in subject.keyframes if frame <= subject.frame], default=subject.start)
    if origin == subject.frame:
        last = subject.info.frame_count - 1
        where = f"choose frame {origin + 1}" if origin < last else "track from an earlier frame"
        st.info(f"The template is taken from frame {origin}: {where} to see it aligned to another one.")
        return
    parameters, light = _choose_parameters(subject)
    found = _inspected(subject, origin, parameters)
    _tell_what(subject, origin, light)
    if not found.alignment.steps:
        st.warning("No step was taken: too little of the template lies in the picture. Choose an earlier frame.")
        return
    number = _choose_step(found.alignment)
    step = found.step(number)
    _numbers(found, step)
    st.markdown(equations(parameters.formulation, weighted=_is_weighted(parameters)))
    _pictures(step)
    _traces(found, number)
    _system(step)


# -- what is asked for ---------------------------------------------------------------------------


def _choose_parameters(subject: RegionSubject) -> tuple[AlignParameters, str]:
    """Return the alignment's parameters, with or without a correction of brightness, and the words for that."""
    chosen = aligner_of(subject.parameters)
    corrects = chosen.photometry != Photometry.NONE
    # Two names: each is left out of the address where it stands as the tracker has it.
    name = f"{PREFIX}light" if corrects else f"{PREFIX}light_added"
    about = "Off: patches are compared as they are, and a change of light looks like motion."
    if not st.toggle("Brightness correction", corrects, key=name, help=about, **BOUND):
        return replace(chosen, photometry=Photometry.NONE.value), "compared as they are"
    photometry = Photometry(chosen.photometry) if corrects else Photometry.UNIT_VARIANCE
    return replace(chosen, photometry=photometry.value), f"brightness by {photometry}"


def _is_weighted(parameters: AlignParameters) -> bool:
    return parameters.centre or parameters.weights != Weights.NONE


def _tell_what(subject: RegionSubject, origin: int, light: str) -> None:
    words = (
        f"The template of frame {origin} is aligned to frame {subject.frame}, from where the region was in frame "
        f"{subject.frame - 1}; {light}."
    )
    if not isinstance(subject.parameters, AlignParameters):
        words += f" {subject.tracker.title} shows no steps: these are flowlab's, inverse compositional and affine."
    elif subject.tracker.name != "ic-affine":
        words += " The tracker itself may start nearer, predict, or use a later template: this is the plain alignment."
    st.caption(plain(words))


def _choose_step(alignment: Alignment) -> int:
    """Return the number of the step to look at, from 0."""
    count = len(alignment.steps)
    number = whole_number(_STEP, 1, count)
    slider = f"{_STEP}_slider"
    st.session_state[slider] = number

    def moved() -> None:
        set_whole_number(_STEP, st.session_state[slider], 1)

    if count > 1:
        about = "Iterations through all levels, the coarsest first; arrow keys go from one to the next."
        st.slider("Iteration", 1, count, key=slider, on_change=moved, help=about)
    return number - 1


@st.cache_resource
def _kept() -> ByteCache[Inspection]:
    """Return the alignments looked into lately, of all sessions: another step of one asks for no new one."""
    return ByteCache(_KEPT_BYTES)


def _inspected(subject: RegionSubject, origin: int, parameters: AlignParameters) -> Inspection:
    """Return the pair's alignment by every formulation; a newer request of the session ends this one."""
    info, box = subject.info, subject.keyframes.get(origin, subject.box)
    start = subject.track.at(subject.frame - 1).warp[0]
    key = (info.content_hash, info.width, origin, subject.frame, box, start.tobytes(), parameters)
    found = _kept().get(key)
    if found is None:
        frames = KeptFrames(subject.clip)
        try:
            with session_slot().turn():
                found = inspect_pair(frames.frame(origin), box, frames.frame(subject.frame), start, parameters)
                _ = found.by_formulation  # worked out here, while this session's turn lasts
        except SupersededError:
            st.stop()
        _kept().put(key, found, found.nbytes)
    return found


# -- what is shown -------------------------------------------------------------------------------


def _numbers(found: Inspection, step: InspectedStep) -> None:
    taken, done = step.step, found.alignment
    level = f"{taken.level}" + (" (the picture)" if taken.level == 0 else f" (1/{2**taken.level})")
    told = [
        ("Level", level, "Of the pyramid: the picture itself is level 0, each further one half its size."),
        ("SSD", f"{step.ssd:,.0f}", "Weighted sum of squared errors before this step, grey levels²."),
        ("… a pixel", f"{taken.error:.1f}", "The same over the pixels that count: what the step makes smaller."),
        ("Corners moved", f"{taken.moved:.3g} px", "By this step, the farthest of the four, in pixels of the frame."),
        ("Condition", f"{step.condition:.2g}",
         "Largest over smallest eigenvalue of the Hessian, parameters in their own units."),
        ("… in unit steps", f"{step.condition_in_unit_steps:.2g}",
         "The same where each parameter is counted in steps that move the template's rim by about 1 px, which is how "
         "the equations are solved. Near 1: all motions can be told apart; thousands: some cannot."),
        ("NCC at the end", f"{done.ncc:.3f}", "Normalised correlation of template and patch after the last step."),
    ]  # fmt: skip
    with st.container(horizontal=True, gap="medium", key="a_step_numbers"):
        for label, value, about in told:
            st.metric(label, value, help=about)
    if done.fell_apart:
        st.warning("On the way the template folded up, blew up or left the picture: the tracker would not believe it.")


def _pictures(step: InspectedStep) -> None:
    """Show the template, the patch, the error and the steepest-descent images as one picture."""
    images = {name: image.astype(np.float32) for name, image in zip(step.names, step.descent, strict=True)}
    mosaic = template_mosaic(step.template, step.patch, images, error=step.error, dark=is_dark())
    with st.container(key="a_mosaic"):
        names = ", ".join(tile.label for tile in mosaic.tiles)
        st.image(encode_jpeg(mosaic.picture, _QUALITY), width="stretch", alt=f"In the order of reading: {names}")
    st.caption(mosaic.words)


def _traces(found: Inspection, number: int) -> None:
    """Show how every formulation went from the same start, as curves and as a table."""
    dark, own = is_dark(), found.parameters.formulation
    ways = {str(name): done for name, done in found.by_formulation.items() if done.steps}
    order = sorted(ways, key=lambda name: name != own)  # the levels on top are those of the first
    traces = [
        AlignmentTrace(
            name, level=[step.level for step in ways[name].steps], cost=[step.error for step in ways[name].steps],
            motion=[step.moved for step in ways[name].steps],
        )
        for name in order
    ]  # fmt: skip
    enough = found.parameters.epsilon if found.parameters.stopping == Stopping.CORNERS else None
    figure = trace_plot(traces, cost=_MSE, now=number + 1, enough=enough, dark=dark)
    words = f"All four formulations from the same start. The upright line is this iteration, of {own}."
    plot(figure, key="a_trace", height=int(figure.layout.height), words=words)
    size = found.template.size
    st.table(
        {
            "formulation": list(ways),
            "iterations": [done.iterations for done in ways.values()],
            "NCC": [f"{done.ncc:.4f}" for done in ways.values()],
            "error (grey levels)": [f"{done.error:.2f}" for done in ways.values()],
            "corners apart (px)": [
                "fell apart" if done.fell_apart else f"{farthest(done.warp, found.alignment.warp, size):.3f}"
                for done in ways.values()
            ],
        },
        hide_index=True, border="horizontal",
    )  # fmt: skip
    st.caption(f"Corners apart: how far the farthest corner ends from where {own} puts it.")


def _system(step: InspectedStep) -> None:
    """Show the equations that give the step: the Hessian, its eigenvalues, the right side and what came of it."""
    dark = is_dark()
    left, right = st.columns([3, 2])
    with left:
        figure = hessian_plot(step.hessian, step.names, dark=dark)
        words = "The Hessian H. Red and blue beside the diagonal: two parameters change the patch alike."
        plot(figure, key="a_hessian", height=int(figure.layout.height), words=words)
    with right:
        figure = eigenvalues_plot(step.eigenvalues, dark=dark)
        words = "Its eigenvalues. The smallest is the motion that the picture tells least of."
        plot(figure, key="a_eigenvalues", height=max(200, int(34 * len(step.names) + 40)), words=words)
    st.table(
        {
            "parameter": list(step.names),
            "b": [f"{value:.3g}" for value in step.descended],
            "update d": [f"{value:+.3g}" for value in step.update],
            "moves the rim by (px)": [f"{abs(value):.3g}" for value in step.rim_motion],
        },
        hide_index=True, border="horizontal",
    )  # fmt: skip
    st.caption(
        "d solves H d = b in the motion's own parameters, pixels of the frame; "
        "dij is the element of the step's matrix in row i and column j."
    )
