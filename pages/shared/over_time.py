"""Looking at many pairs: mean and RMS of the flow over a range of frames, and one pixel's motion over time."""

import streamlit as st

from flowlab.drawing.pixels import ColourMap, colour_scale, flow_colours, flow_wheel, magnitude_colours
from flowlab.drawing.plots import profile_plot
from flowlab.jobs.over_time import OverTime

from .chart import plot
from .frame_range import choose_range
from .lab import over_time
from .marks import probe_pixel
from .picture import legend_of, picture
from .subject import PANEL, Array, Subject, course, is_dark, offer_table

_FIRST_RANGE = 60  # frames: a few seconds of computing


def show_over_time(subject: Subject) -> None:
    """Show the range, the course of the motion over it, and its mean and unsteadiness at every pixel."""
    units = subject.units
    block = subject.answer.pair.first.index // _FIRST_RANGE * _FIRST_RANGE
    start, stop = choose_range("d_range", subject.clip.info.frame_count, (block, block + _FIRST_RANGE))
    probe = probe_pixel(subject.marks, subject.clip.info)
    result = _with_progress(subject, start, stop, probe)
    frames = result.frames.astype(float)
    time, x_title = frames, "frame"
    if units.seconds:
        time = frames * (units.seconds / subject.gap)
        x_title = "time (s)"
    series: dict[str, Array] = {"median speed": result.median_speed * units.factor}
    where = "picture" if subject.marks.selection.is_all else "region"
    words = f"Median speed of the {where}; pin a probe with the tool Point to follow one pixel."
    if probe:
        series |= course(result.probe[:, 0], result.probe[:, 1], units)
        words = f"Motion through pixel ({probe[0]}, {probe[1]}), and the {where}'s median speed."
    y_title = f"motion ({units.speed})"
    figure = profile_plot(time, series, x_title=x_title, y_title=y_title, unit=units.speed, dark=is_dark())
    plot(figure, key="d_course", words=words)
    table = {"frame": frames, x_title: time} | {f"{name} ({units.speed})": values for name, values in series.items()}
    offer_table("over_time.csv", table)
    _mean_and_unsteadiness(subject, result)


def _with_progress(subject: Subject, start: int, stop: int, probe: tuple[int, int] | None) -> OverTime:
    """Compute the range with a bar that moves; Stop, or any other control, ends it at its next pair."""
    answer = subject.answer
    progress = over_time(
        subject.clip, (start, stop), subject.gap, answer.method, answer.settings, probe=probe,
        selection=subject.marks.selection,
    )  # fmt: skip
    share, result = next(progress)
    place = st.empty()
    if result is None:
        with place.container(horizontal=True, vertical_alignment="center"):
            bar = st.progress(share)
            st.button("Stop", key="d_stop", on_click=_stop)
        for share, found in progress:
            bar.progress(share, f"{share:.0%} of frames {start} to {stop - 1}")
            result = found
    place.empty()
    assert result is not None, "a range ends with a result or an error"
    return result


def _stop() -> None:
    st.session_state[PANEL] = None


def _mean_and_unsteadiness(subject: Subject, result: OverTime) -> None:
    look, units = subject.look, subject.units
    end = units.told(look.scale)
    wheel = legend_of("wheel", flow_wheel(128), (f"rim: {end}",), "Mean of the flow at each pixel.")
    strip = colour_scale(ColourMap.SPEED, 256, 8)
    rms = legend_of("scale", strip, ("0", end), "Root mean square of the speed.")
    unsteady = legend_of("scale", strip, ("0", end), "Root mean square of the distance from the mean flow.")
    pictures = (
        ("mean", "Mean flow", flow_colours(result.mean, look.scale), wheel),
        ("rms", "RMS speed", magnitude_colours(result.rms, look.scale), rms),
        ("fluctuation", "RMS fluctuation", magnitude_colours(result.fluctuation, look.scale), unsteady),
    )
    for column, (name, title, rgb, legend) in zip(st.columns(len(pictures)), pictures, strict=True):
        with column:
            st.caption(title)
            picture(
                rgb, result.mean, title=title, frame=int(result.frames[0]), key=f"d_{name}", legend=legend,
                per_px=units.factor, unit=units.speed,
            )  # fmt: skip
