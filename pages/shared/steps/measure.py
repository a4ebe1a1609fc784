"""Links to the Measure pages, complete and with nothing needless.

A default would leave the address as the page opens, which makes one more entry in the browser's history:
going back would then lead to where one is.
"""

from flowlab.core.parameters import Parameters, Value
from flowlab.dense.lucas_kanade import LucasKanadeParameters
from flowlab.tracking.parameters import PointParameters


def dense_query(scene: str, *, frame: int = 0, view: str = "", **settings: Value) -> dict[str, str]:
    """Return the link to Dense flow with a scene and the method lucas-kanade at these settings."""
    query = {"clip": scene, "d_method": "lucas-kanade"} | _changed(LucasKanadeParameters, "d_lk_", settings)
    if frame:
        query["d_frame"] = str(frame)
    return query | ({"d_view": view} if view else {})


def sparse_query(scene: str, *, start: int = 0, frame: int | None = None, **settings: Value) -> dict[str, str]:
    """Return the link to Sparse tracking with a scene, followed from `start`, with these settings."""
    query = {"clip": scene} | _changed(PointParameters, "s_p_", settings)
    if start:
        query["s_from"] = str(start)
    return query if frame is None else query | {"s_frame": str(frame)}


def _changed(kind: type[Parameters], prefix: str, settings: dict[str, Value]) -> dict[str, str]:
    values = {name: kind.field(name).check(value) for name, value in settings.items()}
    return {
        prefix + name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value != kind.field(name).default
    }
