"""The command line: the same abilities as the pages, from a shell.

Exit 0 when everything asked for was written, 1 when only a part could be (a damaged clip), 2 for a
mistake in what was asked, with one line that says what and how to mend it.
"""

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from flowlab import __version__
from flowlab.core.clip import ClipInfo
from flowlab.core.files import write_whole
from flowlab.core.parameters import Parameters
from flowlab.dense.methods import DEFAULT_METHOD, METHODS, method
from flowlab.errors import FlowlabError, ParameterError, shown
from flowlab.evaluation.benchmark import Means, evaluate_flow
from flowlab.evaluation.table import Table
from flowlab.jobs.clips import open_clip
from flowlab.jobs.dense_files import AS, Output, as_of, plan_output, write_flows
from flowlab.jobs.scales import clip_scales
from flowlab.jobs.views import VIEWS, Look, view
from flowlab.media.flow_sets import LAYOUTS, sequences

F = TypeVar("F", bound=Callable[..., Any])


def _user_errors(command: F) -> F:
    """Turn flowlab's errors into one line on stderr and exit status 2."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except FlowlabError as error:
            click.echo(f"flowlab: {error}", err=True)
            sys.exit(2)

    return run  # type: ignore[return-value]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flowlab")
def main() -> None:
    """Optical flow from the shell.

    CLIP is a video file, a folder or zip of pictures, or a scene with its knobs
    (scene:two-layers?speed=2&noise=3, quoted for the shell).
    """


def _counts(info: ClipInfo) -> str:
    declared = "unknown" if info.declared is None else str(info.declared)
    checked = "" if info.checked else " (too long to check every frame)"
    return f"{declared} declared, {info.frame_count} decoded, {info.damaged} damaged{checked}"


def _progress(label: str) -> Callable[[float, str], None]:
    """Return a progress callback that draws one line on a terminal and nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda *_: None

    def show(share: float, text: str) -> None:
        click.echo(f"\r{label} {share:4.0%}  {text[:60]:60}", nl=share >= 1, err=True)

    return show


@main.command()
@click.argument("clip")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
@_user_errors
def info(clip: str, as_json: bool) -> None:
    """Say what CLIP is: size, rate, frames declared, decoded and damaged, codec, rotation, content hash."""
    with closing(open_clip(clip, progress=_progress("checking"))) as opened:
        facts = opened.info
    if as_json:
        click.echo(json.dumps(facts.as_json(), indent=2))
        return
    rows = [
        ("name", shown(facts.name, 200)[1:-1]),
        ("size", f"{facts.width}x{facts.height} px"),
        ("rate", f"{float(facts.fps):.6g} frames/s ({facts.fps})" + (", uneven" if facts.variable_rate else "")),
        ("frames", _counts(facts)),
        ("codec", facts.codec or facts.kind),
        ("depth", f"{facts.bit_depth} bit"),
        ("rotation", f"{facts.rotation} degrees (applied)"),
        ("hash", facts.content_hash),
    ]
    if facts.note:
        rows.append(("note", facts.note))
    for label, value in rows:
        click.echo(f"{label:9} {value}")


def _parameters(method_name: str, preset: str | None, settings: Iterable[str]) -> Parameters:
    kind = method(method_name).parameters
    chosen = kind() if preset is None else kind.preset(preset)
    texts: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ParameterError(f"--set is {shown(setting)}: give name=value, such as --set winsize=21")
        texts[name.strip()] = value
    return chosen.with_text(texts)


def _frame_range(text: str | None, facts: ClipInfo) -> tuple[int, int, bool]:
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


