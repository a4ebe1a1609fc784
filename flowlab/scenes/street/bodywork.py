"""Paintwork: sides, panels, wheels and shadows of vehicles."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from flowlab.scenes.noise import Field
from flowlab.scenes.street.grit import Grit, Values, mixed, rgb, smooth_step
from flowlab.scenes.street.plan import Sun
from flowlab.scenes.street.surfaces import Paint
from flowlab.scenes.street.vehicles import Body

_GLASS, _SKYLIT = rgb("2c343b"), rgb("9fb0bd")
_TYRE, _ALLOY, _DARK = rgb("2b2b2d"), rgb("a9acb0"), rgb("26282b")
_CHROME, _PLATE = rgb("c3c5c6"), rgb("d8d3c0")
_TAIL_LIGHT, _HEAD_LIGHT, _INDICATOR = rgb("a8322c"), rgb("d5d9db"), rgb("c98a3a")
_GRAIN = 4.0


def paint_side(u: Values, v: Values, body: Body, *, colour: NDArray[np.float32], light: float, grit: Grit) -> Paint:
    """Paint a side of `body` at `u` metres forward and `v` above the ground."""
    rear, front = body.ends
    top = _roofline(u, body)
    # Between the axles exhaust and floor hang below the sill, in the dark.
    floor = np.where((u > body.axles[0]) & (u < body.axles[1]), np.float32(0.12), np.float32(body.sill))
    inside = (v < top) & (v > floor + 0.05 * smooth_step(np.abs(u), 1.6, 2.3)) & (u > rear) & (u < front)
    # A flank leans out to its shoulder and in again: it mirrors the sky above, the road below.
    shoulder = smooth_step(v, body.belt - 0.34, body.belt - 0.04)
    low = smooth_step(v, 0.62, 0.3)
    glint = smooth_step(np.abs(v - body.belt + 0.12), 0.06, 0.0)
    mirrored = 0.07 * grit.fractal(u * 0.5, v * 2.2, 0.9, 4, 0.75, salt=3)
    tone = light * (0.86 + 0.2 * shoulder - 0.34 * low + 0.2 * glint + mirrored)
    painted = colour * tone[..., None] + 14 * (shoulder + glint)[..., None]
    painted = painted * (1 - 0.5 * smooth_step(np.abs(v - 0.56), 0.035, 0.0))[..., None]
    for gap in _gaps(body):
        painted *= (1 - 0.55 * smooth_step(np.abs(u - gap - 0.03 * (v - 0.7)), 0.022, 0.004) * (v > 0.34))[..., None]
        handle = (np.abs(u - gap - 0.17) < 0.09) & (np.abs(v - body.belt + 0.12) < 0.022)
        painted[handle] = _CHROME * light * 0.9
    painted = _side_glass(painted, u, v, top, body, light, grit)
    painted = np.where((v < body.sill + 0.08)[..., None], _DARK * 1.3, painted)
    painted = np.where((v < body.sill)[..., None], _DARK * 0.3, painted)
    for end, lamp in ((rear, _TAIL_LIGHT), (front, _HEAD_LIGHT)):
        lit = (np.abs(u - end) < 0.24) & (np.abs(v - 0.72) < 0.075)
        painted[lit] = lamp * light
    for axle in body.axles:
        arch = np.hypot(u - axle, v - body.wheel)
        painted = np.where((arch < body.wheel + 0.10)[..., None], painted * 0.62, painted)
        painted = np.where((arch < body.wheel + 0.06)[..., None], _DARK * 0.8, painted)
    return Paint(painted.astype(np.float32), inside.astype(np.float32), np.full_like(u, _GRAIN))


def _roofline(u: Values, body: Body) -> Field:
    """Return the profile's height at `u`, its corners rounded."""
    step = 0.02
    grid = np.arange(-3, 3, step)
    height = np.interp(grid, [p[0] for p in _forward(body)], [p[1] for p in _forward(body)])
    return np.interp(u, grid, gaussian_filter1d(height, 0.05 / step)).astype(np.float32)


def _forward(body: Body) -> list[tuple[float, float]]:
    """Return the profile as a function of the way forward: the tail leans back over its foot."""
    *upper, (toe_u, toe) = body.profile[1:]
    return [(upper[0][0] - 0.001, upper[0][1] - 0.1), *upper, (toe_u - 0.03, upper[-1][1] - 0.1), (toe_u, toe)]


def _gaps(body: Body) -> tuple[float, ...]:
    """Return where doors open."""
    rear, front = body.cabin
    return (front - 0.02, rear + 0.55 * (front - rear) - 0.12) if rear < -1 else (front - 0.1, rear - 0.1)


def _side_glass(painted: Values, u: Values, v: Values, top: Values, body: Body, light: float, grit: Grit) -> Field:
    rear, front = body.cabin
    lean = (v - body.belt) / (body.roof - body.belt)
    pillar = _gaps(body)[1] - 0.02
    from_rear = u - rear - 0.42 * lean * (rear < -1)
    from_front = front - u - 0.72 * (front - 0.2) * lean
    pane = np.minimum(np.minimum(v - body.belt, top - 0.075 - v), np.minimum(from_rear, from_front))
    pane = np.minimum(pane, np.abs(u - pillar - 0.02 * lean) - 0.04)
    sky = smooth_step(lean + 0.35 * grit.fractal(u, v, 0.8, 4, 0.75, salt=8) + 0.28 * (u - pillar), 0.1, 1.2)
    glass = mixed(_GLASS, _SKYLIT * 0.85, sky * 0.75)
    seats = (np.hypot((u - 0.22) * 1.6, v - body.belt - 0.16) < 0.2) | (
        np.hypot((u + 0.62) * 1.6, v - body.belt - 0.14) < 0.19
    )
    glass *= light * np.where(seats, np.float32(0.62), np.float32(1))[..., None]
    rim = smooth_step(pane, -0.045, -0.02)[..., None]
    painted = painted * (1 - 0.45 * rim)
    return mixed(painted, glass, smooth_step(pane, -0.006, 0.006))


