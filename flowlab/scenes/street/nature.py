"""Sky, the far end of the street, and trees."""

import numpy as np

from flowlab.scenes.noise import Field
from flowlab.scenes.street.grit import Grit, Values, mixed, rgb, smooth_step
from flowlab.scenes.street.surfaces import Paint

_ZENITH, _HORIZON = rgb("7fa9de"), rgb("d9e2e8")
_CLOUD, _CLOUD_BASE = rgb("fdf8ee"), rgb("b4bac6")
_LEAVES = [rgb(code) for code in ("2c3a1e", "4b5f2b", "76853a", "a5a552")]
_BARK = rgb("66584a")


def paint_sky(right: Values, down: Values, grit: Grit) -> Paint:
    """Paint the sky in the direction (right, down, 1)."""
    up = np.clip(-down, -0.2, 2)
    colour = mixed(_HORIZON, _ZENITH, smooth_step(up, -0.05, 0.42))
    # Fair-weather clouds: heaps lit from the left above, grey below; lower ones are farther and flatter.
    x, y = right * 5.0, up * (7.0 + 6.0 * smooth_step(up, 0.3, 0.0))
    heap = grit.fractal(x, y, 1.0, 6, 0.68, salt=1)
    lit = heap - grit.fractal(x + 0.11, y - 0.16, 1.0, 6, 0.68, salt=1)
    cover = smooth_step(heap + 0.25 * grit.noise(x, y, 2.1, 5), -0.9, 0.5)
    cloud = mixed(_CLOUD_BASE, _CLOUD, smooth_step(lit, -0.9, 0.9))
    colour = mixed(colour, cloud, 0.92 * cover)
    return Paint(colour, None, 5.0)


def paint_far_end(x: Values, v: Values, grit: Grit, shapes: Grit) -> Paint:
    """Paint what closes the street: hazy houses, a church, treetops; (x, v) metres across and up."""
    block = np.floor(x / 7.5)
    top = 8.5 + 4 * shapes.scatter(block, 0.0, 1) - 2.2 * np.abs(np.mod(x / 7.5, 1) - 0.5)
    tower = np.abs(x - 4.4)
    spire = np.where(tower < 2.3, 21.0, 0) + np.where(tower < 2.3, 5 * np.clip(2.3 - tower, 0, 3), 0)
    leafy = 6.5 + 1.8 * shapes.fractal(x, 0 * x, 6.0, 5, 0.7, salt=3)
    tone = grit.scatter(block, 0.0, 2)[..., None]
    colour = mixed(rgb("a99a8c") * (0.8 + 0.35 * tone), rgb("8c97a2"), np.full_like(x, 0.35))
    panes = (np.abs(np.mod(x, 1.9) - 0.95) < 0.42) & (np.abs(np.mod(v, 2.8) - 1.5) < 0.7)
    colour = np.where((panes & (v > 1))[..., None], colour * 0.7, colour)
    stone = rgb("a59c90") * (0.85 + 0.3 * grit.scatter(np.floor(x / 0.7), np.floor(v / 0.6), 7))[..., None]
    on_tower = (tower < 2.3) & (v > top - 3)
    louvre = on_tower & (tower < 0.6) & (np.abs(v - 17.5) < 1.8)
    colour = np.where(on_tower[..., None], stone * np.where(v > 21, 0.72, 1.0)[..., None], colour)
    colour = np.where(louvre[..., None], rgb("5d646c"), colour)
    leaves = _foliage(x, v, 1.6, grit) * 0.8 + 0.2 * rgb("9aa8ae")
    green = v < leafy
    colour = np.where(green[..., None], leaves, colour)
    inside = (v < np.maximum(np.maximum(top, spire), leafy)).astype(np.float32)
    return Paint(colour.astype(np.float32), inside, 8.0)


def paint_tree(x: Values, v: Values, crown: float, radius: float, *, number: int, grit: Grit, shapes: Grit) -> Paint:
    """Paint a tree whose stem stands at x = 0; `crown` is the height of its crown's middle, metres."""
    off_x, off_v = x / radius, (v - crown) / (0.9 * radius)
    ragged = shapes.fractal(x, v, 0.9 * radius, 5, 0.72, salt=100 * number)
    rim = np.hypot(off_x, off_v) + 0.20 * ragged
    leaves = smooth_step(rim, 1.0, 0.97)
    holes = shapes.fractal(x, v, 0.7, 3, 0.8, salt=100 * number + 50)
    leaves *= 1 - smooth_step(holes + 1.2 * (rim - 0.75), 1.5, 1.6)
    bend = 0.1 * np.sin(v * 1.3 + number)
    half = 0.13 + 0.05 * smooth_step(v, 0.5, 0.0)
    stem = (np.abs(x - bend) < half) & (v < crown) & (v > 0)
    for side, rise in ((1, 0.35), (-1, 0.5), (0.5, 0.7)):
        reach = v - crown + rise * radius
        stem |= (np.abs(x - bend - side * 0.6 * reach) < 0.07) & (reach > 0) & (reach < 0.9 * radius)
    colour = _foliage(x, v, 0.55, grit)
    # Light from above and the left; clumps have a dark side of their own.
    light = 0.95 + 0.28 * off_v - 0.22 * off_x + 0.16 * grit.fractal(x + 0.2, v - 0.2, 1.1, 2, 0.7, salt=8)
    colour *= np.clip(light, 0.45, 1.4)[..., None]
    bark = _BARK * (0.85 - 0.9 * np.clip(x - bend, -0.2, 0.2) + 0.12 * grit.noise(x, v * 0.3, 0.12, 9))[..., None]
    colour = mixed(bark, colour, smooth_step(leaves, 0.3, 0.7))
    return Paint(colour, np.maximum(leaves, stem.astype(np.float32)), 9 + 5 * leaves)


def _foliage(x: Values, v: Values, size: float, grit: Grit) -> Field:
    """Return the colour of leaves in clumps of about `size` metres."""
    tone = 0.75 * grit.fractal(x, v, size, 5, 0.85, salt=41) + 0.4 * grit.noise(x, v, 0.16, 45)
    stops = np.array([-1.5, -0.4, 0.5, 1.7], np.float32)
    table = np.stack(_LEAVES)
    return np.stack([np.interp(tone, stops, table[:, k]) for k in range(3)], axis=-1).astype(np.float32)
