"""The door to the drawing rooms."""

import subprocess
import sys

from flowlab.drawing import pixels


def test_all_names_what_there_is() -> None:
    assert len(set(pixels.__all__)) == len(pixels.__all__)
    offered = {name for name in vars(pixels) if not name.startswith("_")}
    assert offered == set(pixels.__all__)


def test_pixels_are_drawn_without_plotly() -> None:
    code = "import sys, flowlab.drawing.pixels; sys.exit('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
