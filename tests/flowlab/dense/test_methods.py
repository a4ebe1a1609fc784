"""Every dense method keeps the lab's conventions, and no setting it accepts can hurt the process."""

import json
import subprocess
import sys
import textwrap

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.resample import warp_back
from flowlab.dense.dis import DisParameters
from flowlab.dense.estimator import Method
from flowlab.dense.farneback import FarnebackParameters
from flowlab.dense.lucas_kanade import LucasKanadeParameters
from flowlab.dense.methods import DEFAULT_METHOD, METHODS, method
from flowlab.errors import ParameterError
from flowlab.evaluation.metrics import endpoint_error

ROWS = [pytest.param(row, id=row.name) for row in METHODS.values()]
# Median endpoint error each method keeps to on smooth texture moved by a known shift, px.
CEILING = {"farneback": 0.05, "dis": 0.05, "lucas-kanade": 0.02}


def textured(height: int, width: int, seed: int = 3) -> NDArray[np.float32]:
    """Smooth random texture with room around it: cut two windows out of it to make a known shift."""
    noise = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return smooth / smooth.std() * 40 + 128


def shifted_pair(u: int, v: int, height: int = 120, width: int = 176) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two windows of one texture, such that what is at (x, y) in the first is at (x + u, y + v) in the second."""
    board = np.clip(np.rint(textured(height + 40, width + 40)), 0, 255).astype(np.uint8)
    first, second = board[20:, 20:], board[20 - v :, 20 - u :]
    return first[:height, :width].copy(), second[:height, :width].copy()


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(("u", "v"), [(3, 0), (0, -2), (-4, 2), (2, 5)])
def test_a_known_shift_is_found_with_its_sign_and_axis(row: Method, u: int, v: int) -> None:
    first, second = shifted_pair(u, v)
    flow = row.estimate(first, second).flow
    assert flow.shape == (*first.shape, 2)
    assert flow.dtype == np.float32
    truth = np.broadcast_to(np.array([u, v], np.float32), flow.shape)
    inner = endpoint_error(flow, truth)[16:-16, 16:-16]
    assert np.median(inner) < CEILING[row.name]


@pytest.mark.parametrize("row", ROWS)
def test_warping_the_second_picture_back_rebuilds_the_first(row: Method) -> None:
    first, second = shifted_pair(3, -2)
    flow = row.estimate(first, second).flow
    rebuilt = warp_back(second, flow)[16:-16, 16:-16]
    kept = first[16:-16, 16:-16]
    assert np.abs(rebuilt - kept).mean() < 0.1 * np.abs(second[16:-16, 16:-16].astype(float) - kept).mean()


@pytest.mark.parametrize("row", ROWS)
def test_the_inputs_are_not_changed(row: Method) -> None:
    first, second = shifted_pair(1, 1)
    copies = first.copy(), second.copy()
    row.estimate(first, second)
    np.testing.assert_array_equal(first, copies[0])
    np.testing.assert_array_equal(second, copies[1])


def test_farneback_is_opencvs_call_bit_for_bit() -> None:
    first, second = shifted_pair(3, 1)
    ours = METHODS["farneback"].estimate(first, second).flow
    theirs = cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0)  # type: ignore[call-overload]
    np.testing.assert_array_equal(ours, theirs)


def test_farnebacks_gaussian_window_is_opencvs_flag() -> None:
    first, second = shifted_pair(3, 1)
    chosen = FarnebackParameters(winsize=21, gaussian=True, levels=2, poly_n=7, poly_sigma=1.5)
    flag = cv2.OPTFLOW_FARNEBACK_GAUSSIAN
    theirs = cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 2, 21, 3, 7, 1.5, flag)  # type: ignore[call-overload]
    np.testing.assert_array_equal(METHODS["farneback"].estimate(first, second, chosen).flow, theirs)


@pytest.mark.parametrize("name", ["ultrafast", "fast", "medium"])
def test_the_presets_of_dis_are_opencvs(name: str) -> None:
    first, second = shifted_pair(3, 1, 180, 240)
    number = {
        "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
        "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
        "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
    }[name]
    theirs = cv2.DISOpticalFlow.create(number).calc(first, second, None)  # type: ignore[call-overload]
    ours = METHODS["dis"].estimate(first, second, DisParameters.preset(name)).flow
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("row", ROWS)
def test_every_parameter_reaches_the_method(row: Method) -> None:
    """Moving one parameter to the end of its range changes the flow."""
    first, second = shifted_pair(3, 2, 180, 240)
    noise = np.random.default_rng(1).normal(0, 12, second.shape)
    second = np.clip(second * 1.2 - 10 + noise, 0, 255).astype(np.uint8)
    usual = row.estimate(first, second).flow
    for field in row.parameters.fields():
        others = {bool: [not field.default], str: list(field.choices)}.get(field.kind, [field.low, field.high])
        moved = False
        for value in others:
            try:
                changed = row.parameters(**{field.name: field.kind(value)})  # type: ignore[arg-type]
            except ParameterError:
                continue  # this end does not go with the other defaults
            moved |= not np.array_equal(row.estimate(first, second, changed).flow, usual)
        assert moved, f"{row.name}: {field.name} has no effect"


@pytest.mark.parametrize("row", ROWS)
def test_wrong_pictures_are_refused_in_words(row: Method) -> None:
    grey = np.zeros((40, 50), np.uint8)
    with pytest.raises(ParameterError, match="float32"):
        row.estimate(grey.astype(np.float32), grey)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"\(40, 50, 3\)"):
        row.estimate(np.zeros((40, 50, 3), np.uint8), grey)
    with pytest.raises(ParameterError, match="50x40 and 40x50"):
        row.estimate(grey, grey.T)


def test_a_picture_too_small_for_dis_is_refused_and_farneback_takes_it() -> None:
    small = np.zeros((31, 400), np.uint8)
    with pytest.raises(ParameterError, match="400x31: DIS needs at least 32x32"):
        METHODS["dis"].estimate(small, small)
    assert METHODS["farneback"].estimate(small, small).flow.shape == (31, 400, 2)
    pixel = np.zeros((1, 1), np.uint8)
    assert np.isfinite(METHODS["farneback"].estimate(pixel, pixel).flow).all()


def test_a_patch_larger_than_half_the_picture_is_refused() -> None:
    picture = np.zeros((40, 60), np.uint8)
    with pytest.raises(ParameterError, match="patch_size is 28: give at most 20 px"):
        METHODS["dis"].estimate(picture, picture, DisParameters(patch_size=28))


def test_parameters_of_another_method_are_refused() -> None:
    picture = np.zeros((40, 60), np.uint8)
    with pytest.raises(ParameterError, match="farneback received DisParameters: give it FarnebackParameters"):
        METHODS["farneback"].estimate(picture, picture, DisParameters())


def test_a_stride_that_leaves_gaps_is_refused() -> None:
    with pytest.raises(ParameterError, match="patch_stride is 16: give at most the patch size"):
        DisParameters(patch_stride=16, patch_size=8)


@pytest.mark.parametrize(
    ("name", "value"),
    [("winsize", 0), ("winsize", 14), ("winsize", -15), ("pyr_scale", 1.0), ("pyr_scale", float("nan")), ("levels", 99),
     ("poly_n", 0), ("iterations", 0), ("poly_sigma", float("inf"))],
)  # fmt: skip
def test_values_that_crash_farneback_cannot_be_made(name: str, value: float) -> None:
    with pytest.raises(ParameterError, match=f"^{name} is "):
        FarnebackParameters(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"), [("patch_size", 0), ("patch_stride", 0), ("patch_stride", 500), ("alpha", float("nan"))]
)
def test_values_that_crash_dis_cannot_be_made(name: str, value: float) -> None:
    with pytest.raises(ParameterError, match=f"^{name} is "):
        DisParameters(**{name: value})  # type: ignore[arg-type]


def test_the_registry_is_complete_and_finds_by_name() -> None:
    assert DEFAULT_METHOD in METHODS
    assert len({row.key for row in METHODS.values()}) == len(METHODS)
    for name, row in METHODS.items():
        assert row.name == name
        assert row.citation
        assert row.good_at
        assert row.bad_at
        assert row.presets[0].values == row.parameters()  # the first preset is the default
        assert all(preset.source for preset in row.presets)
    with pytest.raises(ParameterError, match=r"no method ‘horn’: the methods are farneback, dis, lucas-kanade"):
        method("horn")


def test_cost_grows_with_what_makes_a_method_slow() -> None:
    row = METHODS["farneback"]
    usual = row.cost(480, 640, FarnebackParameters())
    assert row.cost(960, 1280, FarnebackParameters()) == pytest.approx(4 * usual)
    assert row.cost(480, 640, FarnebackParameters(iterations=20)) > 4 * usual
    assert row.cost(480, 640, FarnebackParameters(winsize=99, gaussian=True)) > 2 * usual
    transparent = METHODS["lucas-kanade"]
    usual = transparent.cost(480, 640, LucasKanadeParameters())
    assert transparent.cost(480, 640, LucasKanadeParameters(iterations=30)) == pytest.approx(10 * usual)
    assert transparent.cost(480, 640, LucasKanadeParameters(gaussian=True, window=99)) > 2 * usual
    dis = METHODS["dis"]
    assert dis.cost(480, 640, DisParameters(patch_size=32, patch_stride=1, finest_scale=0)) > 5


# Runs in a process of its own: were a range wrong, a signal would end that process, not the tests.
_FUZZ = textwrap.dedent(
    """
    import json, sys
    from hypothesis import HealthCheck, given, settings, strategies as st
    import numpy as np
    from flowlab.dense.methods import METHODS
    from flowlab.errors import ParameterError

    row = METHODS[sys.argv[1]]
    tried = 0

    def value_of(field):
        if field.kind is bool:
            return st.booleans()
        if field.kind is str:
            return st.sampled_from(field.choices)
        if field.kind is int:
            return st.integers(int(field.low), int(field.high))
        return st.floats(field.low, field.high)

    sides = st.sampled_from([1, 2, 3, 11, 12, 31, 32, 33, 48, 65, 127, 300])
    kinds = st.sampled_from(["noise", "flat", "ramp", "same"])
    chosen = st.fixed_dictionaries({}, optional={f.name: value_of(f) for f in row.parameters.fields()})

    @settings(max_examples=int(sys.argv[2]), deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))
    @given(sides, sides, kinds, chosen)
    def never_a_signal(height, width, kind, values):
        global tried
        rng = np.random.default_rng(height * 1000 + width)
        first = rng.integers(0, 256, (height, width), dtype=np.uint8)
        if kind == "flat":
            first[:] = 100
        if kind == "ramp":
            first[:] = np.linspace(0, 255, width).astype(np.uint8)
        second = first if kind == "same" else rng.integers(0, 256, (height, width), dtype=np.uint8)
        try:
            parameters = row.parameters(**values)
            if row.cost(height, width, parameters) > 0.3:
                return
            print(json.dumps([height, width, kind, values]), file=sys.stderr, flush=True)
            flow = row.estimate(first, second, parameters).flow
        except ParameterError:
            return
        assert flow.shape == (height, width, 2) and np.isfinite(flow).all()
        tried += 1

    never_a_signal()
    print(tried)
    """
)


@pytest.mark.parametrize("row", ROWS)
def test_no_accepted_setting_ends_the_process_or_gives_a_flow_that_is_not_finite(row: Method) -> None:
    examples = 400
    done = subprocess.run(
        [sys.executable, "-c", _FUZZ, row.name, str(examples)], capture_output=True, text=True, timeout=250, check=False
    )
    last = done.stderr.strip().splitlines()[-1:] or ["nothing was tried"]
    assert done.returncode == 0, f"exit {done.returncode} after {last[0][:500]}"
    assert int(done.stdout) > examples / 10  # most settings were really computed, not refused
    assert json.loads(last[0])
