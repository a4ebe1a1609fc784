"""The command line: the same abilities as the pages, from a shell.

Exit 0 when everything asked for was written, 1 when only a part could be (a damaged clip, a process that
died), 2 for a mistake in what was asked, with one line that says what and how to mend it; 130 and 143 when
it was stopped by Ctrl-C or by the system.
"""

import click

from flowlab import __version__
from flowlab.cli.affine import affine
from flowlab.cli.dense import dense
from flowlab.cli.evaluate import evaluate
from flowlab.cli.info import info
from flowlab.cli.points import points


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flowlab")
def main() -> None:
    """Optical flow from the shell.

    CLIP is a video file, a folder or zip of pictures, or a scene with its knobs
    (scene:two-layers?speed=2&noise=3, quoted for the shell).
    """


for command in (info, dense, points, affine, evaluate):
    main.add_command(command)
