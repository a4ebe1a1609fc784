"""Showing tracked points: drawn on their frame, or as a layer to zoom into."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo, Frame
from flowlab.core.units import Units
from flowlab.drawing.pixels import colour_scale
from flowlab.drawing.points_figure import points_figure
from flowlab.evaluation.track_truth import StepErrors
from flowlab.jobs.track_look import colouring, draw_frame, point_colours
from flowlab.tracking.tracks import Tracks, trails

from .chart import chart
from .flow_views import scale_bar
from .marks import Marks, draw_on, on_picture
from .picture import Legend, legend_of, photograph_uri, picture
from .point_controls import PREFIX, View
from .points_under import PointsUnder, Told
from .subject import is_dark
from .url import set_text, text
from .widgets import one_of

TRACKS, ZOOM = "tracks", "zoom"
PICK = "s_pick"
_SHARP = 800  # px: a picture narrower than this is drawn twice as large, so that points are crisp
_STRIP = (256, 8)
_CONTRAST = "#f08a4b"
_TOOLS = ("pick", "region", "exclude", "ruler")
_CLICK = "Click a point for its track."  # beside a scale there is no room for it on a picture


@dataclass(frozen=True)
class Shown:
    """What the page shows of one frame.

    Attributes:
        frame: the frame.
        info: of the clip, at the working width.
        tracks: from the first frame followed to this one.
        view, marks: how, and what was drawn.
        outline: (4, 2) px, the first frame's outline carried along; None where it is not asked for, or lost.
        judged: the last steps beside the truth, where the colours need it; None elsewhere.
    """

    frame: Frame
    info: ClipInfo
    tracks: Tracks
    view: View
    marks: Marks
    outline: NDArray[np.float64] | None
    judged: StepErrors | None = None

    @property
    def live(self) -> Tracks:
        """The N live rows of the frame."""
        now = self.tracks.at(self.frame.index)
        return now.where(now.alive)

    @property
    def errors(self) -> NDArray[np.float64] | None:
        """(N,) px, of each live point's last step against the truth, NaN where unknown; None where not asked for."""
        if not colouring(self.view.look.colour).needs_truth:
            return None
        live = self.live
        errors = np.full(len(live), np.nan)
        if self.judged is not None:
            rows = self.judged.rows
            errors[np.searchsorted(live.track, rows.track[rows.alive])] = self.judged.errors[rows.alive]
        return errors


def picked() -> int | None:
    """Return the track that was picked, by the address."""
    held = text(PICK)
    return int(held) if held.isascii() and held.isdigit() and len(held) < 9 else None


def pick(track: int | None) -> None:
    """Write the picked track into the address; None removes it."""
    set_text(PICK, "" if track is None else str(track))


def show_tracks(shown: Shown) -> None:
    """Show the frame with its points and trails drawn on it; tools pick a track, and draw a region and a scale."""
    info, view = shown.info, shown.view
    drawn = draw_frame(
        shown.frame.rgb, shown.tracks, shown.frame.index, view.look, magnify=2 if info.width < _SHARP else 1,
        outline=shown.outline, errors=shown.errors,
    )  # fmt: skip
    picture(
        drawn, title=f"Tracked points in frame {shown.frame.index}", frame=shown.frame.index, key="s_picture",
        size=(info.width, info.height), legend=_legend(view), points=_under(shown),
        drawn=on_picture(shown.marks, info), bar=scale_bar(info.width, view.units), tools=_TOOLS, on_drawn=_take(info),
    )  # fmt: skip


def _take(info: ClipInfo) -> Callable[[str, tuple[float, ...]], None]:
    draw = draw_on(info, PREFIX)

    def take(what: str, numbers: tuple[float, ...]) -> None:
        if what == "pick":
            pick(int(numbers[0]) if numbers else None)
        else:
            draw(what, numbers)

    return take


def _under(shown: Shown) -> PointsUnder:
    """Return the numbers under the pointer, in the units they are told in."""
    units, now = shown.view.units, shown.live
    u, v = now.uv.T * np.float32(units.factor)
    columns = [now.track, *now.xy.T, u, v, np.hypot(u, v), now.fb_error, now.min_eig, now.ncc, now.age]
    digits = _digits(units)
    true: tuple[Told, ...] = ()
    if shown.errors is not None:
        columns.append(shown.errors)
        true = (Told("err", 2, "px", about="distance of the last step from the true one"),)
    return PointsUnder(
        np.stack(columns, axis=1).astype(np.float32),
        beside=(Told("u", digits, signed=True, width=6), Told("v", digits, signed=True, width=6),
                Told("", digits, units.speed)),
        beneath=(Told("fb", 2, "px", about="forward-backward error"),
                 Told("λ", 1, width=6, about="smaller eigenvalue of the structure tensor, grey levels²/px²"),
                 Told("ncc", 2, about="likeness to the patch the track was born with"), Told("age", 0, width=3), *true),
        picked=picked(),
    )  # fmt: skip


def _digits(units: Units) -> int:
    """Return how many digits tell a hundredth of a pixel, in whatever unit."""
    return int(min(6, max(0, 2 - np.floor(np.log10(abs(units.factor) or 1)))))


def show_zoom(shown: Shown) -> None:
    """Show the points as a figure to zoom into, with the numbers of each and the ellipses of their last step."""
    info, view, units = shown.info, shown.view, shown.view.units
    now, past = trails(shown.tracks, shown.frame.index, view.look.trail)
    form = f".{_digits(units)}f"
    hover = [
        ("track", "d", ""), ("x", ".2f", None), ("y", ".2f", "px"), ("u", form, None), ("v", form, units.speed),
        ("fb error", ".3f", "px"), ("smaller eigenvalue", ".1f", "grey levels²/px²"),
    ]  # fmt: skip
    numbers = np.stack([now.track, *now.xy.T, *(now.uv.T * units.factor), now.fb_error, now.min_eig], axis=1)
    chosen = np.flatnonzero(now.track == picked())
    figure = points_figure(
        photograph_uri(shown.frame.rgb), info.width, info.height, now.xy,
        colours=point_colours(now, view.look, shown.errors), hover=hover, numbers=numbers, trails=past,
        covariances=now.step_covariance if view.ellipses else None, ellipse_scale=view.ellipses or 1.0,
        outline=shown.outline, selected=int(chosen[0]) if len(chosen) else None, dark=is_dark(),
    )  # fmt: skip
    words = "Drag to zoom in, double click to zoom out. " + _CLICK
    if view.ellipses:
        words = f"Ellipses, {view.ellipses:g} times enlarged, hold the true step 95 times in a hundred. " + words
    chart(figure, info.width, info.height, legend=_legend(view, words), key="s_zoom", readout=False, on_picked=pick)


def _legend(view: View, words: str = "") -> Legend:
    """Return what the colours mean, and further words."""
    row, units = colouring(view.look.colour), view.units
    if row.value is None and not row.needs_truth:
        words = f"{row.words} {words or _CLICK}"
        return legend_of("categories", None, (), words, ((_CONTRAST, "× ended in this frame"),))
    end = row.end(view.look)
    told = units.told(end) if row.unit == "px" else f"{end:g} {'px' if row.unit == 'error' else row.unit}"
    per = " a frame" if row.unit == "px" and units.speed == "px" else ""
    return legend_of("scale", colour_scale(row.colours, *_STRIP), ("0", told + per), f"{row.words} {words}".strip())


def choose_shown() -> str:
    """Show the row of views and return the one chosen."""
    return one_of("View", [TRACKS, ZOOM], TRACKS, "s_view")
