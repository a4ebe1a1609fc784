"""Copy as Python: the parameters of a page as a script that runs anywhere flowlab is installed.

Every text that came from outside is written with repr, so a hostile name stays a string.
"""

from collections.abc import Mapping

from flowlab.core.parameters import Value
from flowlab.core.region import Box, Selection

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
    is_a_name = clip.startswith(("scene:", "sample:", "data:"))
    return _DENSE.format(
        clip=clip,
        width=width,
        remark="" if is_a_name else f"  # or the path of your copy of {name!r}",
        method=method,
        parameters=_arguments(parameters),
        selection="" if selection is None else _SELECTION.format(selection=_constructed(selection)),
        counted="" if selection is None else "[counts]",
        filter="" if outliers is None else _FILTER.format(parameters=_arguments(outliers)),
        first=frame,
        second=frame + gap,
        output=output,
    )


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
