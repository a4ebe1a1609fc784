"""flowlab points: corners followed through a clip, as a table and as a video."""

import sys
import threading
from contextlib import closing
from pathlib import Path

import click

from flowlab.cli.asking import check_outputs, frame_range, settings_of, work_options
from flowlab.cli.telling import JobLine, complain, counts, progress, user_errors
from flowlab.core.clip import Clip
from flowlab.core.region import Box, Selection
from flowlab.engine.cluster import Cluster
from flowlab.jobs.clips import open_clip
from flowlab.jobs.follow_clip import PRELOAD, FollowFiles, FollowWorkshop
from flowlab.jobs.points_job import PointsJob
from flowlab.jobs.scales import clip_scales
from flowlab.jobs.track_look import BY_TRACK, VIDEO_COLOURS, TrackLook, colouring
from flowlab.jobs.track_table import COLUMNS, CONTRACT
from flowlab.jobs.whole_clip import WORTH_PROCESSES
from flowlab.store.objects import open_store
from flowlab.tracking.parameters import PointParameters

_PRESETS = ", ".join(preset.name for preset in PointParameters.presets)
_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("clip_name", metavar="CLIP")
@click.option("-o", "--output", "out", type=_FILE, help="The table of tracks, tracks.csv.")
@click.option("--video", type=_FILE, help="A video of the tracks on their frames, .mp4.")
@click.option("--summary", type=_FILE, help="The tracks in numbers, .json.")
@click.option("--preset", help=f"A named set of parameters: {_PRESETS}.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change one parameter; may be repeated.")
@click.option("--region", metavar="X,Y,W,H", help="Let tracks begin in this box only, pixels of the clip.")
@click.option("--frames", metavar="A:B", help="Use frames A to B-1 only.")
@click.option("--width", type=click.IntRange(0), default=0, help="Scale down to this width first; 0: the clip's own.")
@click.option(
    "--columns", type=click.Choice(tuple(COLUMNS)), default=CONTRACT, show_default=True, help="Names in the table."
)
@click.option("--colour", default=BY_TRACK, show_default=True, help=f"For --video: {', '.join(VIDEO_COLOURS)}.")
@work_options
@user_errors
def points(clip_name: str, out: Path | None, video: Path | None, summary: Path | None, preset: str | None,
           settings: tuple[str, ...], region: str | None, frames: str | None, width: int, columns: str, colour: str,
           workers: int | None, scheduler: str | None, fresh: bool) -> None:  # fmt: skip
    """Follow corners through CLIP and write their tracks: a table, a video, a summary, or all of them.

    The table has a row for every track in every frame: frame, track, x, y (pixels, at the working width), fb_error,
    min_eig, status (new, tracked, or why it ended) and more; with --columns trackpy those that trackpy's functions
    take.

    What is finished is kept: a command that was stopped goes on where it was when it is given again.
    """
    parameters = settings_of(PointParameters, preset, settings)
    selection = Selection() if region is None else Selection(Box.parse(region, "--region"))
    chosen = colouring(colour, VIDEO_COLOURS)
    check_outputs(clip_name, out, video, summary)
    files = FollowFiles(out, video, summary, columns)
    with (
        closing(Cluster(scheduler or None, workers=workers, preload=PRELOAD)) as cluster,
        closing(open_clip(clip_name, width=width, progress=progress("checking"))) as clip,
    ):
        start, stop, whole = frame_range(frames, clip.info)
        look = _look(clip, parameters, chosen.name) if video else None
        job = PointsJob.of(clip.info, (start, stop), parameters, selection, look, table=out is not None)
        helped = not cluster.is_local or job.seconds > WORTH_PROCESSES
        workshop = FollowWorkshop(open_store(), cluster if helped else None)
        done = workshop.write(job, clip, files, JobLine("points").report, threading.Event(), fresh=fresh)
        facts = done.summary or {}
    kept = f" ({done.reused} of the frames followed before)" if done.reused else ""
    click.echo(f"{facts['tracks']} tracks in {done.written} of {job.frames} frames{kept}")
    if not facts["tracks"]:
        complain("no corner was found: choose a larger region, a lower quality or another detector")
    if whole and done.written == job.frames:
        return
    said = f": {done.note}" if done.note else ""
    complain(f"the clip is damaged, only its readable part was followed ({counts(clip.info)}){said}")
    sys.exit(1)


def _look(clip: Clip, parameters: PointParameters, colour: str) -> TrackLook:
    return TrackLook(colour, parameters.trail, speed=clip_scales(clip).speed, fb=parameters.forward_backward)
