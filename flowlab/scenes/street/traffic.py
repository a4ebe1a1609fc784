"""Who drives where: lanes, parked cars, and the colours the seed deals out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from flowlab.scenes.scene import SceneParameters
from flowlab.scenes.street.camera import Camera
from flowlab.scenes.street.grit import rgb
from flowlab.scenes.street.plan import Plan
from flowlab.scenes.street.vehicles import HATCHBACK, SALOON, VAN, Body, Vehicle

Rest = TypeVar("Rest")

_PAINTS = {
    "red": "a53a30",
    "blue": "3f6496",
    "cream": "cfc4a6",
    "yellow": "c99b35",
    "green": "4f7a5c",
    "silver": "a3a8ac",
    "orange": "c06a35",
    "grey": "62686e",
    "turquoise": "4b8f93",
    "white": "c9c9c4",
    "brown": "76563f",
}
NEAR_LANE, _FAR_LANE = 10.6, 14.35  # z of their middles
_DEAL = 10  # stream of randomness
_WAY = 38.0  # metres a car of the side street has before it
_FOREVER = 1e6  # frames


@dataclass(frozen=True, eq=False)
class PaintedVehicle(Vehicle):
    """A vehicle and its colour."""

    paint: NDArray[np.float32]

    @property
    def nearest(self) -> float:
        """The least distance (Z, metres) it ever has."""
        return min(self.place(time)[1] for time in (0.0, _FOREVER))


def vehicles(plan: Plan, camera: Camera, parameters: SceneParameters, traffic: int) -> tuple[PaintedVehicle, ...]:
    """Return the parked vehicles and the first `traffic` moving ones, the farthest first.

    Nobody overtakes: a queue comes towards the zebra, one car drives away, the main street's lanes flow.
    """
    nearest = NEAR_LANE - HATCHBACK.width / 2
    pace = parameters.speed * nearest / camera.focal  # metres a frame
    last = parameters.frames - 1
    away, towards, kerb = plan.axis + 1.35, plan.axis - 1.35, plan.half - 0.95

    def across(z: float, x: float, sign: int, share: float) -> Callable[[float], tuple[float, float]]:
        # Beyond either side of the picture the lane joins up with its other end.
        reach = 0.62 * z + 4.2
        return lambda time: ((x + sign * share * pace * (time - last / 2) + reach) % (2 * reach) - reach, z)

    def along(z: float, x: float, sign: int) -> Callable[[float], tuple[float, float]]:
        # A car that leaves is slower and slower for the eye; one that comes brakes before the zebra.
        return lambda time: (x, z + sign * _WAY * (1 - np.exp(-pace * time / _WAY)))

    def gone(share: float) -> Callable[[float], float]:
        return lambda time: share * pace * time

    def slowing(time: float) -> float:
        return float(_WAY * (1 - np.exp(-pace * time / _WAY)))

    right, left, off, here = (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)
    driven: list[tuple[Body, Callable[[float], tuple[float, float]], Callable[[float], float], tuple[float, float]]] = [
        (HATCHBACK, across(NEAR_LANE, -2.7, 1, 1.0), gone(1.0), right),
        (SALOON, across(_FAR_LANE, 4.6, -1, 0.9), gone(0.9), left),
        (SALOON, along(27.0 + _WAY, towards, -1), slowing, here),
        (HATCHBACK, along(33.0, away, 1), slowing, off),
        (VAN, across(_FAR_LANE, -6.9, -1, 0.9), gone(0.9), left),
        (SALOON, across(NEAR_LANE, 6.2, 1, 1.0), gone(1.0), right),
        (HATCHBACK, across(_FAR_LANE, 12.6, -1, 0.9), gone(0.9), left),
        (HATCHBACK, along(32.9 + _WAY, towards, -1), slowing, here),
    ]
    parked = [
        (body, _at_rest((plan.axis + side * kerb, z)), _at_rest(0.0), heading)
        for body, side, z, heading in (
            (HATCHBACK, 1, 25.5, off),
            (SALOON, 1, 31.5, off),
            (SALOON, -1, 29.5, here),
            (VAN, 1, 38.6, off),
            (HATCHBACK, -1, 35.4, here),
            (HATCHBACK, -1, 47.0, here),
        )
    ]
    names = list(_PAINTS)
    dealt = np.random.default_rng((parameters.seed, _DEAL)).permutation(len(names))
    found, number = [], 0
    for kind, rows in (("", driven[:traffic]), ("parked ", parked)):
        for body, place, travelled, heading in rows:
            colour = names[dealt[number % len(names)]]
            number += 1
            what = "van" if body is VAN else "car"
            found.append(
                PaintedVehicle(f"{kind}{colour} {what}", body, travelled, place, heading, rgb(_PAINTS[colour]))
            )
    return tuple(sorted(found, key=lambda vehicle: -vehicle.nearest))


def _at_rest(value: Rest) -> Callable[[float], Rest]:
    def always(_time: float) -> Rest:
        return value

    return always