@main.command()
@click.argument("clip")
@click.option(
    "-o",
    "--output",
    "out",
    required=True,
    type=click.Path(path_type=Path),
    help="A file for one flow, or a folder that receives 000000.flo and so on.",
)
@click.option(
    "--method", "method_name", default=DEFAULT_METHOD, show_default=True, help=f"One of {', '.join(METHODS)}."
)
@click.option("--preset", help="A named set of parameters of the method.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change one parameter; may be repeated.")
@click.option("--as", "as_", type=click.Choice(AS), help="What to write; by default what OUT's suffix says, else flo.")
@click.option("--view", "view_name", default="colour", show_default=True, help=f"For --as png: {', '.join(VIEWS)}.")
@click.option("--scale", type=click.FloatRange(0.01, 10_000), help="For --as png: speed in px at full colour.")
@click.option("--frames", "frames", metavar="A:B", help="Use frames A to B-1 only.")
@click.option("--gap", type=click.IntRange(1), default=1, show_default=True, help="Frames between the two of a pair.")
@click.option("--width", type=click.IntRange(0), default=0, help="Scale down to this width first; 0: the clip's own.")
@_user_errors
def dense(clip: str, out: Path, method_name: str, preset: str | None, settings: tuple[str, ...], as_: str | None,
          view_name: str, scale: float | None, frames: str | None, gap: int, width: int) -> None:  # fmt: skip
    """Compute the dense flow of CLIP and write it, one file a pair of frames."""
    chosen, parameters = method(method_name), _parameters(method_name, preset, settings)
    kind, shown_view = as_of(out, as_), view(view_name).name
    with closing(open_clip(clip, width=width, progress=_progress("checking"))) as opened:
        facts = opened.info
        start, stop, whole = _frame_range(frames, facts)
        plan = plan_output(out, start, stop, gap)
        look = Look.of(clip_scales(opened, gap)) if kind == "png" else None
        if look and scale:
            look = replace(look, scale=scale)
        output = Output(kind, shown_view, look)
        done = write_flows(opened, plan, chosen, parameters, output=output, progress=_progress("dense"))
    click.echo(f"{done} of {plan.count} flows written to {out}")
    if not whole or done < plan.count:
        click.echo(f"flowlab: the clip is damaged, only its readable part was written: {_counts(facts)}", err=True)
        sys.exit(1)


@main.group()
def evaluate() -> None:
    """Measure methods against the truth of a data set."""


@evaluate.command("flow")
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--dataset", required=True, help=f"How ROOT is laid out: {', '.join(LAYOUTS)}.")
@click.option("--method", "names", multiple=True, help="A method; may be repeated. Without it, every method.")
@click.option("--preset", help="A named set of parameters, for one method.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change one parameter of one method.")
@click.option("--limit", type=click.IntRange(1), help="Use the first so many pairs only.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write rows and means to this file too.")
@_user_errors
def evaluate_flow_command(root: Path, dataset: str, names: tuple[str, ...], preset: str | None,
                          settings: tuple[str, ...], limit: int | None, out: Path | None) -> None:  # fmt: skip
    """Measure dense methods against the true flow of the picture pairs in ROOT.

    The errors are means over all points whose truth is known: EPE in pixels, AAE (Barron's angle between
    (u, v, 1) vectors) in degrees, Fl (off by more than 3 px and 5 %), R1, R3, R5 (off by more than 1, 3, 5 px);
    shares are per cent in the table and 0 to 1 in the JSON. Columns that end in noc, KITTI's: points visible in
    both pictures.
    """
    names = tuple(dict.fromkeys(names or METHODS))
    if len(names) > 1 and (preset or settings):
        raise ParameterError("--preset and --set belong to one method: name it with --method")
    chosen = [(method(name), _parameters(name, preset, settings)) for name in names]
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise ParameterError(f"--json is {shown(out)}: give a file in a folder that exists")
    pairs = sequences(root, dataset)[:limit]
    table = Table([pair.name for pair in pairs], names, visible=any(pair.visible_truth for pair in pairs))
    click.echo(table.header)
    # On a terminal the rows themselves show how far it is.
    progress = (lambda *_: None) if sys.stdout.isatty() else _progress("evaluate")
    rows, means = [], Means()
    for row in evaluate_flow(pairs, chosen):
        click.echo(table.row(row))
        rows.append(row)
        means.add(row)
        progress(len(rows) / (len(pairs) * len(names)), f"{row.sequence} {row.method}")
    for name, mean in means.as_json().items():
        click.echo(table.mean(name, mean))
    if out is not None:
        _write_json(out, {"rows": [row.as_json() for row in rows], "mean": means.as_json()})
    if wanting := sum(bool(row.note) for row in rows):
        click.echo(f"flowlab: {wanting} of {len(rows)} rows lack numbers, each says why", err=True)
        sys.exit(1)


def _write_json(path: Path, value: object) -> None:
    try:
        write_whole(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())
    except OSError as error:
        raise ParameterError(f"--json is {shown(path)}: {error.strerror}, choose another file") from None


if __name__ == "__main__":
    main()
