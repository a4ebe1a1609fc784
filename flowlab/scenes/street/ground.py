"""The ground: carriageways, kerbs, pavements, markings, and the shadows that lie still."""

import numpy as np

from flowlab.scenes.noise import Field
from flowlab.scenes.street.grit import Grit, Values, mixed, rgb, smooth_step
from flowlab.scenes.street.plan import Plan, Sun
from flowlab.scenes.street.surfaces import Paint

_ASPHALT, _OLD, _PATCH = rgb("7c7b7a"), rgb("8d8a85"), rgb("63646a")
_SLAB, _KERB, _LINE = rgb("a89d8f"), rgb("b9b2a6"), rgb("d9d5c8")
_SHADE = rgb("6f7f9c") / 255 * 1.12


def paint_ground(x: Values, z: Values, plan: Plan, *, sun: Sun, grit: Grit, shapes: Grit) -> Paint:
    """Paint the ground at (x, z) metres."""
    inside = ((z > 0) & (z < 130)).astype(np.float32)
    z = np.clip(np.where(z > 0, z, 400), 1, 400)  # above the horizon the ground would be behind the camera
    road = plan.carriageway(x, z)  # metres inside (negative) or beside
    colour, grain = _asphalt(x, z, grit)
    _mark(colour, x, z, plan, grit)
    slabs, slab_grain = _pavement(x, z, grit)
    beside = smooth_step(road, 0.17, 0.19)
    colour = mixed(colour, slabs, beside)
    grain = grain + (slab_grain - grain) * beside
    kerb = smooth_step(np.abs(road - 0.09), 0.10, 0.08)
    stone = 0.93 + 0.14 * grit.scatter(np.floor((x + z) / 0.9), 0.0, 5)
    colour = mixed(colour, _KERB * stone[..., None], kerb)
    gutter = smooth_step(np.abs(road + 0.12), 0.16, 0.02)
    colour *= (1 - 0.28 * gutter)[..., None]
    lit = 1 - sun.strength * plan.shadowed(x, z, sun, shapes)
    colour *= _SHADE + (1.06 - _SHADE) * lit[..., None]
    haze = smooth_step(z, 25, 190)
    colour = mixed(colour, rgb("b9c0c4"), 0.65 * haze)
    return Paint(colour, inside, grain * (0.55 + 0.45 * lit) * smooth_step(z, 46, 4))


def _asphalt(x: Values, z: Values, grit: Grit) -> tuple[Field, Field]:
    """Return colour and grain of the carriageway: worn, patched, cracked, tyre tracks along it."""
    wear = grit.fractal(x, z, 6.0, 4, 0.75)
    stain = grit.fractal(x * 0.35, z, 1.6, 4, 0.8, salt=3)
    colour = mixed(_ASPHALT, _OLD, smooth_step(wear, -1.4, 1.6))
    tracks = np.zeros_like(x)
    for lane in (9.7, 11.5, 13.6, 15.4):
        tracks += smooth_step(np.abs(z - lane), 0.42, 0.05)
    light = 1 + 0.055 * stain - 0.07 * tracks * (z < 17)
    patch = (np.abs(x - 3.6) < 1.15) & (np.abs(z - 11.1) < 0.7) | (np.abs(x + 6.2) < 2.2) & (np.abs(z - 14.6) < 0.55)
    patch |= (np.abs(x - 3.1) < 0.7) & (np.abs(z - 27) < 3.4)
    colour = mixed(colour, _PATCH, 0.75 * patch.astype(np.float32))
    crack = np.abs(grit.fractal(x, z, 2.6, 4, 0.6, salt=11))
    light -= 0.30 * smooth_step(crack, 0.035, 0.0) * smooth_step(wear, -0.2, 0.9)
    stones = grit.noise(x, z, 0.08, 1) + 0.8 * grit.noise(x, z, 0.16, 2) + 0.7 * grit.noise(x, z, 0.33, 4)
    light += 0.075 * stones
    cover = np.hypot(x - 1.2, z - 12.0)
    light -= 0.34 * smooth_step(cover, 0.46, 0.42) - 0.2 * smooth_step(np.abs(cover - 0.34), 0.05, 0.02)
    return (colour * light[..., None]).astype(np.float32), np.full_like(x, 12.0)


def _mark(colour: Field, x: Values, z: Values, plan: Plan, grit: Grit) -> None:
    """Paint lines, zebra and stop line on `colour`, in place, worn off where the traffic runs."""
    dash = (np.abs(z - plan.middle) < 0.075) & (np.mod(x + 0.9, 4.2) < 2.3)
    edge = (np.abs(z - plan.near - 0.45) < 0.05) | (np.abs(z - plan.near - 0.65) < 0.05)
    zebra = (z > plan.far + 1.1) & (z < plan.far + 3.6) & (np.abs(x - plan.axis) < plan.half - 0.25)
    zebra &= np.mod(x - plan.axis + 0.27, 1.08) < 0.54
    stop = (np.abs(z - plan.far - 4.6) < 0.17) & (x < plan.axis) & (x > plan.axis - plan.half + 0.2)
    side = (np.abs(x - plan.axis) < 0.06) & (z > plan.far + 5.2) & (np.mod(z, 5.0) < 2.8)
    line = (dash | edge | zebra | stop | side).astype(np.float32)
    worn = smooth_step(grit.fractal(x, z, 0.7, 4, 0.8, salt=21), 1.9, -0.6)
    colour[:] = mixed(colour, _LINE, 0.88 * line * worn)


def _pavement(x: Values, z: Values, grit: Grit) -> tuple[Field, Field]:
    """Return colour and grain of slabs 60 by 45 cm, every course shifted by half a slab."""
    row = np.floor(z / 0.6)
    along = x / 0.75 + 0.5 * np.mod(row, 2)
    column = np.floor(along)
    tone = grit.scatter(column, row, 8)
    light = 0.86 + 0.26 * tone + 0.05 * grit.fractal(x, z, 0.9, 4, 0.8, salt=15)
    from_joint = np.minimum(0.3 - np.abs(z / 0.6 - row - 0.5) * 0.6, 0.375 - np.abs(along - column - 0.5) * 0.75)
    light -= 0.26 * smooth_step(from_joint, 0.035, 0.01)
    warm = np.stack([1 + 0.05 * (tone - 0.5), np.ones_like(tone), 1 - 0.09 * (tone - 0.5)], axis=-1)
    return (_SLAB * warm * light[..., None]).astype(np.float32), np.full_like(x, 11.0)
