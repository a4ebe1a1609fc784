"""Following points through a clip, with what is known of each and why it ended.

Detected where the picture has corners (detection), followed by pyramidal Lucas-Kanade there and back
(lucas_kanade), tested, and aligned with the patch each was born with (affine_check).

    tracker = PointTracker(PointParameters())
    for frame in clip.frames():
        rows = tracker.step(frame.grey)      # Tracks of this frame
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Clip
from flowlab.errors import ParameterError, shown
from flowlab.tracking.affine_check import align, pulled, templates
from flowlab.tracking.detection import detect
from flowlab.tracking.endings import Status
from flowlab.tracking.live import Live, live_of
from flowlab.tracking.lucas_kanade import round_trip
from flowlab.tracking.parameters import BY_ALL, GRID, PointParameters
from flowlab.tracking.patches import Neighbourhoods, correlation, neighbourhoods, normalised, unseen
from flowlab.tracking.scene_cut import is_cut
from flowlab.tracking.tracks import Floats, Tracks, joined, no_tracks
from flowlab.tracking.uncertainty import since_birth, step_covariance
from flowlab.tracking.verdict import failed_tests, is_ended, is_inside, merged

Grey = NDArray[np.uint8]

MOST_LIVE = 20_000
"""Tracks that may live at once."""
MOST_SAMPLES = 10_000_000
"""Pixels in the windows of all live tracks: each is remembered about ten times over."""


_BORN_ABOVE = 1.5  # least eigenvalues: new tracks have a little more than those that go on


class PointTracker:
    """Follows points from frame to frame.

    Args:
        parameters: detection, tracking, tests; None for the defaults (preset `robust`).
        allowed: (H, W) bool, where tracks may begin; None: everywhere.
        start: number of the first frame that will be given.
        describe: whether texture, likeness and covariances are worked out; else these columns are NaN, and what takes
            a quarter to a half of the time of a sample's preset is saved.

    Raises:
        ParameterError: more corners of so large a window than memory is kept for, or parameters by which what is not
            described decides.
    """

    def __init__(
        self, parameters: PointParameters | None = None, *, allowed: NDArray[np.bool_] | None = None, start: int = 0,
        describe: bool = True,
    ) -> None:  # fmt: skip
        self._p = parameters or PointParameters()
        self._describes = describe
        if not describe and self._p.is_described:
            raise ParameterError(
                "describe is False, and these parameters go by what is described: give decides=status or "
                "forward-backward, and affine=False"
            )
        self._allowed = allowed
        self._first = self._frame = start
        self._next_track = 0
        self._before: Grey | None = None
        self._live: Live | None = None
        self._most_live = min(MOST_LIVE, MOST_SAMPLES // self._p.window**2)
        if self._p.max_corners > self._most_live:
            raise ParameterError(
                f"{self._p.max_corners} corners with a window of {self._p.window} px are more than the tracker holds: "
                f"give at most {self._most_live} corners, or a smaller window"
            )

    # -- going on elsewhere ------------------------------------------------------------------

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return what another tracker needs to go on, as arrays by name; the last picture is not among it."""
        counts = np.array([self._first, self._frame, self._next_track], np.int64)
        return {"counts": counts} | ({} if self._live is None else dict(self._live.arrays()))

    @classmethod
    def resumed(
        cls, parameters: PointParameters, state: Mapping[str, NDArray[np.generic]], last: Grey,
        *, allowed: NDArray[np.bool_] | None = None, describe: bool = True,
    ) -> Self:  # fmt: skip
        """Return a tracker that goes on where the one whose `state` this is stopped.

        Args:
            parameters: the same.
            state: what `state` returned.
            last: (H, W) uint8, the last picture that was given to it.
            allowed: the same.
            describe: the same.
        """
        first, frame, next_track = (int(n) for n in state["counts"].tolist())
        tracker = cls(parameters, allowed=allowed, start=first, describe=describe)
        tracker._frame, tracker._next_track, tracker._before = frame, next_track, last
        tracker._live = live_of(state) if "track" in state else None
        return tracker

    @property
    def live(self) -> int:
        """How many tracks are alive."""
        return 0 if self._live is None else len(self._live)

    @property
    def nbytes(self) -> int:
        """Memory that what is remembered of the live tracks takes."""
        return 0 if self._live is None else sum(part.nbytes for part in self._live.arrays().values())

    # -- one frame -----------------------------------------------------------------------------

    def step(self, grey: Grey) -> Tracks:
        """Take the next frame and return its rows: tracks that went on, those that ended here, new ones.

        Args:
            grey: (H, W) uint8, of the size of the frames before.

        Raises:
            ParameterError: no grey picture, another size than before, a window or a mask that does not fit.
        """
        self._check(grey)
        frame, self._frame = self._frame, self._frame + 1
        picture = grey.astype(np.float32)
        rows, cut = self._followed(frame, grey, picture)
        if cut or self._is_due(frame):
            rows.append(self._detected(frame, grey, picture))
        self._before = grey
        return replace(joined_rows(rows, frame), cuts=(frame,) if cut else ())

    def _is_due(self, frame: int) -> bool:
        since = frame - self._first
        return since % self._p.redetect_every == 0 if self._p.redetect_every else since == 0

    def _followed(self, frame: int, grey: Grey, picture: Floats) -> tuple[list[Tracks], bool]:
        """Follow the live tracks into the frame; return their rows, and whether another scene began."""
        p, before, live = self._p, self._before, self._live
        if before is None:
            return [], False
        if live is None or not len(live):
            return [], p.cuts and is_cut(before, grey, 0, 0)
        guess = live.xy + live.uv if p.velocity else None
        trip = round_trip(before, grey, live.xy, p, guess)
        note = failed_tests(trip, grey.shape, p)
        if p.cuts and is_cut(before, grey, int((note != Status.TRACKED).sum()), len(live)):
            self._live = None
            return [_ended_by_cut(live, frame)], True
        moved, aligned = trip.there, None
        if live.templates is not None:
            aligned = align(picture, live.templates, trip.there, p.max_correction)
            moved = np.where((note == Status.TRACKED)[:, None], aligned.xy, trip.there)
            note[~is_inside(moved, grey.shape) & (note == Status.TRACKED)] = Status.OUTSIDE
        here = self._windows(picture, moved)
        ncc = correlation(normalised(here.values), live.birth) if aligned is None else aligned.ncc
        if self._describes:
            changed = ~(ncc >= p.min_ncc) if aligned is None else ~(ncc >= p.min_ncc) | aligned.lost
            note[changed & (note == Status.TRACKED)] = Status.CHANGED
        ended = is_ended(note, trip, p)
        young = merged(moved, ~ended, min(p.merge_distance, p.min_distance / 2))
        note[young], ended[young] = Status.MERGED, True
        step = step_covariance(live.here, here) if self._describes else np.full((len(live), 3), np.nan, np.float32)
        if aligned is not None:
            step = aligned.covariance + pulled(aligned.templates, step)
        first = np.where((live.age == 0)[:, None], step, live.first_step)
        covariance = since_birth(first, step)
        rows = Tracks(
            frame, frame + 1, frame=np.full(len(live), frame, np.int32), track=live.track, xy=moved, uv=moved - live.xy,
            fb_error=trip.error, min_eig=here.min_eig, ncc=ncc, age=live.age + np.int32(1), step_covariance=step,
            covariance=covariance, status=np.where(ended, note, Status.TRACKED).astype(np.uint8), note=note,
        )  # fmt: skip
        went_on = Live(live.track, moved, rows.uv, rows.age, first, covariance, here, live.birth,
                       None if aligned is None else aligned.templates)  # fmt: skip
        self._live = went_on.where(~ended)
        return [rows], False

    def _detected(self, frame: int, grey: Grey, picture: Floats) -> Tracks:
        """Let new tracks begin in the frame and return their rows."""
        p, live = self._p, self._live
        room = self._most_live - self.live
        most = min(room, p.max_corners - self.live if p.top_up else p.max_corners)
        xy = detect(grey, p, allowed=self._allowed, live=np.zeros((0, 2), np.float32) if live is None else live.xy,
                    most=most)  # fmt: skip
        here = self._windows(picture, xy)
        if p.decides == BY_ALL and p.detector != GRID:  # or it would end in the next frame, and be found again
            textured = here.min_eig >= _BORN_ABOVE * p.min_eigenvalue
            xy, here = xy[textured], here.where(textured)
        if not len(xy):
            return no_tracks(frame, frame + 1)
        count = len(xy)
        track = np.arange(self._next_track, self._next_track + count, dtype=np.int32)
        self._next_track += count
        nothing, zeros = np.full(count, np.nan, np.float32), np.zeros((count, 3), np.float32)
        born = Live(
            track, xy, np.zeros_like(xy), np.zeros(count, np.int32), np.full_like(zeros, np.nan), zeros, here,
            normalised(here.values), templates(here) if p.affine else None,
        )  # fmt: skip
        self._live = born if live is None else live.followed_by(born)
        return Tracks(
            frame, frame + 1, frame=np.full(count, frame, np.int32), track=track, xy=xy, uv=np.full_like(xy, np.nan),
            fb_error=nothing, min_eig=here.min_eig, ncc=np.ones(count, np.float32), age=born.age,
            step_covariance=np.full_like(zeros, np.nan), covariance=zeros,
            status=np.full(count, Status.NEW, np.uint8), note=np.zeros(count, np.uint8),
        )  # fmt: skip

    def _windows(self, picture: Floats, xy: Floats) -> Neighbourhoods:
        """Return the windows around points, or windows without a pixel where nothing is to be described."""
        return neighbourhoods(picture, xy, self._p.window) if self._describes else unseen(len(xy))

    def _check(self, grey: Grey) -> None:
        if grey.dtype != np.uint8 or grey.ndim != 2:
            raise ParameterError(f"the picture is {grey.dtype} of shape {grey.shape}: give grey uint8 pictures (H, W)")
        height, width = grey.shape
        if self._before is not None and self._before.shape != grey.shape:
            was = f"{self._before.shape[1]}x{self._before.shape[0]}"
            now = f"{width}x{height}"
            raise ParameterError(f"frame {self._frame} is {now}, those before {was}: give frames of one size")
        if self._p.window > min(height, width):
            raise ParameterError(
                f"window is {self._p.window}: give at most {min(height, width)} px, the shorter side of the "
                f"{width}x{height} picture"
            )
        if self._allowed is not None and self._allowed.shape != grey.shape:
            mask = f"{self._allowed.shape[1]}x{self._allowed.shape[0]}" if self._allowed.ndim == 2 else "no picture"
            raise ParameterError(f"the mask is {mask} and the frames are {width}x{height}: give a mask of their size")


