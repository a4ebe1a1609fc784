"""Vehicles: a profile drawn through the width of the body, wheels that roll, and a shadow that comes along."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.scenes.street.camera import Matrix, plane

Vector = tuple[float, float, float]
Profile = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Body:
    """The shape of a vehicle.

    Attributes:
        profile: (forward, up) of its corners seen from the side, from the foot of the tail over the roof to
            the foot of the nose, metres from the middle of the wheelbase and the ground.
        parts: what lies between two corners: "tail", "glass", "roof", "hood", "lid" or "nose".
        width: metres.
        axles: where the wheels stand along it.
        wheel: their radius, metres.
        belt: height of the lower edge of its side windows.
        cabin: from where to where there are side windows, at the belt.
    """

    profile: Profile
    parts: tuple[str, ...]
    width: float
    axles: tuple[float, float]
    wheel: float
    belt: float
    cabin: tuple[float, float]

    @property
    def sill(self) -> float:
        """Height of its underside."""
        return self.profile[0][1]

    @property
    def ends(self) -> tuple[float, float]:
        """Its rearmost and foremost points, metres from the middle."""
        along = [point[0] for point in self.profile]
        return min(along), max(along)

    @property
    def roof(self) -> float:
        """Its greatest height."""
        return max(point[1] for point in self.profile)


HATCHBACK = Body(
    ((-1.93, 0.27), (-2.0, 0.98), (-1.55, 1.44), (0.18, 1.47), (0.98, 1.0), (1.86, 0.8), (1.98, 0.27)),
    ("tail", "glass", "roof", "glass", "hood", "nose"),
    1.72, (-1.24, 1.26), 0.315, 0.97, (-1.5, 0.9),
)  # fmt: skip
SALOON = Body(
    ((-2.2, 0.28), (-2.27, 0.92), (-1.6, 1.0), (-0.98, 1.40), (0.22, 1.43), (1.02, 0.98), (2.1, 0.79), (2.26, 0.28)),
    ("tail", "lid", "glass", "roof", "glass", "hood", "nose"),
    1.76, (-1.36, 1.38), 0.32, 0.95, (-1.45, 0.94),
)  # fmt: skip
VAN = Body(
    ((-2.42, 0.33), (-2.46, 1.98), (0.92, 2.02), (1.62, 1.2), (2.36, 1.0), (2.46, 0.33)),
    ("tail", "roof", "glass", "hood", "nose"),
    1.9, (-1.5, 1.6), 0.34, 1.2, (0.1, 1.5),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Vehicle:
    """A body on its way.

    Attributes:
        name: what it is called, such as "red car".
        body: its shape.
        travelled: time -> metres gone, for the wheels; any origin.
        place: time -> (X, Z) of the middle of its wheelbase, metres.
        heading: (X, Z) of the direction it faces, of length 1.
    """

    name: str
    body: Body
    travelled: Callable[[float], float]
    place: Callable[[float], tuple[float, float]]
    heading: tuple[float, float]

    @property
    def aside(self) -> tuple[float, float]:
        """(X, Z) of the direction to its right."""
        return self.heading[1], -self.heading[0]

    def point(self, time: float, forward: float, aside: float, up: float) -> Vector:
        """Return where a point of the body stands in the world at `time`."""
        x, z = self.place(time)
        return (
            x + forward * self.heading[0] + aside * self.aside[0],
            -up,
            z + forward * self.heading[1] + aside * self.aside[1],
        )

    def outline(self, time: float) -> NDArray[np.float64]:
        """Return the corners of the body and the wheels' feet at `time`, (4, N) homogeneous."""
        feet = [(axle + lean * self.body.wheel, 0.0) for axle in self.body.axles for lean in (-1, 0, 1)]
        half = self.body.width / 2 + 0.03
        points = [self.point(time, u, side * half, v) for u, v in (*self.body.profile, *feet) for side in (-1, 1)]
        return np.array([[*point, 1.0] for point in points]).T

    def side(self, time: float, sign: int) -> Matrix:
        """Return the plane of its right (1) or left (-1) side: u forward, v up from the ground."""
        origin = self.point(time, 0, sign * self.body.width / 2, 0)
        return plane(origin, (self.heading[0], 0, self.heading[1]), (0, -1, 0))

    def panel(self, time: float, first: tuple[float, float], second: tuple[float, float]) -> Matrix:
        """Return the plane between two corners of the profile: u to the right, v from the first to the second."""
        along, rise = second[0] - first[0], second[1] - first[1]
        length = float(np.hypot(along, rise))
        slope = along / length * self.heading[0], -rise / length, along / length * self.heading[1]
        return plane(self.point(time, first[0], 0, first[1]), (self.aside[0], 0, self.aside[1]), slope)

    def rim(self, time: float, axle: float, sign: int) -> Matrix:
        """Return the plane of a wheel, which turns so that its foot rests on the ground."""
        turned = self.travelled(time) / self.body.wheel
        cosine, sine = float(np.cos(turned)), float(np.sin(turned))
        origin = self.point(time, axle, sign * (self.body.width / 2 + 0.01), self.body.wheel)
        forward_x, forward_z = self.heading
        u = cosine * forward_x, sine, cosine * forward_z
        v = sine * forward_x, -cosine, sine * forward_z
        return plane(origin, u, v)

    def ground(self, time: float) -> Matrix:
        """Return the plane of its shadow: (u, v) are metres along X and Z from its middle."""
        x, z = self.place(time)
        return plane((x, 0, z), (1, 0, 0), (0, 0, 1))

    def outward(self, first: tuple[float, float], second: tuple[float, float]) -> Vector:
        """Return the direction the panel between two corners of the profile faces."""
        along, rise = second[0] - first[0], second[1] - first[1]
        return -rise * self.heading[0], -along, -rise * self.heading[1]
