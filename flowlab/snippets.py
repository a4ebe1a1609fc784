"""Copy as Python: the parameters of a page as a script that runs anywhere flowlab is installed.

Every text that came from outside is written with repr, so a hostile name stays a string.
"""

from collections.abc import Mapping

from flowlab.core.parameters import Value
from flowlab.core.region import NATIVE, Box, Selection

_DENSE = """\
import numpy as np

import flowlab

clip = flowlab.open_clip({clip!r}, width={width}){remark}
method = flowlab.METHODS[{method!r}]
parameters = method.parameters({parameters})

first, second = clip.frame({first}), clip.frame({second})
result = method.estimate(first.grey, second.grey, parameters)
flow = result.flow
{filter}
flowlab.write_flow({output!r}, flow)  # also .png (KITTI), .npz, .mat
u, v = flow[..., 0], flow[..., 1]  # pixels; x to the right, y down
speed = (u**2 + v**2) ** 0.5
{selection}print(f"median speed {{np.nanmedian(speed{counted}):.3f}} px in {{result.seconds * 1e3:.0f}} ms")
clip.close()
"""

_FILTER = """\
flow[flowlab.outliers(flow, flowlab.OutlierParameters({parameters}))] = np.nan
"""
_SELECTION = """\
region = flowlab.{selection}  # what is left out comes second
counts = region.mask(*flow.shape[:2], clip.info.factor)
"""


def dense_flow_script(
    clip: str,
    *,
    name: str,
    width: int,
    frame: int,
    gap: int,
    method: str,
    parameters: Mapping[str, Value],
    outliers: Mapping[str, Value] | None = None,
    selection: Selection | None = None,
    output: str = "flow.flo",
) -> str:
    """Return a script that computes one flow exactly as the Dense flow page does.

    Args:
        clip: what `flowlab.open_clip` takes: scene text, sample key, data set pair, content hash or path.
        name: what the clip is called, for a remark beside a content hash.
        width: working width, 0 for native.
        frame: index of the first frame.
        gap: frames from the first to the second.
        method: name of a row of `flowlab.METHODS`.
        parameters: those that differ from the defaults.
        outliers: the same of the outlier filter; None where it is off.
        selection: the pixels whose speed is told; None: all of them.
        output: file the flow is written to.
    """
    return _DENSE.format(
        clip=clip,
        width=width,
        remark=_remark(clip, name),
        method=method,
        parameters=_arguments(parameters),
        selection="" if selection is None else _SELECTION.format(selection=_constructed(selection)),
        counted="" if selection is None else "[counts]",
        filter="" if outliers is None else _FILTER.format(parameters=_arguments(outliers)),
        first=frame,
        second=frame + gap,
        output=output,
    )


_POINTS = """\
import numpy as np

import flowlab

clip = flowlab.open_clip({clip!r}, width={width}){remark}
parameters = flowlab.PointParameters({parameters})
{selection}tracks = flowlab.track_points(clip, parameters{allowed}, start={start}, stop={stop})
flowlab.write_tracks({output!r}, tracks)  # columns="trackpy" for trackpy's names

last = tracks.at({last})  # the rows of one frame: track, xy, uv, fb_error, status, ...
print(f"{{last.alive.sum()}} tracks, median step {{np.nanmedian(np.hypot(*last.uv[last.alive].T)):.3f}} px")
clip.close()
"""

_ALLOWED = """\
region = flowlab.{selection}  # where tracks may begin; what is left out comes second
allowed = region.mask(clip.info.height, clip.info.width, clip.info.factor)
"""


def points_script(
    clip: str,
    *,
    name: str,
    width: int,
    frames: tuple[int, int],
    parameters: Mapping[str, Value],
    selection: Selection | None = None,
    output: str = "tracks.csv",
) -> str:
    """Return a script that follows points exactly as the Sparse tracking page does.

    Args:
        clip: what `flowlab.open_clip` takes: scene text, sample key, data set pair, content hash or path.
        name: what the clip is called, for a remark beside a content hash.
        width: working width, 0 for native.
        frames: the first frame, and the one after the last.
        parameters: those that differ from the defaults.
        selection: where tracks may begin; None: everywhere.
        output: file the table is written to.
    """
    return _POINTS.format(
        clip=clip,
        width=width,
        remark=_remark(clip, name),
        parameters=_arguments(parameters),
        selection="" if selection is None else _ALLOWED.format(selection=_constructed(selection)),
        allowed="" if selection is None else ", allowed=allowed",
        start=frames[0],
        stop=frames[1],
        last=frames[1] - 1,
        output=output,
    )


