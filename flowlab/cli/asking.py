"""What a shell asks with: options that several commands share."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from flowlab.core.clip import ClipInfo
from flowlab.core.parameters import Parameters
from flowlab.dense.methods import method
from flowlab.errors import ParameterError, shown
from flowlab.jobs.follow_clip import check_file

P = TypeVar("P", bound=Parameters)
F = TypeVar("F", bound=Callable[..., Any])

_WORK = (
    click.option("--workers", type=click.IntRange(1, 256), help="Worker processes; by default one a processor core."),
    click.option(
        "--scheduler",
        envvar="FLOWLAB_SCHEDULER",
        metavar="ADDRESS",
        help="A running Dask cluster, tls://host:port; also from FLOWLAB_SCHEDULER.",
    ),
    click.option("--fresh", is_flag=True, help="Compute anew what was finished before."),
)


def work_options(command: F) -> F:
    """Add the options of a command that works through whole clips: --workers, --scheduler and --fresh."""
    for option in reversed(_WORK):
        command = option(command)
    return command


def check_outputs(clip_name: str, table: Path | None, video: Path | None, summary: Path | None) -> None:
    """See before an hour's work that what is wanted can be written under these names, and that something is wanted.

    Raises:
        ParameterError: nothing is, a name ends in something else, or it is the clip's own.
        FlowFileError: no file can have the name.
    """
    if table is None and video is None and summary is None:
        raise ParameterError("nothing is to be written: give -o tracks.csv, --video out.mp4 or --summary tracks.json")
    for path, suffix in ((table, ".csv"), (video, ".mp4"), (summary, ".json")):
        if path is None:
            continue
        check_file(path)
        if path.suffix.lower() != suffix:
            raise ParameterError(f"{shown(path.name)} cannot be written: give a file whose name ends in {suffix}")
        if _is_same(path, clip_name):
            raise ParameterError(f"{shown(path.name)} is the clip itself: give another name to what is written")


def _is_same(path: Path, clip_name: str) -> bool:
    with suppress(OSError, ValueError):  # one of them is not there, or is no path at all
        return path.samefile(clip_name)
    return False


def parameters_of(method_name: str, preset: str | None, settings: Iterable[str]) -> Parameters:
    """Return a method's parameters: the preset's, or the default ones, with `name=value` settings on top."""
    return settings_of(method(method_name).parameters, preset, settings)


def settings_of(kind: type[P], preset: str | None, settings: Iterable[str], usual: P | None = None) -> P:
    """Return parameters of a kind: the preset's, or the usual or default ones, with `name=value` settings on top."""
    chosen = (usual or kind()) if preset is None else kind.preset(preset)
    texts: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ParameterError(f"--set is {shown(setting)}: {_remedy(kind)}")
        texts[name.strip()] = value
    return chosen.with_text(texts)


def _remedy(kind: type[Parameters]) -> str:
    fields = kind.fields()
    if not fields:
        return "leave it out, there is no parameter to change"
    example = next((field for field in fields if field.kind is int), fields[0])
    return f"give name=value, such as --set {example.name}={example.default}"


def frame_range(text: str | None, facts: ClipInfo) -> tuple[int, int, bool]:
    """Return (start, stop, whether every frame asked for exists) of `--frames A:B`."""
    if text is None:
        return 0, facts.frame_count, facts.damaged == 0
    first, colon, last = text.partition(":")
    promised = max(facts.frame_count, facts.declared or 0)
    try:
        start, stop = int(first or 0), int(last) if last else promised
    except ValueError:
        colon = ""
        start = stop = 0
    if not colon or not 0 <= start < stop:
        raise ParameterError(f"--frames is {shown(text)}: give A:B for frames A to B-1, such as 0:50")
    if stop > promised or start >= facts.frame_count:
        raise ParameterError(f"--frames is {shown(text)}: the clip has frames 0:{facts.frame_count}")
    return start, min(stop, facts.frame_count), stop <= facts.frame_count
