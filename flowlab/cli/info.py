"""flowlab info: what a clip is."""

import json
from contextlib import closing

import click

from flowlab.cli.telling import counts, progress, user_errors
from flowlab.errors import shown
from flowlab.jobs.clips import open_clip


@click.command()
@click.argument("clip")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
@user_errors
def info(clip: str, as_json: bool) -> None:
    """Say what CLIP is: size, rate, frames declared, decoded and damaged, codec, rotation, content hash."""
    with closing(open_clip(clip, progress=progress("checking"))) as opened:
        facts = opened.info
    if as_json:
        click.echo(json.dumps(facts.as_json(), indent=2))
        return
    rows = [
        ("name", shown(facts.name, 200)[1:-1]),
        ("size", f"{facts.width}x{facts.height} px"),
        ("rate", f"{float(facts.fps):.6g} frames/s ({facts.fps})" + (", uneven" if facts.variable_rate else "")),
        ("frames", counts(facts)),
        ("codec", facts.codec or facts.kind),
        ("depth", f"{facts.bit_depth} bit"),
        ("rotation", f"{facts.rotation} degrees (applied)"),
        ("hash", facts.content_hash),
    ]
    if facts.note:
        rows.append(("note", facts.note))
    for label, value in rows:
        click.echo(f"{label:9} {value}")