_REGION = """\
import numpy as np

import flowlab

clip = flowlab.open_clip({clip!r}, width={width}){remark}
parameters = flowlab.TRACKERS[{tracker!r}].parameters({parameters})
box = flowlab.Box({box}){working}
{keyframes}track = flowlab.track_region(
    clip, box, parameters, tracker={tracker!r}{restarts}, start={start}, stop={stop}
)
flowlab.write_region({output!r}, track)

(corners,) = track.at({last}).corners  # (4, 2) pixels, clockwise from the template's top left
print(f"tracked in {{track.believed.mean():.0%}} of {{len(track)}} frames, at last {{np.round(corners, 1).tolist()}}")
clip.close()
"""

_KEYFRAMES = """\
keyframes = {{
{boxes}
}}  # frame, from 0: the box that was drawn there
"""


def region_script(
    clip: str,
    *,
    name: str,
    width: int,
    frames: tuple[int, int],
    tracker: str,
    parameters: Mapping[str, Value],
    box: Box,
    keyframes: Mapping[int, Box] | None = None,
    factor: tuple[float, float] = NATIVE,
    output: str = "track.csv",
) -> str:
    """Return a script that follows a region exactly as the Affine tracking page does.

    Args:
        clip: what `flowlab.open_clip` takes: scene text, sample key, data set pair, content hash or path.
        name: what the clip is called, for a remark beside a content hash.
        width: working width, 0 for native.
        frames: the first frame, and the one after the last.
        tracker: name of a row of `flowlab.TRACKERS`.
        parameters: those that differ from the defaults of its parameter class.
        box: drawn on the first frame, pixels of the clip itself.
        keyframes: frame -> box, pixels of the clip itself; None: there are none.
        factor: (x, y) clip pixels per working pixel.
        output: file the table is written to.
    """
    restarts = dict(sorted((keyframes or {}).items()))
    boxes = "\n".join(f"    {frame}: flowlab.Box({_working(drawn, factor)})," for frame, drawn in restarts.items())
    return _REGION.format(
        clip=clip,
        width=width,
        remark=_remark(clip, name),
        tracker=tracker,
        parameters=_arguments(parameters),
        box=_working(box, factor),
        working="" if factor == NATIVE else "  # pixels at this width",
        keyframes=_KEYFRAMES.format(boxes=boxes) if restarts else "",
        restarts=", keyframes=keyframes" if restarts else "",
        start=frames[0],
        stop=frames[1],
        last=frames[1] - 1,
        output=output,
    )


def _working(box: Box, factor: tuple[float, float]) -> str:
    """Return the arguments of a box in working pixels, to the last digit: another rounding is another track."""
    (x, y), sides = factor, (box.x, box.y, box.w, box.h)
    values = (side / one for side, one in zip(sides, (x, y, x, y), strict=True))
    return ", ".join(str(int(value)) if value == int(value) else repr(float(value)) for value in values)


def _remark(clip: str, name: str) -> str:
    """Return a remark for a clip that another lab knows by another name."""
    return "" if clip.startswith(("scene:", "sample:", "data:")) else f"  # or the path of your copy of {name!r}"


def _constructed(selection: Selection) -> str:
    """Return the call that makes a selection, its classes taken from flowlab."""
    boxes = [f"flowlab.Box({_numbers(box)})" for box in selection.excluded]
    region = selection.region
    first = "None" if region is None else f"flowlab.Box({_numbers(region)})"
    return f"Selection({first}, ({', '.join(boxes)},))" if boxes else f"Selection({first})"


def _numbers(box: Box) -> str:
    return ", ".join(f"{value:.10g}" for value in (box.x, box.y, box.w, box.h))


def _arguments(parameters: Mapping[str, Value]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in parameters.items())
