"""A flat board seen by a pinhole camera: a homography in closed form at any time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flowlab.scenes.matrix_motion import Matrix
from flowlab.scenes.textures import Positions


@dataclass(frozen=True)
class HomographyMotion:
    """A layer whose point (x, y) is seen where homography(time) (x, y, 1) points to.

    Attributes:
        homography: (3, 3) at a time, from layer to picture coordinates; its lower right element is 1, and
            the layer faces the camera: no point of it lies behind.
    """

    homography: Callable[[float], Matrix]

    def to_layer(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the layer point seen at picture position (x, y)."""
        backwards: Matrix = np.linalg.inv(self.homography(time)).astype(np.float64)
        return projected(backwards, x, y)

    def to_picture(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the picture position of layer point (x, y)."""
        return projected(self.homography(time), x, y)


def projected(homography: Matrix, x: Positions, y: Positions) -> tuple[Positions, Positions]:
    """Return where `homography` (3, 3) takes points (x, y)."""
    (xx, xy, x0), (yx, yy, y0), (px, py, p0) = homography
    depth = px * x + py * y + p0
    return (xx * x + xy * y + x0) / depth, (yx * x + yy * y + y0) / depth


def attitude(yaw: float, pitch: float, roll: float) -> Matrix:
    """Return the rotation (3, 3): `roll` in the board's own plane, then `pitch` about x, then `yaw` about y, radians.

    x points right, y down, z away from the camera: positive roll turns clockwise as seen, positive pitch
    takes the upper edge towards the camera, positive yaw the right one.
    """
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(angle), np.sin(angle)) for angle in (yaw, pitch, roll))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    rotation: Matrix = about_y @ about_x @ about_z
    return rotation


def board_homography(
    rotation: Matrix, middle: tuple[float, float], magnification: float, camera: tuple[float, float, float]
) -> Matrix:
    """Return H = K [r1 r2 t], from board coordinates relative to its middle to the picture, scaled so that H33 = 1.

    Args:
        rotation: (3, 3) of the board against the picture plane; its third column is not needed.
        middle: (x, y) where the board's middle is seen, px.
        magnification: picture px per board px at the board's middle, seen square on.
        camera: (focal length, x, y of the principal point), px.

    Source: Zhang (2000), A flexible new technique for camera calibration, eq. 2.
    """
    focal, centre_x, centre_y = camera
    intrinsic = np.array([[focal, 0, centre_x], [0, focal, centre_y], [0, 0, 1]])
    depth = focal / magnification
    place = depth * np.array([(middle[0] - centre_x) / focal, (middle[1] - centre_y) / focal, 1])
    homography: Matrix = intrinsic @ np.column_stack([rotation[:, 0], rotation[:, 1], place]) / depth
    return homography


def magnifications(homography: Matrix, x: Positions, y: Positions) -> Positions:
    """Return the least magnification in any direction at points (x, y) of one shape: smallest singular value there."""
    seen_x, seen_y = projected(homography, x, y)
    depth = homography[2, 0] * x + homography[2, 1] * y + homography[2, 2]
    # The derivative of a quotient: (row of H - position * last row of H) / depth.
    rows = [
        [(homography[k, j] - seen * homography[2, j]) / depth for j in (0, 1)] for k, seen in ((0, seen_x), (1, seen_y))
    ]
    jacobian = np.moveaxis(np.array(rows), (0, 1), (-2, -1))
    smallest: Positions = np.linalg.svd(jacobian, compute_uv=False)[..., -1]
    return smallest
