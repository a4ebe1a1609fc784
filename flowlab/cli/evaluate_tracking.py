"""flowlab evaluate tracking: trackers against the true boxes of a data set."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from flowlab.cli.asking import settings_of
from flowlab.cli.json_file import check_json, write_json
from flowlab.cli.telling import complain, progress, user_errors
from flowlab.errors import ParameterError, shown
from flowlab.evaluation.tracking_benchmark import Keyframes, TrackingMeans, evaluate_tracking
from flowlab.evaluation.tracking_table import TrackingTable
from flowlab.media.box_sets import BOX_LAYOUTS, BoxSequence, box_sequences
from flowlab.media.keyframes import read_all_keyframes
from flowlab.tracking.trackers import DEFAULT_TRACKER, TRACKERS, tracker

_NAMED = 5  # sequences of a file of keyframes named in an error
_FILE = click.Path(path_type=Path)


@click.command("tracking")
@click.argument("root", type=_FILE)
@click.option("--dataset", required=True, help=f"How ROOT is laid out: {', '.join(BOX_LAYOUTS)}.")
@click.option(
    "--tracker",
    "names",
    multiple=True,
    help=f"One of {', '.join(TRACKERS)}; may be repeated. Without it, {DEFAULT_TRACKER}.",
)
@click.option("--keyframes", "keyframes_file", type=_FILE, help="Hand-drawn boxes to start anew from as well, .json.")
@click.option("--preset", help="A named set of parameters, for one tracker.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change one parameter of one tracker.")
@click.option("--limit", type=click.IntRange(1), help="Use the first so many sequences only.")
@click.option("--json", "out", type=_FILE, help="Write rows and means to this file too.")
@user_errors
def evaluate_tracking_command(root: Path, dataset: str, names: tuple[str, ...], keyframes_file: Path | None,
                              preset: str | None, settings: tuple[str, ...], limit: int | None,
                              out: Path | None) -> None:  # fmt: skip
    """Measure trackers against the true boxes of the picture sequences in ROOT.

    AUC is the mean of OTB's success curve (share of frames whose overlap is larger than 0, 0.05 .. 1), 20px the share
    whose centre is at most 20 px off. Tracked: the share the tracker believes; wrong: believed though the overlap is
    under 0.1; missed: called lost or occluded though the overlap is 0.5 or more. Every frame counts, a lost one with
    its last box. The time is the tracker's own, fps and the median in ms. Shares are per cent in the table and 0 to 1
    in the JSON.

    Each sequence starts from its first true box (mode alone). With --keyframes, those named in the file run once
    more, started anew at every box there (mode keyframes).
    """
    names = tuple(dict.fromkeys(names or (DEFAULT_TRACKER,)))
    if len(names) > 1 and (preset or settings):
        raise ParameterError("--preset and --set belong to one tracker: name it with --tracker")
    chosen = [(row, settings_of(row.parameters, preset, settings, row.usual)) for row in map(tracker, names)]
    check_json(out)
    sequences = box_sequences(root, dataset)
    keyframes = {} if keyframes_file is None else _keyframes(keyframes_file, sequences, limit)
    sequences = sequences[:limit]
    table = TrackingTable([one.name for one in sequences], names)
    click.echo(table.header)
    # On a terminal the rows themselves show how far it is.
    tell = (lambda *_: None) if sys.stdout.isatty() else progress("evaluate")
    total = len(names) * sum(1 + (one.name in keyframes) for one in sequences)
    rows, means = [], TrackingMeans()
    for row in evaluate_tracking(sequences, chosen, keyframes):
        click.echo(table.row(row))
        rows.append(row)
        means.add(row)
        tell(len(rows) / total, f"{row.sequence} {row.tracker}")
    for name, modes in means.as_json().items():
        for mode, mean in modes.items():
            click.echo(table.mean(name, mode, mean))
    if out is not None:
        write_json(out, {"rows": [row.as_json() for row in rows], "mean": means.as_json()})
    if wanting := sum(bool(row.note) for row in rows):
        complain(f"{wanting} of {len(rows)} rows lack numbers or are of a part only, each says why")
        sys.exit(1)


def _keyframes(path: Path, sequences: Sequence[BoxSequence], limit: int | None) -> dict[str, Keyframes]:
    """Return sequence -> keyframes of the sequences that the file names."""
    known: dict[str, Keyframes] = dict(read_all_keyframes(path))
    names = [one.name for one in sequences]
    if set(known) == {""}:
        if len(names[:limit]) > 1:
            raise ParameterError(
                f'--keyframes is {shown(path)}: it does not say of which sequence, write {{"NAME": ..}}'
            )
        return {names[0]: known[""]}
    found = {name: known[name] for name in names if name in known}
    if not found:
        has = ", ".join(shown(name, 30) for name in list(known)[:_NAMED]) or "no boxes"
        raise ParameterError(
            f"--keyframes is {shown(path)}: it has {has} and none of the sequences here, such as {shown(names[0], 30)}"
        )
    return found
