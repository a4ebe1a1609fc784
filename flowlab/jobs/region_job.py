"""A region of a whole clip as one question: what is followed, how, where somebody put it right, and how it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from flowlab.core.clip import ClipInfo, Frame, Picture
from flowlab.core.parameters import Parameters
from flowlab.core.region import NATIVE, Box
from flowlab.errors import ParameterError, shown
from flowlab.jobs.follow_job import DRAWING_SECONDS, Follower, FollowJob, digest, libraries
from flowlab.jobs.region_look import RegionLook, draw_region_frame
from flowlab.jobs.region_table import RegionSummary, table_of
from flowlab.jobs.track_bytes import Arrays, region_from_bytes, region_to_bytes
from flowlab.media.keyframes import checked
from flowlab.tracking.affine.choices import Formulation
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.region_track import RegionTrack, joined, no_rows
from flowlab.tracking.regions import RegionTracker, check_box
from flowlab.tracking.trackers import DEFAULT_TRACKER, tracker

# Raise it whenever the same question gets another answer, so that no older piece is taken for it.
_VERSION = 1

_OVERHEAD_SECONDS = 4e-3  # prediction, verification, a new template
_FRAME_SECONDS = 1e-8  # a pixel of the frame: its pyramid
_STEP_SECONDS = 3e-8  # a pixel of the template and step: warp and errors
_DESCENT_TIMES = 3  # as much, where a step has steepest-descent images of its own
_OFTEN = 20  # steps, all levels together, however many are allowed: most alignments end long before
_OUTSIDE_SECONDS = 5e-2  # what OpenCV's trackers take at most


@dataclass(frozen=True)
class RegionJob(FollowJob[RegionTrack]):
    """Where a drawn region is in frames start .. stop-1 of a clip, and the video that shows it.

    A keyframe restarts the tracker and changes nothing before its frame, so that the pieces before it stay what they
    are; one at the first frame takes the box's place, those outside the frames are left out.

    Attributes:
        tracker: name of a row of TRACKERS.
        parameters: of that tracker.
        box: drawn on frame `start`, pixels of the clip itself.
        keyframes: (frame, box) in order, the boxes in pixels of the clip itself.
        factor: (x, y) clip pixels per working pixel.
        look: how the video shows it; None: no video is made.
    """

    tracker: str
    parameters: Parameters
    box: Box
    keyframes: tuple[tuple[int, Box], ...] = ()
    factor: tuple[float, float] = NATIVE
    look: RegionLook | None = None

    keeps_states: ClassVar[bool] = True

    @classmethod
    def of(
        cls, info: ClipInfo, frames: tuple[int, int], box: Box | None = None, parameters: Parameters | None = None,
        *, name: str = DEFAULT_TRACKER, keyframes: Mapping[int, Box] | None = None, look: RegionLook | None = None,
    ) -> "RegionJob":  # fmt: skip
        """Return the job on a clip with these facts.

        Args:
            info: the clip.
            frames: the first frame, and the one after the last.
            box: drawn on the first frame, pixels of the clip itself; None: a keyframe is there.
            parameters: of the tracker; None for its usual ones.
            name: which tracker.
            keyframes: frame -> box, pixels of the clip itself.
            look: how a video shows it; None: there is none.

        Raises:
            ParameterError: there is no such tracker, no box to begin with, a keyframe that is not in the clip, or
                parameters of another tracker.
        """
        chosen = tracker(name)
        factor = float(info.factor[0]), float(info.factor[1])
        size = round(info.width * factor[0]), round(info.height * factor[1])
        known = checked(keyframes or {}, info.frame_count, *size)
        start, stop = frames
        first = known.get(start, box)
        if first is None:
            raise ParameterError(
                f"frame {start}, the first one, has neither a box nor a keyframe: draw one, x,y,w,h in pixels"
            )
        later = tuple((frame, known[frame]) for frame in known if start < frame < stop)
        return cls(info.content_hash, info.name, info.width, info.height, start, stop, chosen.name,
                   chosen.checked(parameters), first, later, factor, look)  # fmt: skip

    @property
    def title(self) -> str:
        """What to call it, plain text."""
        return f"Region of {self.clip_name}, {tracker(self.tracker).title}"

    @property
    def in_one_piece(self) -> bool:
        """Whether nobody can go on where another tracker stopped."""
        return not tracker(self.tracker).resumes

    @property
    def frame_seconds(self) -> float:
        """What a frame takes on one core, to a factor of a few."""
        drawing = DRAWING_SECONDS * self.width * self.height
        if not isinstance(self.parameters, AlignParameters):
            return _OUTSIDE_SECONDS + drawing
        box = self._working(self.box)
        steps = min(_OFTEN, self.parameters.iterations) * box.w * box.h * _STEP_SECONDS
        steps *= 1 if self.parameters.formulation == Formulation.INVERSE_COMPOSITIONAL else _DESCENT_TIMES
        return _OVERHEAD_SECONDS + _FRAME_SECONDS * self.width * self.height + steps + drawing

    def rows_key(self, stop: int, /) -> str:
        """Return the name of the question where the region is before frame `stop`: later keyframes are not in it."""
        before = tuple((frame, box) for frame, box in self.keyframes if frame < stop)
        return digest(
            "region", _VERSION, *libraries(), self.content, self.width, self.height, self.start, self.tracker,
            self.parameters, self.box, before, self.factor,
        )  # fmt: skip

    def check(self) -> None:
        """Raise ParameterError where there is nothing to follow, or a box does not lie in the picture."""
        if self.frames < 2:
            raise ParameterError(
                f"frame {self.start} of {shown(self.clip_name)} is alone: there is nothing to follow it into, give at "
                "least two frames"
            )
        try:
            for frame, box in ((self.start, self.box), *self.keyframes):
                check_box(self._working(box), self.width, self.height, frame)
        except ParameterError as error:
            if self.factor == NATIVE:
                raise
            raise ParameterError(f"{error} (pixels at the working width of {self.width})") from None

    def follower(self) -> Follower[RegionTrack]:
        """Return a tracker that has not been given a frame."""
        return RegionTracker(tracker(self.tracker), self.parameters, self._working(self.box),
                             keyframes=self._restarts, start=self.start)  # fmt: skip

    def resumed(self, state: Arrays, last: Frame) -> Follower[RegionTrack]:
        """Return a tracker that goes on after the frame `last`."""
        chosen = tracker(self.tracker)
        return RegionTracker.resumed(chosen, self.parameters, state, keyframes=self._restarts, last=last)

    def drawn(self, frame: Frame, rows: RegionTrack) -> Picture:
        """Return the frame with the region and where it came from."""
        assert self.look is not None
        return draw_region_frame(frame.rgb, rows, frame.index, self.look)

    def joined(self, parts: Sequence[RegionTrack]) -> RegionTrack:
        """Return tables of frames that follow one another as one."""
        return joined(parts)

    def no_rows(self, frame: int) -> RegionTrack:
        """Return a table without a frame that begins at `frame`."""
        return no_rows(frame)

    def rows_to_bytes(self, rows: RegionTrack) -> bytes:
        """Return a table as bytes that `rows_from_bytes` reads."""
        return region_to_bytes(rows)

    def rows_from_bytes(self, data: bytes) -> RegionTrack:
        """Return the table that `rows_to_bytes` wrote."""
        return region_from_bytes(data)

    def table_of(self, rows: RegionTrack, _columns: str, /, *, titles: bool) -> bytes:
        """Return a table as CSV, see `region_table`; there is one set of columns."""
        return table_of(rows, titles=titles)

    def summary(self) -> RegionSummary:
        """Return what sums a track up, without a frame so far."""
        return RegionSummary()

    @property
    def _restarts(self) -> dict[int, Box]:
        return {frame: self._working(box) for frame, box in self.keyframes}

    def _working(self, box: Box) -> Box:
        """Return a box in working pixels: its edges lie half a pixel outside its corner pixels' centres, and scale."""
        x, y = self.factor
        return Box(box.x / x, box.y / y, box.w / x, box.h / y)
