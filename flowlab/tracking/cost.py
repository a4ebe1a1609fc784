"""What tracking a frame takes, before it is tried."""

from flowlab.tracking.parameters import PointParameters

_MANY_ITERATIONS = 12  # few points need more, whatever is allowed


def frame_seconds(height: int, width: int, p: PointParameters) -> float:
    """Return the seconds a frame takes on one ordinary core, to a factor of two."""
    window = p.max_corners * p.window**2
    one_way = window * (p.levels + 1) * min(p.iterations, _MANY_ITERATIONS) * 1e-9
    described = window * (15e-9 + (60e-9 if p.affine else 0.0))
    detected = height * width * 2.5e-8 / max(p.redetect_every, 1)
    return 2 * one_way + described + detected + 4e-9 * height * width
