"""flowlab evaluate: methods and trackers against the truth of a data set."""

import sys
from pathlib import Path

import click

from flowlab.cli.asking import parameters_of
from flowlab.cli.evaluate_tracking import evaluate_tracking_command
from flowlab.cli.json_file import check_json, write_json
from flowlab.cli.telling import complain, progress, user_errors
from flowlab.dense.methods import METHODS, method
from flowlab.errors import ParameterError
from flowlab.evaluation.benchmark import Means, evaluate_flow
from flowlab.evaluation.table import Table
from flowlab.media.flow_sets import LAYOUTS, sequences


@click.group()
def evaluate() -> None:
    """Measure methods and trackers against the truth of a data set."""


@evaluate.command("flow")
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--dataset", required=True, help=f"How ROOT is laid out: {', '.join(LAYOUTS)}.")
@click.option("--method", "names", multiple=True, help="A method; may be repeated. Without it, every method.")
@click.option("--preset", help="A named set of parameters, for one method.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change one parameter of one method.")
@click.option("--limit", type=click.IntRange(1), help="Use the first so many pairs only.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write rows and means to this file too.")
@user_errors
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
    chosen = [(method(name), parameters_of(name, preset, settings)) for name in names]
    check_json(out)
    pairs = sequences(root, dataset)[:limit]
    table = Table([pair.name for pair in pairs], names, visible=any(pair.visible_truth for pair in pairs))
    click.echo(table.header)
    # On a terminal the rows themselves show how far it is.
    tell = (lambda *_: None) if sys.stdout.isatty() else progress("evaluate")
    rows, means = [], Means()
    for row in evaluate_flow(pairs, chosen):
        click.echo(table.row(row))
        rows.append(row)
        means.add(row)
        tell(len(rows) / (len(pairs) * len(names)), f"{row.sequence} {row.method}")
    for name, mean in means.as_json().items():
        click.echo(table.mean(name, mean))
    if out is not None:
        write_json(out, {"rows": [row.as_json() for row in rows], "mean": means.as_json()})
    if wanting := sum(bool(row.note) for row in rows):
        complain(f"{wanting} of {len(rows)} rows lack numbers, each says why")
        sys.exit(1)


evaluate.add_command(evaluate_tracking_command)
