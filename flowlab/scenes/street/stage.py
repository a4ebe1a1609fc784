"""The stage: every surface of the street, from the sky to the nearest car, with its skin."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flowlab.scenes.noise import Field
from flowlab.scenes.scene import SceneParameters
from flowlab.scenes.street.bodywork import paint_panel, paint_shadow, paint_side, paint_wheel
from flowlab.scenes.street.camera import Camera, Matrix, Positions, carried, plane
from flowlab.scenes.street.grit import Grit, mottle
from flowlab.scenes.street.ground import paint_ground
from flowlab.scenes.street.houses import Row, paint_row
from flowlab.scenes.street.nature import paint_far_end, paint_sky, paint_tree
from flowlab.scenes.street.plan import Plan, Sun
from flowlab.scenes.street.surfaces import TEXELS, Finish, Level, Painter, Skin, Surface, fineness_of
from flowlab.scenes.street.traffic import NEAR_LANE, PaintedVehicle
from flowlab.scenes.street.vehicles import Body

_SPARE = 0.2  # of the picture beyond each of its edges: what the camera may come to see from its track
# Blur of outlines, px. Two surfaces at rest pass each other slowly, so what matters is how well a pixel grid
# holds the edge; before a moving one the background changes, so that the fewer pixels show both the better.
_STILL_EDGE, _MOVING_EDGE = 0.9, 0.5
# Vehicles keep more of their darkest and brightest parts than the street: they are what one looks at.
_STILL_FLATTEN, _MOVING_FLATTEN = 0.7, 0.4
_RIM = 12  # texels around a skin
_MOST_LEVELS = 10
_LOOKS = 9  # at a clip, to see which resolutions a vehicle needs


class Stage:
    """Builds surfaces: the painters' brushes bound to planes and resolutions."""

    def __init__(
        self, camera: Camera, plan: Plan, sun: Sun, *, parameters: SceneParameters, grit: Grit, shapes: Grit
    ) -> None:
        """Set the stage; `grit` rolls with the seed, `shapes` is the same for every seed."""
        self.camera, self.plan, self.sun, self.parameters = camera, plan, sun, parameters
        self.grit, self.shapes = grit, shapes

    @cached_property
    def _mottle(self) -> Field:
        return mottle(TEXELS * max(self.parameters.texture, 1.2), self.parameters.rng(0))

    def surfaces(self, vehicles: Sequence[PaintedVehicle]) -> list[Surface]:
        """Return all surfaces, the farthest first."""
        plan, grit, shapes = self.plan, self.grit, self.shapes
        found = [self._sky()]
        upright = (0, -1, 0)
        end = plane((0, 0, 130), (1, 0, 0), upright)
        found.append(self._still(end, (-60, -1, 60, 40), lambda u, v: paint_far_end(u, v, grit, shapes)))
        ground = plane((0, 0, 0), (1, 0, 0), (0, 0, 1))
        bounds = (-80, 4.2, 80, 130)
        found.append(
            self._still(ground, bounds, lambda u, v: paint_ground(u, v, plan, sun=self.sun, grit=grit, shapes=shapes))
        )
        found += self._houses()
        standing = [(tree[1], self._tree(number, tree)) for number, tree in enumerate(plan.trees)]
        # No vehicle passes between two that stand, so one order holds for all times: the nearest each comes.
        driving = [(vehicle.nearest, list(self._vehicle(number, vehicle))) for number, vehicle in enumerate(vehicles)]
        found += [piece for _, pieces in driving for piece in pieces if piece.shade]
        upright_things = [(z, [piece]) for z, piece in standing]
        upright_things += [(z, [piece for piece in pieces if not piece.shade]) for z, pieces in driving]
        for _, pieces in sorted(upright_things, key=lambda pair: -pair[0]):
            found += pieces
        return found

    def _sky(self) -> Surface:
        far_away = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], np.float64)
        # Below the horizon nobody sees it: its last row goes on.
        return self._still(far_away, (-3, -3, 3, 0.1), lambda u, v: paint_sky(u, v, self.grit))

    def _houses(self) -> Iterator[Surface]:
        plan = self.plan
        sun_x, sun_z = (-run for run in self.sun.run)
        reach = float(np.hypot(sun_x, sun_z))
        shine = {name: self.sun.strength * float(np.clip(value / reach + 0.25, 0, 1)) for name, value in (
            ("left", sun_x), ("right", -sun_x), ("front", -sun_z))}  # fmt: skip
        edges = (20.0, 27.5, 33.5, 41.0, 47.0, 55.5, 62.0, 71.0, 80.0, 92.0)
        heights = (9.3, 8.2, 10.0, 8.6, 9.6, 8.0, 9.2, 8.4, 9.8)
        across = (-44.0, -32.0, -24.0, -15.0, plan.left)
        beyond = (plan.right, 17.0, 26.0, 44.0)
        left, right = (plane((x, 0, 0), (0, 0, 1), (0, -1, 0)) for x in (plan.left, plan.right))
        facing = plane((0, 0, plan.front), (1, 0, 0), (0, -1, 0))
        rows = (
            (left, Row(edges, heights, 1, shine["left"])),
            (right, Row(edges, heights[::-1], 2, shine["right"])),
            (facing, Row(across, (8.6, 9.4, 8.8, 9.3), 3, shine["front"], recedes=False)),
            (facing, Row(beyond, (9.8, 8.8, 9.2), 4, shine["front"], recedes=False)),
        )
        for stands, row in rows:
            bounds = (row.edges[0], -0.02, row.edges[-1], max(row.heights) + 2.6)
            yield self._still(stands, bounds, self._row_painter(row))

    def _row_painter(self, row: Row) -> Painter:
        return lambda u, v: paint_row(u, v, row, self.grit)

    def _tree(self, number: int, tree: tuple[float, float, float, float]) -> Surface:
        x, z, crown, radius = tree
        stands = plane((x, 0, z), (1, 0, 0), (0, -1, 0))
        bounds = (-1.5 * radius, -0.05, 1.5 * radius, crown + 1.5 * radius)
        return self._still(
            stands,
            bounds,
            lambda u, v: paint_tree(u, v, crown, radius, number=number, grit=self.grit, shapes=self.shapes),
        )

    def _still(self, stands: Matrix, bounds: tuple[float, float, float, float], painter: Painter) -> Surface:
        """Return a surface that stays where it is, painted as seen half way along the camera's track."""
        camera = self.camera
        to_picture = camera.matrix(camera.middle) @ stands
        u0, v0, u1, v1 = bounds
        x, y = carried(to_picture, np.array([u0, u1, u1, u0]), np.array([v0, v0, v1, v1]))
        low_x, high_x = _within(x, camera.width, camera.sway)
        low_y, high_y = _within(y, camera.height, camera.sway)
        first = np.array([low_x, low_y]) - _RIM / TEXELS
        size = np.ceil((np.array([high_x, high_y]) - first + _RIM / TEXELS) * TEXELS).astype(int)
        to_texel = np.array([[TEXELS, 0, -TEXELS * first[0]], [0, TEXELS, -TEXELS * first[1]], [0, 0, 1]]) @ to_picture
        level = Level(to_texel, (max(int(size[1]), 2), max(int(size[0]), 2)))
        finish = Finish(self.parameters.texture, _STILL_EDGE, _STILL_FLATTEN)
        skin = Skin(painter, [level], lambda: self._mottle, finish)
        return Surface(lambda _time: stands, bounds, skin)

    def _vehicle(self, number: int, vehicle: PaintedVehicle) -> Iterator[Surface]:
        """Yield the surfaces of a vehicle: shadow, panels, sides, wheels; those that face the camera never cross."""
        body, paint, grit = vehicle.body, vehicle.paint, self.grit
        rear, front = body.ends
        reach = max(-rear, front) + 0.5 + self.sun.length * body.roof
        heading = vehicle.heading
        yield self._moving(
            number, vehicle.ground, (-reach, -reach, reach, reach),
            lambda u, v: paint_shadow(u, v, body, heading, self.sun), shade=True,
        )  # fmt: skip
        for first, second, part in zip(body.profile[:-1], body.profile[1:], body.parts, strict=True):
            length = float(np.hypot(second[0] - first[0], second[1] - first[1]))
            outward = vehicle.outward(first, second)
            yield self._moving(
                number,
                _bound(vehicle.panel, first, second),
                (-body.width / 2 - 0.02, -0.05, body.width / 2 + 0.02, length + 0.05),
                _panel_painter(part, (body.width, length), paint, self._light(outward), grit),
                outward=outward,
            )
        for sign in (-1, 1):
            aside = vehicle.aside
            outward = (sign * aside[0], 0.0, sign * aside[1])
            light = self._light(outward)
            yield self._moving(
                number, _bound(vehicle.side, sign), (rear - 0.05, 0.1, front + 0.05, body.roof + 0.05),
                _side_painter(body, paint, light, grit), outward=outward,
            )  # fmt: skip
            for axle in body.axles:
                box = (-body.wheel - 0.03, -body.wheel - 0.03, body.wheel + 0.03, body.wheel + 0.03)
                yield self._moving(
                    number,
                    _bound(vehicle.rim, axle, sign),
                    box,
                    _wheel_painter(body.wheel, light, grit),
                    outward=outward,
                )

    def _light(self, outward: tuple[float, float, float]) -> float:
        """Return how bright a face is: the sky's light, more from above, and the sun's (Lambert)."""
        run_x, run_z = self.sun.run
        normal = np.array(outward) / np.linalg.norm(outward)
        to_sun = np.array([-run_x, -1.0, -run_z]) / np.linalg.norm([run_x, 1.0, run_z])
        return float(0.74 - 0.14 * normal[1] + 0.34 * self.sun.strength * max(0.0, normal @ to_sun))

    def _moving(
        self, number: int, stands: Callable[[float], Matrix], bounds: tuple[float, float, float, float],
        painter: Painter, shade: bool = False, outward: tuple[float, float, float] | None = None,
    ) -> Surface:  # fmt: skip
        """Return a surface of vehicle `number`, painted at every resolution the clip may show it at."""
        camera, last = self.camera, self.parameters.frames - 1
        views = [camera.matrix(time) @ stands(time) for time in np.linspace(0, last, _LOOKS)]
        seen = np.array([fine for view in views if (fine := fineness_of(view, bounds, camera.width)) is not None])
        if shade:
            seen = seen / 4  # shadows are soft
        if not len(seen):
            seen = np.full((1, 2), camera.focal / NEAR_LANE)
        finest, coarsest = seen.max(axis=0), seen.min(axis=0)
        octaves = 0.5 * float(np.log2((finest / coarsest).prod()))
        # Less than half an octave is left to one resolution, the coarser: better soft than jagged.
        count = 1 if octaves < 0.5 or shade else min(2 + int(2 * octaves), _MOST_LEVELS)
        shares = np.linspace(0, 1, count) if count > 1 else [1.0]
        levels = [_flat_level(bounds, TEXELS * finest ** (1 - share) * coarsest**share) for share in shares]
        finish = Finish(self.parameters.texture, _MOVING_EDGE, _MOVING_FLATTEN)
        skin = Skin(painter, levels, lambda: self._mottle, finish)
        return Surface(stands, bounds, skin, number, shade, outward)


