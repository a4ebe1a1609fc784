"""The flows of a clip as files, one a pair of frames."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flowlab.core.clip import Clip
from flowlab.core.files import write_whole
from flowlab.core.parameters import Parameters
from flowlab.dense.estimator import Method
from flowlab.errors import ClipError, FlowFileError, ParameterError, shown
from flowlab.jobs.answer import Answer, answer_pair
from flowlab.jobs.glitch import carrying
from flowlab.jobs.pairs import stream_pairs
from flowlab.jobs.views import Look, view
from flowlab.media.encode import encode_png
from flowlab.media.flow_files import FORMATS, write_flow

AS = (*FORMATS, "png")
_BY_SUFFIX = {row.suffix: name for name, row in FORMATS.items()} | {".png": "png"}


@dataclass(frozen=True)
class Output:
    """What is written: a flow format of media.flow_files.FORMATS, or "png", a picture of a view."""

    kind: str
    view: str = "colour"
    look: Look | None = None

    @property
    def suffix(self) -> str:
        """Suffix of the files."""
        return FORMATS[self.kind].suffix if self.kind in FORMATS else ".png"

    @property
    def accumulates(self) -> bool:
        """Whether each picture needs those of the frames before it."""
        return self.kind == "png" and view(self.view).accumulates

    def write(self, path: Path, answer: Answer, gap: int) -> None:
        """Write one flow; raises FlowFileError where the file cannot be written."""
        if self.kind in FORMATS:
            metadata = {"first_frame": answer.pair.first.index, "gap": gap}
            write_flow(path, answer.flow, format=self.kind, metadata=metadata)
            return
        assert self.look is not None
        picture = encode_png(view(self.view).draw(answer, self.look))
        try:
            write_whole(path, picture)
        except OSError as error:
            raise FlowFileError(f"{shown(path.name)} cannot be written: {error.strerror}, choose another") from None


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

    def path(self, index: int, suffix: str) -> Path:
        """Return the file of the flow whose first frame is `index`."""
        return self.out if self.one_file else self.out / f"{index:06d}{suffix}"


def as_of(out: Path, as_: str | None) -> str:
    """Return what to write: `as_` where given, else by the suffix of `out`, else "flo"."""
    return as_ or _BY_SUFFIX.get(out.suffix.lower(), "flo")


def plan_output(out: Path, start: int, stop: int, gap: int) -> Plan:
    """Decide whether `out` is one file or a folder, and check that it can be.

    Raises:
        ParameterError: the frames hold no pair, or several flows were asked into one file.
    """
    count = stop - gap - start
    if count < 1:
        frames = stop - start
        raise ParameterError(
            f"{frames} frame{'s' * (frames != 1)} and gap {gap} make no pair: flow needs two frames, "
            "choose more frames or a smaller gap"
        )
    one_file = out.suffix.lower() in _BY_SUFFIX and not out.is_dir()
    if one_file and count > 1:
        raise ParameterError(
            f"{shown(out.name)} is one file and these frames make {count} flows: "
            f"give a folder, or two frames with --frames {start}:{start + gap + 1}"
        )
    return Plan(out, start, stop, gap, one_file)


def write_flows(
    clip: Clip,
    plan: Plan,
    method: Method,
    parameters: Parameters,
    *,
    output: Output,
    progress: Callable[[float, str], None],
) -> int:
    """Compute and write the planned flows; return how many were written.

    Fewer than planned means that the clip could not be read to its end; `progress` was told why.

    Raises:
        FlowFileError: a file cannot be written.
        ParameterError: the method cannot work on pictures of this size.
    """
    folder = plan.out.parent if plan.one_file else plan.out
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FlowFileError(f"the folder {shown(folder)} cannot be made: {error.strerror}, choose another") from None
    done = 0
    try:
        answers = (
            answer_pair(pair, method, parameters) for pair in stream_pairs(clip, plan.start, plan.stop, plan.gap)
        )
        for answer in carrying(answers) if output.accumulates else answers:
            output.write(plan.path(answer.pair.first.index, output.suffix), answer, plan.gap)
            done += 1
            progress(done / plan.count, f"{done} of {plan.count}")
    except ClipError as error:
        if not done:
            raise
        progress(1.0, str(error))
    return done
