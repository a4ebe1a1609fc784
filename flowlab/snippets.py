"""Copy as Python: the parameters of a page as a script that runs anywhere flowlab is installed.

Every text that came from outside is written with repr, so a hostile name stays a string.
"""

from collections.abc import Mapping

from flowlab.core.parameters import Value

_DENSE = """\
import numpy as np

import flowlab

clip = flowlab.open_clip({clip!r}, width={width}){remark}
method = flowlab.METHODS[{method!r}]
parameters = method.parameters({parameters})

first, second = clip.frame({first}), clip.frame({second})
result = method.estimate(first.grey, second.grey, parameters)

flowlab.write_flow({output!r}, result.flow)  # also .png (KITTI), .npz, .mat
u, v = result.flow[..., 0], result.flow[..., 1]  # pixels; x to the right, y down
speed = (u**2 + v**2) ** 0.5
print(f"median speed {{np.nanmedian(speed):.3f}} px in {{result.seconds * 1e3:.0f}} ms")
clip.close()
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
    output: str = "flow.flo",
) -> str:
    """Return a script that computes one flow exactly as the Dense flow page does.

    Args:
        clip: what `flowlab.open_clip` takes: scene text, sample key, content hash or path.
        name: what the clip is called, for a remark beside a content hash.
        width: working width, 0 for native.
        frame: index of the first frame.
        gap: frames from the first to the second.
        method: name of a row of `flowlab.METHODS`.
        parameters: those that differ from the defaults.
        output: file the flow is written to.
    """
    is_scene = clip.startswith(("scene:", "sample:"))
    return _DENSE.format(
        clip=clip,
        width=width,
        remark="" if is_scene else f"  # or the path of your copy of {name!r}",
        method=method,
        parameters=", ".join(f"{key}={value!r}" for key, value in parameters.items()),
        first=frame,
        second=frame + gap,
        output=output,
    )
