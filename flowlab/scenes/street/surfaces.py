"""Surfaces: planes of the world with a skin, and how the camera sees them.

A skin is a fixed function of its surface: two texels a pixel, read bilinearly, its spectrum ended by a
Gaussian of `sigma` pixels. Nothing is filtered anew from frame to frame, so a point keeps its brightness
wherever it goes. Static surfaces are painted as the camera sees them half way along its track (a film
maker's matte painting): every part of them, near or far, is as fine there as the picture can show.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.scenes.noise import Field
from flowlab.scenes.street.camera import Matrix, Positions, carried, inverse

TEXELS = 2  # a pixel
_LIFT = 1.35  # how much more fine detail is shown
_GRID = 1.5  # sigma of the finest detail a pixel grid holds well, px
_MIDDLE = np.float32(122)  # grey levels
_BROAD = 6.0  # sigma of what counts as large, eighths of a texel


@dataclass(frozen=True, eq=False)
class Paint:
    """What a painter returns for the points of a surface.

    Attributes:
        colour: (H, W, 3) float32, grey levels; also beyond the outline, where it joins smoothly.
        inside: (H, W) float32, 1 on the surface and 0 beside it; a shadow's strength; None where it has no end.
        grain: (H, W) float32 or a number: standard deviation of the finest mottle, grey levels.
        plain: whether the colour is meant as it stands: a shadow's, which is the share of light it lets through.
    """

    colour: Field
    inside: Field | None
    grain: Field | float
    plain: bool = False


# Takes surface coordinates (u, v) in metres, (H, W) each, and metres per texel.
Painter = Callable[[Field, Field], Paint]


@dataclass(frozen=True)
class Finish:
    """How what was painted becomes what the camera sees.

    Attributes:
        sigma: Gaussian sigma of the finest detail, px.
        edge: Gaussian sigma of the outline, px.
        flatten: how far large areas move towards the middle grey, 0..1.
    """

    sigma: float
    edge: float
    flatten: float


@dataclass(frozen=True, eq=False)
class Level:
    """One resolution of a skin: how surface coordinates become texels, and how many (rows, columns) there are."""

    to_texel: Matrix
    shape: tuple[int, int]


class Skin:
    """The texture and outline of a surface, painted when first seen, at one or several resolutions."""

    def __init__(self, painter: Painter, levels: Sequence[Level], mottle: Callable[[], Field], finish: Finish) -> None:
        """Remember how to paint and finish; `mottle` gives the scene's grain."""
        self._painter, self.levels, self._mottle, self._finish = painter, tuple(levels), mottle, finish
        self._tiles: dict[int, Field] = {}
        self._painting = threading.Lock()

    def release(self) -> None:
        """Let go of what was painted."""
        self._tiles = {}

    def read(self, from_picture: Matrix, shape: tuple[int, int], fineness: float) -> Field:
        """Return colour and coverage (H, W, 4) of pixels whose surface coordinates are `from_picture` (x, y, 1).

        Args:
            from_picture: homography from the box's pixels to surface coordinates.
            shape: (H, W) of the box.
            fineness: which level to read, 0 the finest; between two the readings are mixed.
        """
        fineness = min(max(fineness, 0.0), len(self.levels) - 1.0)
        level = min(int(fineness), max(len(self.levels) - 2, 0))
        picture = self._read_level(level, from_picture, shape)
        share = fineness - level
        if share > 0:
            picture += np.float32(share) * (self._read_level(level + 1, from_picture, shape) - picture)
        return picture

    def _read_level(self, level: int, from_picture: Matrix, shape: tuple[int, int]) -> Field:
        # OpenCV's perspective warp is exact to 3e-4 texels; borders repeat, so a skin cut by its tile goes on.
        return cv2.warpPerspective(  # type: ignore[return-value]
            self._tile(level),
            self.levels[level].to_texel @ from_picture,
            shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def coverage(self, u: Positions, v: Positions, fineness: float) -> Field:
        """Return the coverage at surface coordinates (u, v), (H, W) each; see `read`."""
        fineness = min(max(fineness, 0.0), len(self.levels) - 1.0)
        level = min(int(fineness), max(len(self.levels) - 2, 0))
        covered = self._level_coverage(level, u, v)
        if fineness > level:
            covered += np.float32(fineness - level) * (self._level_coverage(level + 1, u, v) - covered)
        return covered

    def _level_coverage(self, level: int, u: Positions, v: Positions) -> Field:
        positions = carried(self.levels[level].to_texel, u, v)
        tile = np.ascontiguousarray(self._tile(level)[..., 3])
        # Far outside, positions may be infinite: any number beyond the tile reads its border.
        most = max(tile.shape) + 9
        x, y = (np.nan_to_num(np.clip(a, -9, most), nan=-9).astype(np.float32) for a in positions)
        return cv2.remap(tile, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]

    def _tile(self, level: int) -> Field:
        with self._painting:
            if level not in self._tiles:
                self._tiles[level] = self._painted(self.levels[level])
            return self._tiles[level]

    def _painted(self, level: Level) -> Field:
        rows, columns = level.shape
        y, x = np.arange(rows, dtype=np.float64)[:, None], np.arange(columns, dtype=np.float64)[None, :]
        u, v = carried(inverse(level.to_texel), x, y)
        paint = self._painter(u.astype(np.float32), v.astype(np.float32))
        sigma = TEXELS * self._finish.sigma
        tile = np.empty((rows, columns, 4), np.float32)
        tile[..., :3] = paint.colour if paint.plain else _developed(paint.colour, sigma, self._finish.flatten)
        grain = cv2.GaussianBlur(np.broadcast_to(np.float32(paint.grain), level.shape).copy(), (0, 0), sigma)
        tile[..., :3] += (grain * _tiled(self._mottle(), level.shape))[..., None]
        tile[..., 3] = 1 if paint.inside is None else cv2.GaussianBlur(paint.inside, (0, 0), TEXELS * self._finish.edge)
        return tile


def _developed(colour: Field, sigma: float, flatten: float) -> Field:
    """Return painted `colour` (H, W, 3) as a film developed for detail shows it, its spectrum ended by `sigma` texels.

    Large areas move towards a middle grey, fine detail is lifted (unsharp masking by the Laplacian): what
    the eye does before a street half in the sun, and what leaves a method for flow something to hold on to.
    """
    seen: Field = cv2.GaussianBlur(colour, (0, 0), sigma)  # type: ignore[assignment]
    # What is lifted is no finer than the pixel grid can hold well, even where the picture is.
    lifted = max(sigma, _GRID * TEXELS)
    smooth = seen if lifted == sigma else cv2.GaussianBlur(colour, (0, 0), lifted)
    fine = np.float32(-(lifted**2) / 2) * cv2.Laplacian(smooth, cv2.CV_32F)
    height, width = colour.shape[:2]
    small = cv2.resize(seen, (max(width // 8, 1), max(height // 8, 1)), interpolation=cv2.INTER_AREA).mean(axis=2)
    broad = cv2.resize(cv2.GaussianBlur(small, (0, 0), _BROAD), (width, height), interpolation=cv2.INTER_LINEAR)
    seen += np.float32(_LIFT) * fine
    seen += np.float32(flatten) * (_MIDDLE - broad)[..., None]
    return seen


def _tiled(mottle: Field, shape: tuple[int, int]) -> Field:
    repeats = [-(-size // period) for size, period in zip(shape, mottle.shape, strict=True)]
    return np.tile(mottle, repeats)[: shape[0], : shape[1]]


@dataclass(frozen=True, eq=False)
class Surface:
    """A piece of a plane.

    Attributes:
        stands: time -> the (4, 3) matrix of its plane.
        bounds: (u0, v0, u1, v1), metres: a box around all that is painted of it.
        skin: its texture and outline.
        thing: number of the vehicle it is part of; -1 for the street itself.
        shade: whether it is a shadow: it darkens what it lies on and covers nothing.
        outward: direction it faces, for one that is seen from its front only.
    """

    stands: Callable[[float], Matrix]
    bounds: tuple[float, float, float, float]
    skin: Skin
    thing: int = -1
    shade: bool = False
    outward: tuple[float, float, float] | None = None

    def faces(self, camera: Positions, time: float) -> bool:
        """Return whether a camera at `camera` (3,) sees its front."""
        return self.outward is None or float((camera - self.stands(time)[:3, 2]) @ np.array(self.outward)) > 0

    def corners(self) -> Positions:
        """Return the corners of its bounds as homogeneous surface coordinates, (3, 4)."""
        u0, v0, u1, v1 = self.bounds
        return np.array([[u0, u1, u1, u0], [v0, v0, v1, v1], [1, 1, 1, 1]], np.float64)


@dataclass(frozen=True, eq=False)
class View:
    """A surface as it is seen at one time.

    Attributes:
        surface: the surface.
        to_picture: homography from surface coordinates to the picture.
        box: the rows and columns it can touch.
    """

    surface: Surface
    to_picture: Matrix
    box: tuple[slice, slice]

    @property
    def level(self) -> float:
        """Which resolution of the skin to read; between two whole numbers both."""
        levels = self.surface.skin.levels
        here = fineness_of(self.to_picture, self.surface.bounds) if len(levels) > 1 else None
        if here is None:
            return len(levels) - 1.0
        first, last = (float(np.log(k.to_texel[0, 0] * k.to_texel[1, 1])) for k in (levels[0], levels[-1]))
        return (len(levels) - 1) * (first - float(np.log(TEXELS**2 * here.prod()))) / (first - last)

    def read(self) -> Field:
        """Return colour and coverage (h, w, 4) of the pixels of its box."""
        rows, columns = self.box
        offset = np.array([[1, 0, columns.start], [0, 1, rows.start], [0, 0, 1.0]])
        shape = rows.stop - rows.start, columns.stop - columns.start
        return self.surface.skin.read(inverse(self.to_picture) @ offset, shape, self.level)

    def covers(self, x: Positions, y: Positions) -> NDArray[np.bool_]:
        """Return whether it covers more than half of a pixel at picture positions (x, y), (H, W) each."""
        u, v = carried(inverse(self.to_picture), x, y)
        return self.surface.skin.coverage(u, v, self.level) > 0.5


def fineness_of(
    to_picture: Matrix, bounds: tuple[float, float, float, float], width: float = np.inf
) -> NDArray[np.float64] | None:
    """Return how many pixels a metre along u and along v is in the middle of `bounds`, in the worst direction.

    The inverse of the Jacobian says how fast u and v change across the picture: a surface seen at a slant,
    or sheared, has less room for detail than its edges' lengths suggest. None where it is not before the
    camera, or far beside a picture of `width`.

    Source: Heckbert (1989), Fundamentals of texture mapping and image warping, section 3.5.
    """
    u, v = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    x, y, w = to_picture @ (u, v, 1)
    if w < 2 or not -0.5 * width < x / w < 1.5 * width:
        return None
    jacobian = (to_picture[:2, :2] - np.outer([x, y], to_picture[2, :2]) / w) / w
    if abs(np.linalg.det(jacobian)) < 1e-6:
        return None
    across = inverse(jacobian)
    fineness: NDArray[np.float64] = 1 / np.hypot(across[:, 0], across[:, 1])
    return fineness