def _within(position: Positions, size: int, sway: float) -> tuple[float, float]:
    """Return the least and the greatest `position` that a camera of `size` pixels may come to see, px."""
    spare = _SPARE * size + 1.5 * sway
    return float(max(position.min(), -spare)), float(min(position.max(), size + spare))


def _flat_level(bounds: tuple[float, float, float, float], density: NDArray[np.float64]) -> Level:
    """Return a resolution of `density` (u, v) texels a metre."""
    u0, v0, u1, v1 = bounds
    to_texel = np.array([[density[0], 0, _RIM - density[0] * u0], [0, density[1], _RIM - density[1] * v0], [0, 0, 1]])
    return Level(to_texel, (int(density[1] * (v1 - v0)) + 2 * _RIM, int(density[0] * (u1 - u0)) + 2 * _RIM))


def _bound(plane_of: Callable[..., Matrix], *which: object) -> Callable[[float], Matrix]:
    return lambda time: plane_of(time, *which)


def _panel_painter(part: str, size: tuple[float, float], paint: Field, light: float, grit: Grit) -> Painter:
    return lambda u, v: paint_panel(u, v, part, size, colour=paint, light=light, grit=grit)


def _side_painter(body: Body, paint: Field, light: float, grit: Grit) -> Painter:
    return lambda u, v: paint_side(u, v, body, colour=paint, light=light, grit=grit)


def _wheel_painter(radius: float, light: float, grit: Grit) -> Painter:
    return lambda u, v: paint_wheel(u, v, radius, light, grit)
