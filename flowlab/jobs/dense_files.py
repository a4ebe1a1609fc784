"""What is made of the flows of a clip, and where it goes: a video, or a file a pair of frames."""

from dataclasses import dataclass
from pathlib import Path

from flowlab.errors import ParameterError, shown
from flowlab.jobs.answer import Answer
from flowlab.jobs.views import Look, Picture, view
from flowlab.media.encode import encode_png
from flowlab.media.flow_files import FORMATS, encode_flow

VIDEO = "video"
AS = (*FORMATS, "png", VIDEO)
_DRAWN = {"png": ".png", VIDEO: ".mp4"}
_BY_SUFFIX = {row.suffix: name for name, row in FORMATS.items()} | {suffix: name for name, suffix in _DRAWN.items()}
_LOOKING_BACK = ("trust",)  # views that need the flow from the second frame to the first as well


@dataclass(frozen=True)
class Output:
    """What is written.

    Attributes:
        kind: a flow format of media.flow_files.FORMATS, "png", a picture of a view, or "video", those pictures.
        view: name of the view that is drawn.
        look: how it is drawn; None where nothing is.
    """

    kind: str
    view: str = "colour"
    look: Look | None = None

    @property
    def is_video(self) -> bool:
        """Whether one video is written, not a file a pair."""
        return self.kind == VIDEO

    @property
    def draws(self) -> bool:
        """Whether pictures of a view are made."""
        return self.kind in ("png", VIDEO)

    @property
    def suffix(self) -> str:
        """Suffix of the files."""
        return FORMATS[self.kind].suffix if self.kind in FORMATS else _DRAWN[self.kind]

    @property
    def accumulates(self) -> bool:
        """Whether each picture needs those of the frames before it."""
        return self.draws and view(self.view).accumulates

    @property
    def looks_back(self) -> bool:
        """Whether each pair is estimated in both directions."""
        return self.draws and self.view in _LOOKING_BACK

    def drawn(self, answer: Answer) -> Picture:
        """Return the picture of the view, (H, W, 3) uint8 RGB."""
        assert self.look is not None
        return view(self.view).draw(answer, self.look)

    def encoded(self, answer: Answer, gap: int) -> bytes:
        """Return the file of one pair; raises FlowFileError where the format cannot hold the flow."""
        if self.draws:
            return encode_png(self.drawn(answer))
        return encode_flow(answer.flow, self.kind, metadata={"first_frame": answer.pair.first.index, "gap": gap})


@dataclass(frozen=True)
class Plan:
    """Which pairs are computed and where each goes: frames start .. stop-1, `gap` apart."""

    out: Path
    start: int
    stop: int
    gap: int
    one_file: bool

    @property
    def count(self) -> int:
        """Number of flows."""
        return self.stop - self.gap - self.start

    @property
    def folder(self) -> Path:
        """The folder that files are written to."""
        return self.out.parent if self.one_file else self.out

    def path(self, index: int, suffix: str) -> Path:
        """Return the file of the flow whose first frame is `index`."""
        return self.out if self.one_file else self.out / f"{index:06d}{suffix}"


def as_of(out: Path, as_: str | None) -> str:
    """Return what to write: `as_` where given, else by the suffix of `out`, else "flo"."""
    return as_ or _BY_SUFFIX.get(out.suffix.lower(), "flo")


def plan_output(out: Path, start: int, stop: int, gap: int, kind: str) -> Plan:
    """Decide whether `out` is one file or a folder, and check that it can be.

    Raises:
        ParameterError: the frames hold no pair, several flows were asked into one file, or a video into a folder.
    """
    count = stop - gap - start
    if count < 1:
        frames = stop - start
        raise ParameterError(
            f"{frames} frame{'s' * (frames != 1)} and gap {gap} make no pair: flow needs two frames, "
            "choose more frames or a smaller gap"
        )
    if kind == VIDEO:
        if out.is_dir() or out.suffix.lower() != ".mp4":
            raise ParameterError(f"{shown(out.name)} cannot be the video: give a file whose name ends in .mp4")
        return Plan(out, start, stop, gap, True)
    one_file = out.suffix.lower() in _BY_SUFFIX and not out.is_dir()
    if one_file and count > 1:
        raise ParameterError(
            f"{shown(out.name)} is one file and these frames make {count} flows: "
            f"give a folder, or two frames with --frames {start}:{start + gap + 1}"
        )
    return Plan(out, start, stop, gap, one_file)
