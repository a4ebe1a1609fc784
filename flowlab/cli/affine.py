"""flowlab affine: a drawn region followed through a clip, as a table and as a video."""

import sys
import threading
from contextlib import closing
from pathlib import Path

import click

from flowlab.cli.asking import check_outputs, frame_range, settings_of, work_options
from flowlab.cli.telling import JobLine, complain, counts, progress, user_errors
from flowlab.core.region import Box
from flowlab.engine.cluster import Cluster
from flowlab.errors import ParameterError, shown
from flowlab.jobs.clips import open_clip
from flowlab.jobs.follow_clip import PRELOAD, FollowFiles, FollowWorkshop
from flowlab.jobs.region_job import RegionJob
from flowlab.jobs.region_look import RegionLook
from flowlab.jobs.whole_clip import WORTH_PROCESSES
from flowlab.media.keyframes import read_all_keyframes, read_keyframes
from flowlab.store.objects import open_store
from flowlab.tracking.trackers import DEFAULT_TRACKER, TRACKERS, tracker

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("clip_name", metavar="CLIP")
@click.option("--roi", metavar="X,Y,W,H", help="The box on the first frame, pixels of the clip.")
@click.option("-o", "--output", "out", type=_FILE, help="The table of the region, track.csv.")
@click.option("--video", type=_FILE, help="A video of the region on its frames, .mp4.")
@click.option("--summary", type=_FILE, help="The track in numbers, .json.")
@click.option("--keyframes", type=_FILE, help="Boxes from which the tracker starts anew, .json, frames from 1.")
@click.option("--sequence", help="Whose boxes they are, where the file has several; by default what CLIP is called.")
@click.option(
    "--tracker", "tracker_name", default=DEFAULT_TRACKER, show_default=True, help=f"One of {', '.join(TRACKERS)}."
)
@click.option("--preset", help="A named set of parameters of the tracker.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change one parameter; may be repeated.")
@click.option("--frames", metavar="A:B", help="Use frames A to B-1 only.")
@click.option("--width", type=click.IntRange(0), default=0, help="Scale down to this width first; 0: the clip's own.")
@work_options
@user_errors
def affine(clip_name: str, roi: str | None, out: Path | None, video: Path | None, summary: Path | None,
           keyframes: Path | None, sequence: str | None, tracker_name: str, preset: str | None,
           settings: tuple[str, ...], frames: str | None, width: int, workers: int | None, scheduler: str | None,
           fresh: bool) -> None:  # fmt: skip
    """Follow a region through CLIP and write where it was: a table, a video, a summary, or all of them.

    The region is the box --roi on the first frame, or a keyframe there. The table has a row for every frame: frame,
    state (tracked, occluded, lost, keyframe), the four corners and the warp (pixels, at the working width), ncc,
    iterations and more; a frame that is lost repeats the last believed warp.

    What is finished is kept: a command that was stopped goes on where it was when it is given again, and one with a
    keyframe more keeps the pieces before it.
    """
    chosen = tracker(tracker_name)
    parameters = settings_of(chosen.parameters, preset, settings, chosen.usual)
    box = None if roi is None else Box.parse(roi, "--roi")
    check_outputs(clip_name, out, video, summary)
    known = {} if keyframes is None else _keyframes(keyframes, sequence, clip_name)
    with (
        closing(Cluster(scheduler or None, workers=workers, preload=PRELOAD)) as cluster,
        closing(open_clip(clip_name, width=width, progress=progress("checking"))) as clip,
    ):
        start, stop, whole = frame_range(frames, clip.info)
        if box is not None:
            known = {frame: drawn for frame, drawn in known.items() if frame != start}
        elif start not in known:
            raise ParameterError(
                f"there is no box on frame {start}, the first one: give --roi x,y,w,h, or --keyframes with frame "
                f"{start + 1}, counted from 1"
            )
        look = RegionLook() if video else None
        job = RegionJob.of(clip.info, (start, stop), box, parameters, name=chosen.name, keyframes=known, look=look)
        helped = not cluster.is_local or job.seconds > WORTH_PROCESSES
        workshop = FollowWorkshop(open_store(), cluster if helped else None)
        files = FollowFiles(out, video, summary)
        done = workshop.write(job, clip, files, JobLine("affine").report, threading.Event(), fresh=fresh)
        states = (done.summary or {})["states"]
    kept = f" ({done.reused} of the frames followed before)" if done.reused else ""
    said = ", ".join(f"{words} in {count}" for words, count in states.items() if count)
    click.echo(f"{done.written} of {job.frames} frames: {said}{kept}")
    if whole and done.written == job.frames:
        return
    note = f": {done.note}" if done.note else ""
    complain(f"the clip is damaged, only its readable part was followed ({counts(clip.info)}){note}")
    sys.exit(1)


def _keyframes(path: Path, sequence: str | None, clip_name: str) -> dict[int, Box]:
    """Return the keyframes of a file: those of the sequence asked for, else of the one called as the clip is."""
    names = read_all_keyframes(path)
    if sequence is None:
        words = (*reversed(Path(clip_name).parts), Path(clip_name).stem)
        sequence = next((word for word in words if word in names), None)
        return read_keyframes(path, sequence)
    if sequence not in names and set(names) != {""}:
        raise ParameterError(
            f"--sequence is {shown(sequence)}: the keyframes are of {', '.join(map(shown, names)) or 'none'}"
        )
    return read_keyframes(path, sequence)
