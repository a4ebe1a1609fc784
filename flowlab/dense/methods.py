"""The registry of dense methods: pages, command line, documentation and tests walk it.

A new method is one file beside this one and one row here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from flowlab.dense.dis import DisParameters, dis, dis_cost
from flowlab.dense.estimator import Method
from flowlab.dense.farneback import FarnebackParameters, farneback, farneback_cost
from flowlab.dense.lucas_kanade import LucasKanadeParameters, lucas_kanade, lucas_kanade_cost
from flowlab.errors import ParameterError, shown

_ROWS = (
    Method(
        name="farneback",
        key="fb",
        title="Farneback",
        parameters=FarnebackParameters,
        run=farneback,
        cost=farneback_cost,
        smallest=1,
        citation='G. Farneback (2003), "Two-Frame Motion Estimation Based on Polynomial Expansion"',
        good_at="smooth motion of textured surfaces",
        bad_at="sharp motion boundaries and flat areas",
    ),
    Method(
        name="dis",
        key="dis",
        title="DIS",
        parameters=DisParameters,
        run=dis,
        cost=dis_cost,
        smallest=32,
        citation='T. Kroeger et al. (2016), "Fast Optical Flow using Dense Inverse Search"',
        good_at="speed, large motion and crisp boundaries",
        bad_at="thin structures and pictures under 32 px",
    ),
    Method(
        name="lucas-kanade",
        key="lk",
        title="Lucas-Kanade",
        parameters=LucasKanadeParameters,
        run=lucas_kanade,
        cost=lucas_kanade_cost,
        smallest=1,
        citation='B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique"',
        good_at="textured surfaces, and being understood",
        bad_at="flat areas, and windows across a motion boundary",
    ),
)

METHODS: Mapping[str, Method] = MappingProxyType({row.name: row for row in _ROWS})
DEFAULT_METHOD = "farneback"


def method(name: str) -> Method:
    """Return the method of that name; raises ParameterError naming those that exist."""
    if name not in METHODS:
        raise ParameterError(f"there is no method {shown(name)}: the methods are {', '.join(METHODS)}")
    return METHODS[name]
