"""The street as the camera sees it: pictures, exact flow, and what is hidden."""

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from flowlab.core.truth import SceneObject, bounding_box
from flowlab.scenes.layers import pixel_positions
from flowlab.scenes.noise import Field
from flowlab.scenes.street.camera import Camera, carried, inverse
from flowlab.scenes.street.surfaces import Surface, View
from flowlab.scenes.street.vehicles import Vehicle

_NEAREST = 0.5  # metres in front of the lens: what reaches nearer has no box in the picture


class StreetWorld:
    """Surfaces from back to front, and the vehicles some of them belong to."""

    def __init__(self, camera: Camera, build: Callable[[], Sequence[Surface]], vehicles: Sequence[Vehicle]) -> None:
        """Film, with `camera`, the surfaces that `build` makes when first seen, the farthest first.

        The first of them has no end, so that every pixel shows something.
        """
        self.camera, self.vehicles = camera, tuple(vehicles)
        self._build = build
        self._built: tuple[Surface, ...] = ()
        self._building = threading.Lock()

    @property
    def surfaces(self) -> tuple[Surface, ...]:
        """The surfaces, the farthest first."""
        with self._building:
            if not self._built:
                self._built = tuple(self._build())
            return self._built

    def render(self, time: float) -> Field:
        """Return the picture (H, W, 3) float32 at `time`, in grey levels, unrounded."""
        picture = np.zeros((self.camera.height, self.camera.width, 3), np.float32)
        for _, view in self._views(time):
            read = view.read()
            behind, coverage = picture[view.box], read[..., 3]
            for channel in range(3):
                # A shadow lets through what it lies on times its colour; a surface takes its place.
                seen = read[..., channel]
                target = behind[..., channel] * seen if view.surface.shade else seen
                behind[..., channel] += (target - behind[..., channel]) * coverage
        return picture

    def flow(self, start: float, end: float) -> NDArray[np.float32]:
        """Return the flow (H, W, 2) from time `start` to time `end`, of the surface each pixel shows at `start`."""
        new_x, new_y, _ = self._carried(start, end)
        y, x = np.mgrid[: self.camera.height, : self.camera.width]
        return np.stack([new_x - x, new_y - y], axis=-1).astype(np.float32)

    def occlusion(self, start: float, end: float) -> NDArray[np.bool_]:
        """Return (H, W): True where a point seen at `start` is covered by a nearer surface, or outside, at `end`."""
        new_x, new_y, owner = self._carried(start, end)
        lost = ~((new_x >= 0) & (new_x <= self.camera.width - 1) & (new_y >= 0) & (new_y <= self.camera.height - 1))
        for number, view in self._views(end):
            if view.surface.shade:
                continue
            rows, columns = view.box
            near = (owner < number) & ~lost
            near &= (new_y > rows.start - 1) & (new_y < rows.stop) & (new_x > columns.start - 1)
            near &= new_x < columns.stop
            if near.any():
                touched = np.ix_(near.any(axis=1), near.any(axis=0))
                lost[touched] |= near[touched] & view.covers(new_x[touched], new_y[touched])
        # A side of a vehicle that has turned away from the camera is hidden by the vehicle itself.
        position = self.camera.position(end)
        for number, surface in enumerate(self.surfaces):
            if not surface.faces(position, end):
                lost |= owner == number
        return lost

    def objects(self, time: float) -> tuple[SceneObject, ...]:
        """Return the vehicles that stand at least partly in the picture at `time`, farthest first."""
        projection = self.camera.matrix(time)
        seen = []
        for vehicle in sorted(self.vehicles, key=lambda vehicle: -vehicle.place(time)[1]):
            x, y, depth = projection @ vehicle.outline(time)
            if depth.min() < _NEAREST:
                continue
            box = left, top, width, height = bounding_box(np.stack([x / depth, y / depth], axis=1))
            if left < self.camera.width and top < self.camera.height and left + width > 0 and top + height > 0:
                seen.append(SceneObject(vehicle.name, box))
        return tuple(seen)

    def release(self) -> None:
        """Let go of what was painted; it is painted again when next seen."""
        for surface in self.surfaces:
            surface.skin.release()

    def _views(self, time: float) -> Iterator[tuple[int, View]]:
        """Yield number and view of every surface that can be seen at `time`, the farthest first."""
        projection, position = self.camera.matrix(time), self.camera.position(time)
        for number, surface in enumerate(self.surfaces):
            if not surface.faces(position, time):
                continue
            to_picture = projection @ surface.stands(time)
            x, y, depth = to_picture @ surface.corners()
            if depth.max() <= 0:
                continue
            rows, columns = slice(0, self.camera.height), slice(0, self.camera.width)
            if number and depth.min() > 0:  # the sky fills the picture
                rows, columns = _span(y / depth, self.camera.height), _span(x / depth, self.camera.width)
            if rows.stop > rows.start and columns.stop > columns.start:
                yield number, View(surface, to_picture, (rows, columns))

    def _carried(self, start: float, end: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
        """Return where the point each pixel shows at `start` stands at `end`, x and y, and whose surface it is."""
        shape = self.camera.height, self.camera.width
        projection = self.camera.matrix(end)
        new_x, new_y = np.empty(shape), np.empty(shape)
        owner = np.full(shape, -1, np.intp)
        for number, view in self._views(start):
            if view.surface.shade:
                continue
            seen = view.read()[..., 3] > 0.5
            move = projection @ view.surface.stands(end) @ inverse(view.to_picture)
            x, y = carried(move, *pixel_positions(*view.box))
            np.copyto(new_x[view.box], x, where=seen)
            np.copyto(new_y[view.box], y, where=seen)
            owner[view.box][seen] = number
        return new_x, new_y, owner


def _span(position: NDArray[np.float64], size: int) -> slice:
    """Return the pixels of `size` that a surface between the least and the greatest `position` touches."""
    first = int(np.clip(np.floor(position.min()) - 2, 0, size))
    return slice(first, int(np.clip(np.ceil(position.max()) + 3, first, size)))
