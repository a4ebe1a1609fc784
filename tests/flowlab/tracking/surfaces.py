"""Surfaces with a value at every position, not at pixels only, so that any warp of them is known exactly."""

import cv2
import numpy as np

from flowlab.core.resample import pixel_grid

HEIGHT, WIDTH = 58, 83


def waves(x, y, seed=0):
    """Return grey levels at positions: forty waves of 8 to 24 px in all directions, about 128, deviation about 35."""
    rng = np.random.default_rng(seed)
    angle, phase = rng.uniform(0, 2 * np.pi, (2, 40))
    number = 2 * np.pi / rng.uniform(8, 24, 40)
    value = sum(np.sin(k * (np.cos(a) * x + np.sin(a) * y) + p) for k, a, p in zip(number, angle, phase, strict=True))
    return 128 + 35 * value / np.sqrt(20)


def edge(degrees, place, contrast=100.0):
    """Return a soft straight edge through a place; `degrees` is where it grows brighter, from x towards y."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return lambda x, y: 128 + contrast * np.tanh((c * (x - place[0]) + s * (y - place[1])) / 3)


def picture(surface, matrix=((1, 0), (0, 1)), shift=(0, 0), shape=(HEIGHT, WIDTH)):
    """Return (H, W) float32 of a surface whose point (x, y) lies at `matrix` (x, y) + `shift`."""
    places = np.stack(pixel_grid(*shape), axis=-1) - shift
    x, y = np.moveaxis(places @ np.linalg.inv(matrix).T, -1, 0)
    return np.asarray(surface(x, y) + 0 * x, np.float32)


def grain(height=HEIGHT, width=WIDTH, seed=0):
    """Return (H, W) uint8 of soft random grain, 40 grey levels of deviation."""
    noise = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(smooth / smooth.std() * 40 + 128, 0, 255).astype(np.uint8)


def points(*places):
    """Return places as (N, 2) float32."""
    return np.array(places, np.float32).reshape(-1, 2)


def full(covariance):
    """Return (N, 2, 2) float64 of (xx, xy, yy)."""
    return np.asarray(covariance, np.float64)[:, [0, 1, 1, 2]].reshape(-1, 2, 2)
