"""The camera: where it stands and looks at any time, and how it projects the planes of the world.

World coordinates are metres: X right, Y down, Z away from the camera; the ground is Y = 0. A plane of the
world is a (4, 3) matrix that takes its own coordinates (u, v, 1) to homogeneous points, so that everything
between a plane and the picture is one 3x3 matrix: the homography of Hartley & Zisserman (2004), eq. 8.1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Positions = NDArray[np.float64]

EYE = 2.4  # metres above the ground
_FOCAL = 0.92  # focal length, in picture widths
_HORIZON = 0.4  # of the picture's height
_VANISHING = 0.47  # of its width
_TRACK = np.array([0.86, -0.1, 0.5])  # the way the camera glides
_TRACK_REACH = 0.9  # metres, to either side of the middle


@dataclass(frozen=True)
class Camera:
    """A pinhole camera on a short track, held by hand.

    Its lens is shifted, not tilted, as for architecture: uprights stay upright in the picture.

    Attributes:
        width, height: size of the picture, px.
        glide: how fast it passes the middle of its track, metres a frame; it swings to and fro for ever.
        sway: how far the hand turns it, px of the picture.
        middle: the frame at which it is half way along the track and looks straight ahead.
    """

    width: int
    height: int
    glide: float
    sway: float
    middle: float

    @property
    def focal(self) -> float:
        """Focal length, px: the same street whatever the shape of the picture."""
        return _FOCAL * max(self.width, 1.5 * self.height)

    @property
    def lens(self) -> Matrix:
        """Intrinsic matrix K (3, 3)."""
        centre_x, centre_y = _VANISHING * (self.width - 1), _HORIZON * (self.height - 1)
        return np.array([[self.focal, 0, centre_x], [0, self.focal, centre_y], [0, 0, 1]])

    def position(self, time: float) -> NDArray[np.float64]:
        """Return where the camera stands, (3,) metres."""
        along = _TRACK_REACH * np.sin((time - self.middle) * self.glide / _TRACK_REACH)
        position: Matrix = np.array([0.0, -EYE, 0.0]) + along * _TRACK
        return position

    def turn(self, time: float) -> Matrix:
        """Return the rotation (3, 3) from world to camera directions: yaw, pitch and roll of a careful hand."""
        since, angle = time - self.middle, self.sway / self.focal
        yaw = angle * (0.7 * np.sin(since / 8.3) + 0.2 * np.sin(since / 3.7))
        pitch = angle * (0.9 * np.sin(since / 5.1) - 0.3 * np.sin(since / 15.9))
        return _rotation(0, pitch) @ _rotation(1, yaw) @ _rotation(2, 0.3 * angle * np.sin(since / 9.7))

    def matrix(self, time: float) -> Matrix:
        """Return the projection P (3, 4): homogeneous world points to homogeneous picture positions."""
        turn = self.turn(time)
        return self.lens @ np.column_stack([turn, -turn @ self.position(time)])


def _rotation(axis: int, angle: float) -> Matrix:
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn = np.eye(3)
    turn[[first, second], [first, second]] = np.cos(angle)
    turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
    return turn


def plane(origin: tuple[float, float, float], u: tuple[float, float, float], v: tuple[float, float, float]) -> Matrix:
    """Return the (4, 3) matrix of the plane through `origin` whose coordinates run along `u` and `v`, metres."""
    return np.column_stack([[*u, 0], [*v, 0], [*origin, 1]]).astype(np.float64)


def inverse(matrix: Matrix) -> Matrix:
    """Return the inverse of a matrix."""
    return np.linalg.inv(matrix).astype(np.float64)


def carried(homography: Matrix, x: Positions, y: Positions) -> tuple[Positions, Positions]:
    """Return positions (x, y), arrays that broadcast, taken through a homography."""
    h = homography
    w = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return (h[0, 0] * x + h[0, 1] * y + h[0, 2]) / w, (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / w