def track_frames(
    clip: Clip, parameters: PointParameters | None = None, *, allowed: NDArray[np.bool_] | None = None,
    start: int = 0, stop: int | None = None,
) -> Iterator[Tracks]:  # fmt: skip
    """Yield the rows of frames start .. stop-1 of a clip, a frame at a time; memory does not grow.

    Args:
        clip: the clip, at the size to track at.
        parameters: None for the defaults.
        allowed: (H, W) bool, where tracks may begin; None: everywhere.
        start: first frame.
        stop: the frame after the last; None: to the end.

    Raises:
        ParameterError: as `PointTracker` and its `step`, or no frame in the range.
        ClipError: a frame cannot be read.
    """
    count = clip.info.frame_count
    stop = count if stop is None else min(stop, count)
    if not 0 <= start < stop:
        name = shown(clip.info.name)
        raise ParameterError(f"the frames {start}:{stop} are none of {name}: give a range in 0:{count}")
    tracker = PointTracker(parameters, allowed=allowed, start=start)
    for frame in clip.frames(start, stop):
        yield tracker.step(frame.grey)


def track_points(
    clip: Clip, parameters: PointParameters | None = None, *, allowed: NDArray[np.bool_] | None = None,
    start: int = 0, stop: int | None = None,
) -> Tracks:  # fmt: skip
    """Return the tracks of frames start .. stop-1 of a clip as one table; see `track_frames`."""
    return joined(list(track_frames(clip, parameters, allowed=allowed, start=start, stop=stop)))


def joined_rows(parts: list[Tracks], frame: int) -> Tracks:
    """Return parts of one frame as one table, in the order of the tracks' numbers."""
    if not parts:
        return no_tracks(frame, frame + 1)
    if len(parts) == 1:
        return parts[0]
    following = [replace(part, start=frame + i, stop=frame + i + 1) for i, part in enumerate(parts)]
    return replace(joined(following), start=frame, stop=frame + 1)


def _ended_by_cut(live: Live, frame: int) -> Tracks:
    """Return rows that end every track where it was last."""
    count = len(live)
    unknown, three = np.full(count, np.nan, np.float32), np.full((count, 3), np.nan, np.float32)
    cut = np.full(count, Status.CUT, np.uint8)
    return Tracks(
        frame, frame + 1, frame=np.full(count, frame, np.int32), track=live.track, xy=live.xy,
        uv=np.full_like(live.xy, np.nan), fb_error=unknown, min_eig=live.here.min_eig, ncc=unknown,
        age=live.age + np.int32(1), step_covariance=three, covariance=live.covariance, status=cut, note=cut,
    )  # fmt: skip
