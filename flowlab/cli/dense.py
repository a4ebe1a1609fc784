"""flowlab dense: the flow of every pixel, of one clip or of many."""

import sys
import threading
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import click

from flowlab.cli.asking import frame_range, parameters_of, work_options
from flowlab.cli.clips import Asked, clips_of
from flowlab.cli.telling import JobLine, complain, counts, progress, user_errors
from flowlab.core.clip import Clip
from flowlab.core.parameters import Parameters
from flowlab.dense.methods import DEFAULT_METHOD, METHODS, method
from flowlab.engine.cluster import Cluster
from flowlab.errors import FlowlabError, ParameterError, shown
from flowlab.jobs.clips import open_clip
from flowlab.jobs.dense_files import AS, VIDEO, Output, as_of, plan_output
from flowlab.jobs.dense_job import DenseJob
from flowlab.jobs.scales import clip_scales
from flowlab.jobs.views import VIEWS, Look, view
from flowlab.jobs.whole_clip import PRELOAD, WORTH_PROCESSES, Workshop
from flowlab.store.objects import open_store


@dataclass(frozen=True)
class Wish:
    """What is wanted of every clip of a command."""

    method: str
    parameters: Parameters
    kind: str
    view: str
    scale: float | None
    frames: str | None
    gap: int
    width: int
    fresh: bool


@click.command()
@click.argument("clips", metavar="CLIP...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    "out",
    required=True,
    type=click.Path(path_type=Path),
    help="An .mp4 file for a video, a file for one flow, or a folder that receives 000000.flo and so on.",
)
@click.option(
    "--method", "method_name", default=DEFAULT_METHOD, show_default=True, help=f"One of {', '.join(METHODS)}."
)
@click.option("--preset", help="A named set of parameters of the method.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change one parameter; may be repeated.")
@click.option("--as", "as_", type=click.Choice(AS), help="What to write; by default what OUT's suffix says, else flo.")
@click.option(
    "--view", "view_name", default="colour", show_default=True, help=f"For --as png and video: {', '.join(VIEWS)}."
)
@click.option(
    "--scale", type=click.FloatRange(0.01, 10_000), help="For --as png and video: speed in px at full colour."
)
@click.option("--frames", "frames", metavar="A:B", help="Use frames A to B-1 only.")
@click.option("--gap", type=click.IntRange(1), default=1, show_default=True, help="Frames between the two of a pair.")
@click.option("--width", type=click.IntRange(0), default=0, help="Scale down to this width first; 0: the clip's own.")
@work_options
@user_errors
def dense(clips: tuple[str, ...], out: Path, method_name: str, preset: str | None, settings: tuple[str, ...],
          as_: str | None, view_name: str, scale: float | None, frames: str | None, gap: int, width: int,
          workers: int | None, scheduler: str | None, fresh: bool) -> None:  # fmt: skip
    """Compute the dense flow of CLIP and write it: a video, or one file a pair of frames.

    Several clips, a quoted glob, or a folder of clips are a batch: OUT is then a folder that receives NAME.mp4,
    or a folder NAME of files, for each.

    What is finished is kept: a command that was stopped goes on where it was when it is given again.
    """
    wish = Wish(method(method_name).name, parameters_of(method_name, preset, settings), as_of(out, as_),
                view(view_name).name, scale, frames, gap, width, fresh)  # fmt: skip
    asked = clips_of(clips)
    if asked[0].stem and (out.is_file() or out.suffix.lower() == ".mp4"):
        raise ParameterError(f"{shown(out.name)} is one file and there are {len(asked)} clips: give a folder")
    with closing(Cluster(scheduler or None, workers=workers, preload=PRELOAD)) as cluster:
        if asked[0].stem:
            written = [_write_one_of_many(one, wish, out, cluster) for one in asked]
        else:
            written = [_write(asked[0], wish, out, cluster)]
    if not all(written):
        sys.exit(1)


def _write_one_of_many(asked: Asked, wish: Wish, folder: Path, cluster: Cluster) -> bool:
    """Write one clip of a batch; one that cannot be is told in a line, and the others go on."""
    out = folder / (f"{asked.stem}.mp4" if wish.kind == VIDEO else asked.stem)
    try:
        return _write(asked, wish, out, cluster)
    except FlowlabError as error:
        complain(f"{shown(asked.clip)}: {error}")
        return False


def _write(asked: Asked, wish: Wish, out: Path, cluster: Cluster) -> bool:
    """Write what is wished of one clip and say so; return whether nothing is missing."""
    with closing(open_clip(asked.clip, width=wish.width, progress=progress("checking"))) as clip:
        start, stop, whole = frame_range(wish.frames, clip.info)
        plan = plan_output(out, start, stop, wish.gap, wish.kind)
        job = _job(clip, start, stop, wish)
        helped = not cluster.is_local or job.seconds > WORTH_PROCESSES
        workshop = Workshop(open_store(), cluster if helped else None)
        line, never = JobLine(asked.stem or "dense"), threading.Event()
        if job.output.is_video:
            done, what = workshop.write_video(job, clip, out, line.report, never, fresh=wish.fresh), "frames"
        else:
            done, what = workshop.write_files(job, clip, plan, line.report, never, fresh=wish.fresh), "flows"
        kept = f" ({done.reused} of them computed before)" if done.reused else ""
        click.echo(f"{done.written} of {plan.count} {what} written to {out}{kept}")
        if whole and done.written == plan.count:
            return True
        said = f": {done.note}" if done.note else ""
        complain(f"the clip is damaged, only its readable part was written ({counts(clip.info)}){said}")
        return False


def _job(clip: Clip, start: int, stop: int, wish: Wish) -> DenseJob:
    info = clip.info
    look = None
    if Output(wish.kind).draws:
        look = Look.of(clip_scales(clip, wish.gap))
        look = replace(look, scale=wish.scale) if wish.scale else look
    output = Output(wish.kind, wish.view, look) if look else Output(wish.kind)
    return DenseJob(info.content_hash, info.name, info.width, info.height, start, stop, wish.gap, wish.method,
                    wish.parameters, output)  # fmt: skip