def paint_panel(
    u: Values,
    v: Values,
    part: str,
    size: tuple[float, float],
    *,
    colour: NDArray[np.float32],
    light: float,
    grit: Grit,
) -> Paint:
    """Paint a panel of (width, length) `size` at `u` metres right of its middle and `v` metres along it."""
    width, length = size
    half = width / 2
    mirrored = 0.08 * grit.fractal(u * 1.2, v * 0.7, 0.8, 4, 0.75, salt=5)
    painted = colour * (light * (0.95 + mirrored))[..., None] + 10
    aside = np.abs(u)
    if part == "glass":
        rim = np.minimum(np.minimum(v, length - v) - 0.05, half - 0.11 - aside)
        sky = smooth_step(v / length + 0.3 * grit.fractal(u, v, 0.7, 4, 0.75, salt=6), 0.0, 1.3)
        glass = mixed(_GLASS, _SKYLIT, 0.85 * sky)
        painted = mixed(painted * 0.9, glass, smooth_step(rim, 0.0, 0.012))
    elif part in ("hood", "roof", "lid"):
        crease = smooth_step(np.abs(aside - 0.32 * width), 0.05, 0.0)
        painted = painted * (1 + 0.10 * crease)[..., None]
    else:
        # The tail is painted upwards from its foot, the nose downwards to it.
        up = v / length if part == "tail" else 1 - v / length
        painted = painted * (0.66 + 0.36 * up)[..., None]
        bumper = up < 0.34
        painted = np.where(bumper[..., None], painted * 0.5, painted)
        lamp = (aside > half - 0.38) & (aside < half - 0.05) & (np.abs(up - 0.74) < 0.15)
        painted[lamp] = (_TAIL_LIGHT if part == "tail" else _HEAD_LIGHT) * light
        if part == "nose":
            grille = (aside < half - 0.45) & (np.abs(up - 0.70) < 0.13)
            painted[grille] = (_DARK * (1 + 0.6 * (np.mod(v, 0.07) < 0.03))[..., None])[grille]
        plate = (aside < 0.26) & (np.abs(up - 0.42) < 0.085)
        painted[plate] = _PLATE * light * 0.95
    return Paint(
        painted.astype(np.float32),
        ((aside < half) & (v > -0.03) & (v < length + 0.03)).astype(np.float32),
        np.full_like(u, _GRAIN),
    )


def paint_wheel(u: Values, v: Values, radius: float, light: float, grit: Grit) -> Paint:
    """Paint a wheel of five spokes around (u, v) = 0."""
    from_hub, angle = np.hypot(u, v) / radius, np.arctan2(v, u)
    rim = smooth_step(from_hub, 0.70, 0.67)
    spoke = smooth_step(np.abs(np.sin(2.5 * angle)) * from_hub, 0.26, 0.2)
    hub, ring = smooth_step(from_hub, 0.22, 0.19), smooth_step(np.abs(from_hub - 0.65), 0.05, 0.03)
    metal = np.maximum(np.maximum(spoke, hub), ring)
    alloy = mixed(_DARK, _ALLOY * light, metal)
    tyre = _TYRE * (1.1 + 0.3 * smooth_step(np.abs(from_hub - 0.86), 0.06, 0.0))[..., None]
    colour = mixed(tyre, alloy, rim) * (1 + 0.05 * grit.noise(u, v, 0.15, 3))[..., None]
    return Paint(colour.astype(np.float32), (from_hub < 1).astype(np.float32), np.full_like(u, 4.0))


def paint_shadow(x: Values, z: Values, body: Body, heading: tuple[float, float], sun: Sun) -> Paint:
    """Paint how much light a body keeps from the ground, (x, z) metres from its middle."""
    rear, front = body.ends
    forward = x * heading[0] + z * heading[1]
    aside = x * heading[1] - z * heading[0]
    middle, half_length, half_width = (rear + front) / 2, (front - rear) / 2 - 0.42, body.width / 2 - 0.12

    def box(forward: Values, aside: Values, soft: float) -> Field:
        outside = np.hypot(
            np.maximum(np.abs(forward - middle) - half_length, 0), np.maximum(np.abs(aside) - half_width, 0)
        )
        return smooth_step(outside, soft, -0.25 * soft)

    under = 0.55 * box(forward, aside, 0.28)
    run_x, run_z = sun.run
    run_forward, run_aside = run_x * heading[0] + run_z * heading[1], run_x * heading[1] - run_z * heading[0]
    cast = np.zeros_like(x)
    for rise in np.linspace(0.2, 0.92 * body.roof, 9):
        cabin = 0.75 if rise > 0.7 * body.roof and body.roof < 1.8 else 1.0
        cast = np.maximum(
            cast, box((forward - run_forward * rise) / cabin, aside - run_aside * rise, 0.08 + 0.08 * rise)
        )
    strength = 1 - (1 - under) * (1 - 0.15 * sun.strength * cast)
    lets_through = np.tile(np.array([0.0, 0.02, 0.06], np.float32), (*x.shape, 1))
    return Paint(lets_through, strength.astype(np.float32), 0.0, plain=True)
