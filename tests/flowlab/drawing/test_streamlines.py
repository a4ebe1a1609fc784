"""Streamlines: on flows whose lines are known in closed form, how far apart they are, and where they end."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.resample import pixel_grid
from flowlab.drawing.scales import ColourMap, colour_table
from flowlab.drawing.streamlines import draw_streamlines, streamlines
from flowlab.errors import ParameterError

HEIGHT, WIDTH = 150, 230


def uniform(u: float, v: float) -> NDArray[np.float32]:
    return np.full((HEIGHT, WIDTH, 2), (u, v), np.float32)


def rotation(x0: float, y0: float, speed: float = 0.05) -> NDArray[np.float32]:
    """Return a flow that turns clockwise on the screen about (x0, y0)."""
    x, y = pixel_grid(HEIGHT, WIDTH)
    return np.dstack([-speed * (y - y0), speed * (x - x0)])


def all_points(lines: list[NDArray[np.complex64]]) -> NDArray[np.complex64]:
    return np.concatenate(lines)


# --- where lines run ---------------------------------------------------------------------------------


@pytest.mark.parametrize("spacing", [6, 16, 25])
def test_lines_of_a_rotation_stay_on_circles(spacing: int) -> None:
    lines = streamlines(rotation(90, 70), spacing, still=0.05)
    assert len(lines) >= 4
    for line in lines:
        radius = np.abs(line - (90 + 70j))
        assert np.ptp(radius) < (0.1 if radius.min() > 12 else 1), "in the middle a step is most of the radius"


def test_a_whole_circle_closes_and_goes_round_once() -> None:
    lines = streamlines(rotation(115, 75), 16, still=0.05)
    angles = [np.unwrap(np.angle(line - (115 + 75j))) for line in lines if np.abs(line[0] - (115 + 75j)) < 70]
    assert len(angles) >= 3
    for turn in angles:
        assert 2 * np.pi <= turn[-1] - turn[0] < 2 * np.pi + 2 * 4 / 8, "downstream is clockwise: angles grow"


@pytest.mark.parametrize("vector", [(3, 0), (0, -2), (2, 1), (-1, 3)])
def test_lines_of_a_uniform_flow_are_straight_and_lead_downstream(vector: tuple[float, float]) -> None:
    towards = complex(*vector) / abs(complex(*vector))
    for line in streamlines(uniform(*vector), 16, still=0.1):
        along = (line - line[0]) / towards
        assert np.abs(along.imag).max() < 0.05
        np.testing.assert_allclose(np.diff(along.real), 4, atol=1e-3)


def test_lines_of_a_saddle_follow_their_hyperbolas() -> None:
    x, y = pixel_grid(HEIGHT, WIDTH)
    flow = np.dstack([0.04 * (x - 115), -0.04 * (y - 75)])
    for line in streamlines(flow, 16, still=0.05):
        product = (line.real - 115) * (line.imag - 75)
        speed = np.abs(line - (115 + 75j))  # the product grows by the distance for every px off the line
        assert (np.abs(product - product[len(product) // 2]) / speed).max() < 1


# --- how far apart -----------------------------------------------------------------------------------


@pytest.mark.parametrize("spacing", [8, 16, 30])
def test_along_the_grid_lines_are_exactly_the_spacing_apart(spacing: int) -> None:
    lines = streamlines(uniform(3, 0), spacing, still=0.1)
    rows = np.sort([line[0].imag for line in lines])
    np.testing.assert_allclose(np.diff(rows), spacing, atol=0.1)
    assert rows[0] <= spacing and rows[-1] >= HEIGHT - 1 - spacing
    assert all(line[-1].real - line[0].real > WIDTH - 12 for line in lines), "and run from edge to edge"


@pytest.mark.parametrize("vector", [(2, 1), (-1, 3), (1, 1)])
def test_across_the_grid_lines_are_about_the_spacing_apart(vector: tuple[float, float]) -> None:
    towards = complex(*vector) / abs(complex(*vector))
    lines = streamlines(uniform(*vector), 16, still=0.1)
    apart = np.diff(np.sort([(line[0] / towards).imag for line in lines]))
    # Nearer than the spacing only where a line begins at the picture's edge, beside the end of another.
    assert apart.min() > 8 and apart.max() < 30
    assert 14 < apart.mean() < 24


@pytest.mark.parametrize("spacing", [8, 16])
def test_no_line_comes_nearer_than_half_the_spacing_and_no_large_gap_stays(spacing: int) -> None:
    x, y = pixel_grid(HEIGHT, WIDTH)
    lines = streamlines(np.dstack([1 + np.sin(y / 20), np.cos(x / 25)]), spacing, still=0.05)
    assert len(lines) > 5
    nearest = [
        np.abs(line[:, None] - all_points(lines[:i] + lines[i + 1 :])[None]).min() for i, line in enumerate(lines)
    ]
    assert min(nearest) > 0.5 * spacing - 1.5 * spacing / 6, "but for the cells of the map of what is taken"
    picture = (x + 1j * y)[::7, ::7].ravel()
    to_a_line = np.abs(picture[:, None] - all_points(lines)[None]).min(axis=1)
    assert np.percentile(to_a_line, 95) < spacing


def test_more_starts_than_opencv_can_read_at_once_are_no_obstacle() -> None:
    lines = streamlines(np.full((700, 1000, 2), (2, 1), np.float32), 4, still=0.1)
    assert len(lines) > 100


def test_the_same_flow_gives_the_same_lines() -> None:
    flow = np.random.default_rng(3).normal(0, 2, (HEIGHT, WIDTH, 2)).astype(np.float32)
    flow += (4, -1)
    one, two = (streamlines(flow, 12, still=0.1) for _ in range(2))
    assert len(one) == len(two) > 5
    assert all((a == b).all() for a, b in zip(one, two, strict=True))


# --- where lines end ---------------------------------------------------------------------------------


def test_lines_end_before_the_unknown() -> None:
    flow = uniform(3, 1)
    flow[:, 100:130] = np.nan
    flow[40:60, :, 1] = np.inf
    points = all_points(streamlines(flow, 10, still=0.1))
    assert ((points.real <= 99) | (points.real >= 130)).all()
    assert ((points.imag <= 39) | (points.imag >= 60)).all()
    assert (points.real < 90).any() and (points.real > 140).any(), "and go on beyond it"


def test_lines_stay_in_the_picture() -> None:
    points = all_points(streamlines(rotation(20, 130), 9, still=0.05))
    assert points.real.min() >= 0 and points.real.max() <= WIDTH - 1
    assert points.imag.min() >= 0 and points.imag.max() <= HEIGHT - 1


def test_still_areas_have_no_lines() -> None:
    flow = uniform(0.04, 0)
    flow[:, 120:] = (3, 0)
    points = all_points(streamlines(flow, 10, still=0.05))
    assert points.real.min() >= 119


def test_nothing_runs_across_an_edge_between_opposite_motions() -> None:
    flow = uniform(2, 3)
    flow[75:] = (2, -3)
    for line in streamlines(flow, 10, still=0.1):
        assert line.imag.max() < 75.5 or line.imag.min() > 73.5


def test_noise_is_no_reason_to_hang_or_fail() -> None:
    flow = np.random.default_rng(0).normal(0, 3, (60, 90, 2)).astype(np.float32)
    flow[np.random.default_rng(1).random((60, 90)) < 0.1] = np.nan
    for line in streamlines(flow, 8, still=0.1):
        assert np.isfinite(line).all()


@pytest.mark.parametrize("flow", [uniform(np.nan, 0), uniform(0, 0), np.full((1, 1, 2), 3, np.float32)])
def test_where_nothing_is_known_or_moves_there_is_no_line(flow: NDArray[np.float32]) -> None:
    assert streamlines(flow, 16, still=0.1) == []


# --- drawn -------------------------------------------------------------------------------------------


def grey_picture(level: int = 100, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


def test_a_line_has_the_colour_of_the_speed_beneath_each_of_its_points() -> None:
    x, _ = pixel_grid(HEIGHT, WIDTH)
    flow = np.dstack([1 + x / 50, np.zeros_like(x)])
    drawn = draw_streamlines(grey_picture(), flow, spacing=16, scale=6).astype(int)
    line = max(streamlines(flow, 16, still=0.3), key=len)
    table = colour_table(ColourMap.SPEED).astype(int)
    off = []
    for point in line[3:-3]:
        expected = table[round(255 * (1 + point.real / 50) / 6)]
        around = drawn[round(point.imag) - 1 : round(point.imag) + 2, round(point.real)]
        off.append(np.abs(around - expected).max(axis=1).min())
    assert np.median(off) < 40, "smoothing takes some"


def test_beside_the_lines_the_picture_is_paler_and_otherwise_itself() -> None:
    picture = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    drawn = draw_streamlines(picture, np.zeros((HEIGHT, WIDTH, 2), np.float32), spacing=16, scale=3)
    np.testing.assert_allclose(drawn, 127.5 + picture / 2.0, atol=1)
    np.testing.assert_array_equal(
        draw_streamlines(picture, uniform(np.nan, np.nan), spacing=16, scale=3), drawn, "the unknown draws nothing"
    )


@pytest.mark.parametrize("u", [3, -3])
def test_each_line_has_a_head_that_points_downstream(u: float) -> None:
    drawn = draw_streamlines(grey_picture(255), uniform(u, 0), spacing=60, scale=3)
    row = round(streamlines(uniform(u, 0), 60, still=0.1)[0][0].imag)
    heights = (drawn[row - 12 : row + 13] < 200).any(axis=2).sum(axis=0)
    (head,) = np.nonzero(heights > np.median(heights))
    assert len(head) > 8
    back, front = heights[head[: len(head) // 2]].mean(), heights[head[-(len(head) // 2) :]].mean()
    assert back > front + 2 if u > 0 else front > back + 2, "wide at the back, narrow at the tip"


def test_the_scale_decides_what_is_still() -> None:
    light = grey_picture(255)
    assert (draw_streamlines(light, uniform(0.3, 0), spacing=16, scale=5) != 255).any()
    assert (draw_streamlines(light, uniform(0.2, 0), spacing=16, scale=5) == 255).all()


def test_nothing_given_is_changed() -> None:
    picture, flow = grey_picture(), rotation(90, 70)
    flow[3, 4] = np.nan
    before = flow.copy()
    draw_streamlines(picture, flow, spacing=16, scale=3)
    assert (picture == 100).all()
    np.testing.assert_array_equal(flow, before)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"spacing": 3}, "spacing is 3: give a whole number of pixels, 4 or more"),
        ({"spacing": 8.5}, "spacing is 8.5"),
        ({"scale": 0}, r"scale is 0: give a number above 0 \(px\)"),
    ],
)
def test_numbers_that_draw_nothing_are_refused(options: dict[str, float], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        draw_streamlines(grey_picture(), uniform(1, 0), **{"spacing": 16, "scale": 3, **options})  # type: ignore[arg-type]


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(ParameterError, match="the picture is 20x10 and the flow 230x150: give both at one size"):
        draw_streamlines(grey_picture(0, 10, 20), uniform(1, 0), spacing=16, scale=3)
