"""Numbers that come after the picture: the forward-backward error and the error against the truth.

They cost another flow estimation, so they are sent when the picture is already painted. What stands
under the pointer belongs together by a token: a picture shows the numbers of its own token only.
"""

import numpy as np
from numpy.typing import NDArray

from .frontend import component
from .picture import hover_data

_more_numbers = component("more_numbers", ("readout.js", "more_numbers.js"), isolate_styles=False)


def more_numbers(
    forward_backward: NDArray[np.floating] | None,
    error: NDArray[np.floating] | None,
    *,
    token: str,
    key: str,
    probe: tuple[float, float] | None = None,
) -> None:
    """Send what the readouts of the pictures with this token tell besides the flow; it shows nothing itself.

    Args:
        forward_backward: (H, W) px, or None where it is not known.
        error: (H, W) endpoint error, px, or None where the truth is not known.
        token: the one given to `picture` or `chart`.
        key: Streamlit key.
        probe: (x, y), the pinned pixel, whose numbers are sent themselves and not those of the next sample.
    """
    known = {"fb": forward_backward, "err": error}
    channels = {name: values for name, values in known.items() if values is not None}
    grid = hover_data(np.stack([*channels.values()], axis=-1), probe) if channels else None
    _more_numbers(key=key, data={"token": token, "names": list(channels), "grid": grid})
