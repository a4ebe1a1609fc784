"""The Sparse tracking page, driven without a browser: it opens on a result, and every control counts."""

import base64
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from numpy.typing import NDArray
from streamlit.runtime.state.query_params_proxy import QueryParamsProxy
from streamlit.testing.v1 import AppTest

from flowlab.core.region import Box
from flowlab.core.units import UnitParameters
from flowlab.evaluation.track_truth import RIGHT, step_errors
from flowlab.jobs.clips import open_clip
from flowlab.jobs.track_look import COLOURINGS
from flowlab.tracking.endings import Status
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.points import track_points
from flowlab.tracking.tracks import Tracks
from pages.shared.lab import open_lab
from tests.hostile import HOSTILE, SECRET, Hostile, moving_texture, write_video
from tests.pages import driving
from tests.pages.driving import APP, SMALL, clip_of, numbers, picture, run, said
from tests.pages.test_dense_flow import upload

PAGE = "sparse_tracking"
NOISY = SMALL + "&noise=6&speed=6"
ZOOM = "scene:zoom?width=192&height=128&frames=12&speed=4&noise=8"
PANELS = ("track", "lives", "motion", "camera", "truth", "whole clip")


@pytest.fixture(autouse=True)
def _own_server() -> Iterator[None]:
    """Give each test a server's memory of its own: what one test cached must not answer the next."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def open_page(**query: str) -> AppTest:
    return driving.open_page(PAGE, **query)


def under_pointer(app: AppTest) -> NDArray[np.float32]:
    """Return (N, C) what the picture tells of its points: track, x, y, u, v, speed, fb, eigenvalue, ncc, age."""
    points = picture(app)["points"]
    return np.frombuffer(base64.b64decode(points["values"]), "<f4").reshape(-1, points["columns"])


def result(app: AppTest) -> tuple[dict[str, Any], dict[str, str]]:
    """Return all that a person reads of the frame: the picture with what lies on and under it, and the numbers."""
    return picture(app), numbers(app)


@lru_cache
def usual_result(query: tuple[tuple[str, str], ...]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the result of a link many tests compare with."""
    return result(open_page(**dict(query)))


def live(tracks: Tracks, frame: int) -> Tracks:
    now = tracks.at(frame)
    return now.where(now.alive)


def add_video(folder: Path, frames: list[NDArray[np.uint8]]) -> str:
    """Put a video into the lab's store and return what a link calls it."""
    with write_video(folder / "clip.mp4", frames).open("rb") as stream:
        return open_lab().library.add("clip.mp4", stream)


# --- what it opens on ------------------------------------------------------------------------------


def test_the_page_opens_on_tracks_with_trails_and_their_error_against_the_truth() -> None:
    app = open_page()
    assert not said(app)
    shown = picture(app)
    assert (shown["width"], shown["height"], shown["frame"]) == (640, 360, 15)
    clip = open_clip("scene:two-layers")
    tracks = track_points(clip, stop=16)
    now = live(tracks, 15)
    under = under_pointer(app)
    np.testing.assert_array_equal(under[:, 0], now.track)
    np.testing.assert_array_equal(under[:, 1:3], now.xy)
    assert shown["a"] != picture(open_page(s_p_trail="0"))["a"]

    values = numbers(app)
    assert list(values) == [
        "Tracks", "New here", "Ended here", "Median step", "Round trip", "Uncertainty", "With the camera",
        "Right steps", "Step error",
    ]  # fmt: skip
    rows = tracks.at(15)
    assert values["Tracks"] == str(len(now))
    assert values["New here"] == str((rows.status == Status.NEW).sum())
    assert values["Ended here"] == str((~rows.alive).sum())
    steps = rows.where(rows.status == Status.TRACKED)
    assert values["Median step"] == f"{np.median(np.hypot(*steps.uv.T)):.3g} px"
    judged = step_errors(tracks, clip, 15)  # type: ignore[arg-type]
    errors = judged.errors[judged.visible & judged.rows.alive & np.isfinite(judged.errors)]
    assert values["Right steps"] == f"{(errors <= RIGHT).mean():.1%}"
    assert float(values["Step error"].removesuffix(" px")) < 0.05


def test_a_clip_without_truth_has_the_same_numbers_but_those(tmp_path: Path) -> None:
    app = open_page(clip=add_video(tmp_path, moving_texture(8)))
    assert not said(app)
    assert numbers(app)["Median step"] == "2.24 px"  # (2, 1) px a frame
    assert not {"Right steps", "Step error"} & set(numbers(app))


# --- links -----------------------------------------------------------------------------------------

RULED = {"s_ruler": "10,20,40,60"}  # 50 px long

# One other value for everything the page reads from the address, and the link on which it must tell.
OTHER: dict[str, tuple[str, dict[str, str]]] = {
    "s_frame": ("5", {}),
    "s_from": ("4", {}),
    "s_width": ("160", {}),
    "s_view": ("zoom", {}),
    "s_colour": ("speed", {}),
    "s_scale": ("9", {"s_colour": "speed"}),
    "s_ellipse": ("60", {"s_view": "zoom"}),
    "s_model": ("homography", {"clip": ZOOM, "s_colour": "camera"}),
    "s_ransac": ("0.5", {"clip": SMALL}),
    "s_outline": ("true", {}),
    "s_region": ("60,30,70,60", {}),
    "s_exclude": ("70,40,40,40", {}),
    "s_ruler": ("20,20,90,90", {}),
    "s_pick": ("3", {}),
    "s_unit_length": ("cm", RULED),
    "s_unit_ruler": ("250", RULED | {"s_unit_length": "mm"}),
    "s_unit_time": ("second", {}),
    "s_unit_fps": ("500", {"s_unit_time": "second"}),
    "s_p_detector": ("harris", {}),
    "s_p_max_corners": ("50", {}),
    "s_p_quality": ("0.3", {}),
    "s_p_min_distance": ("20", {}),
    "s_p_block_size": ("15", {}),
    "s_p_top_up": ("false", {"s_p_max_corners": "60"}),
    "s_p_redetect_every": ("2", {}),
    "s_p_exclusion": ("20", {}),
    "s_p_window": ("21", {}),
    "s_p_levels": ("0", {}),
    "s_p_iterations": ("2", {}),
    "s_p_epsilon": ("0.5", {}),
    "s_p_min_eigenvalue": ("50", {}),
    "s_p_velocity": ("true", {}),
    "s_p_decides": ("status", {}),
    "s_p_forward_backward": ("0.05", {}),
    "s_p_min_ncc": ("0.95", {}),
    "s_p_affine": ("false", {}),
    "s_p_max_correction": ("0.05", {}),
    "s_p_merge_distance": ("0", {"s_p_exclusion": "0"}),
    "s_p_trail": ("3", {}),
}
CUTS = "s_p_cuts"  # tells on a clip with a cut: see below
PANEL, RANGE = "s_closer", "s_clip_range"  # which panel is open, and the range of its whole clip


@pytest.mark.parametrize("name", OTHER)
def test_a_link_with_another_value_gives_another_result(name: str) -> None:
    value, on = OTHER[name]
    base = {"clip": NOISY} | on
    linked = open_page(**base | {name: value})
    assert not said(linked)
    assert result(linked) != usual_result(tuple(base.items()))
    assert linked.query_params[name] in (value, [value])  # it stays in the link


def two_scenes(folder: Path) -> str:
    """Return a clip that cuts to another scene at frame 6."""
    one = moving_texture(6)
    return add_video(folder, one + [frame[::-1, ::-1].copy() for frame in one])


def test_a_cut_ends_all_tracks_is_told_and_can_be_left_alone(tmp_path: Path) -> None:
    clip = two_scenes(tmp_path)
    before, at_cut = (open_page(clip=clip, s_frame=frame) for frame in ("5", "6"))
    assert "Another scene begins" not in str(before.caption)
    assert any("Another scene begins in this frame" in caption.value for caption in at_cut.caption)
    assert numbers(at_cut)["Ended here"] == numbers(before)["Tracks"]
    assert numbers(at_cut)["Tracks"] == numbers(at_cut)["New here"] != "0"
    linked = open_page(clip=clip, s_frame="6", **{CUTS: "false"})
    assert result(linked) != result(at_cut)
    assert not any("Another scene" in caption.value for caption in linked.caption)


def test_every_parameter_of_the_tracker_and_every_unit_is_among_them() -> None:
    listed = {*OTHER, CUTS}
    assert {f"s_p_{field.name}" for field in PointParameters.fields()} == {n for n in listed if n.startswith("s_p_")}
    assert {f"s_unit_{field.name}" for field in UnitParameters.fields()} <= listed


def test_everything_the_page_reads_from_the_address_is_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    get = QueryParamsProxy.get

    def noted(proxy: QueryParamsProxy, key: str, default: Any = None) -> Any:
        asked.add(key)
        return get(proxy, key, default)

    monkeypatch.setattr(QueryParamsProxy, "get", noted)
    bound: set[str] = set()
    for panel in PANELS:
        app = open_page(clip=SMALL, s_closer=panel)
        waiting = [app.main, app.sidebar]
        while waiting:
            node = waiting.pop()
            waiting += getattr(node, "children", {}).values()
            bound.add(getattr(getattr(node, "proto", None), "query_param_key", ""))
    everything = {name for name in asked | bound if name.startswith("s_")}
    assert everything - {"s_line", "s_probe"} == {*OTHER, CUTS, PANEL, RANGE}  # marks of the Dense flow page


ENDLESS = pytest.param("9" * 400, id="four hundred digits")


@pytest.mark.parametrize("nonsense", ["-1e99", "x'\"<script>", "nan", "../../etc/passwd", "", ENDLESS])
def test_nonsense_in_a_link_falls_back_to_the_defaults(nonsense: str) -> None:
    drawn = {"s_region", "s_exclude", "s_ruler"}  # these are told: see below
    names = {*OTHER, CUTS, PANEL, RANGE} - drawn
    linked = open_page(clip=SMALL, **dict.fromkeys(names, nonsense))
    assert not said(linked)
    assert result(linked) == usual_result((("clip", SMALL),))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("s_region", "10,10,0,20", "at least 1 by 1"),
        ("s_region", "900,10,20,20", "holds no pixel"),
        ("s_region", "../../etc/passwd", "the region is"),
        ("s_exclude", "0,0,500,500", "leave no pixel"),
        ("s_exclude", "<script>", "an excluded area is"),
        ("s_ruler", "5,5,5,5", "0 pixels long"),
        ("s_unit_length", "mm", "no scale was drawn"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_the_tracks_stay(name: str, value: str, says: str) -> None:
    app = open_page(clip=SMALL, **{name: value})
    assert len(app.warning) == 1
    assert says in app.warning[0].value.replace("\\", "")
    assert numbers(app) == numbers(open_page(clip=SMALL))


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "<b>x</b>", "a" * 64, "sample:nope", "scene:two-layers?speed=1e9"]
)
def test_a_link_with_nonsense_for_a_clip_is_one_sentence_and_the_picker_stays(name: str) -> None:
    app = open_page(clip=name)
    assert len(app.error) == 1
    app.button(key="clip_default").click()
    assert not run(app).error
    assert numbers(app)["Right steps"]


# --- controls --------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PointParameters.presets, ids=lambda preset: preset.name)
def test_a_preset_sets_every_parameter_and_a_change_makes_it_custom(preset: Any) -> None:
    others = {f"s_p_{field.name}": OTHER[f"s_p_{field.name}"][0] for field in PointParameters.fields()
              if f"s_p_{field.name}" != CUTS}  # fmt: skip
    app = open_page(clip=NOISY, s_p_cuts="false", **others)
    assert app.selectbox(key="s_p_preset").value == "custom"
    app.selectbox(key="s_p_preset").set_value(preset.name)
    run(app)
    assert app.selectbox(key="s_p_preset").value == preset.name
    now = live(track_points(open_clip(NOISY), preset.values), 11)
    np.testing.assert_array_equal(under_pointer(app)[:, 0], now.track)
    np.testing.assert_array_equal(under_pointer(app)[:, 1:3], now.xy)
    written = {name: value for name, value in app.query_params.items() if name.startswith("s_p_")}
    expected = {f"s_p_{name}": str(value).lower() for name, value in preset.values.changed().items()}
    assert {name: value if isinstance(value, str) else value[0] for name, value in written.items()} == expected

    app.session_state["s_p_window_open"] = True
    run(app)
    app.slider(key="s_p_set_window").set_value(33)
    run(app)
    assert app.selectbox(key="s_p_preset").value == "custom"


def test_a_trail_changes_no_track_and_leaves_the_preset() -> None:
    app = open_page(clip=SMALL)
    before = under_pointer(app)
    app.slider(key="s_p_set_trail").set_value(2)
    run(app)
    assert app.selectbox(key="s_p_preset").value == "robust"
    np.testing.assert_array_equal(under_pointer(app), before)
    assert app.query_params["s_p_trail"] in ("2", ["2"])


@pytest.mark.parametrize("fold", ["s_p_detector_open", "s_p_window_open", "s_p_decides_open"])
def test_what_is_set_under_a_fold_goes_into_the_address_and_is_used(fold: str) -> None:
    app = open_page(clip=NOISY)
    before = result(app)
    app.session_state[fold] = True
    run(app)
    assert result(app) == before  # opening a fold changes nothing
    kind, key, value = {
        "s_p_detector_open": (app.slider, "quality", 0.5),
        "s_p_window_open": (app.slider, "iterations", 1),
        "s_p_decides_open": (app.selectbox, "decides", "status"),
    }[fold]  # fmt: skip
    kind(key=f"s_p_set_{key}").set_value(value)
    run(app)
    assert app.query_params[f"s_p_{key}"] in (str(value), [str(value)])
    assert result(app) == result(open_page(clip=NOISY, **{f"s_p_{key}": str(value)})) != before


def test_every_parameter_has_its_control_under_exactly_one_fold() -> None:
    app = open_page(clip=SMALL)
    for fold in ("detector", "window", "decides"):
        app.session_state[f"s_p_{fold}_open"] = True
    run(app)
    widgets = [*app.slider, *app.number_input, *app.selectbox, *app.toggle]
    keys = [widget.key for widget in widgets if str(widget.key).startswith("s_p_set_")]
    assert sorted(keys) == sorted(f"s_p_set_{field.name}" for field in PointParameters.fields())


def test_tracks_begin_in_the_frame_asked_for_and_no_earlier_one_is_shown() -> None:
    app = open_page(clip=SMALL, s_from="4", s_frame="2")
    assert picture(app)["frame"] == 4
    assert app.slider(key="s_frame").value == 4
    assert numbers(app)["New here"] == numbers(app)["Tracks"]
    app.button(key="s_frame_back").click()
    assert picture(run(app))["frame"] == 4
    app.button(key="s_frame_on").click()
    assert picture(run(app))["frame"] == 5
    np.testing.assert_array_equal(
        under_pointer(app)[:, 1:3], live(track_points(open_clip(SMALL), start=4, stop=6), 5).xy
    )
    app.number_input(key="s_from_set").set_value(7)
    assert picture(run(app))["frame"] == 7


def test_tracks_begin_only_in_the_region_and_not_in_what_is_left_out() -> None:
    app = open_page(clip=SMALL, s_region="60,30,70,60", s_exclude="70,40,20,20;100,50,9,9", s_frame="0")
    allowed = Box(60, 30, 70, 60).mask(128, 192)
    for box in (Box(70, 40, 20, 20), Box(100, 50, 9, 9)):
        allowed &= ~box.mask(128, 192)
    xy = under_pointer(app)[:, 1:3]
    np.testing.assert_array_equal(xy, track_points(open_clip(SMALL), allowed=allowed, stop=1).xy)
    assert 10 < len(xy) < int(numbers(open_page(clip=SMALL, s_frame="0"))["Tracks"]) / 2
    shown = picture(app)["drawn"]
    assert shown["region"] == [60, 30, 70, 60]
    assert shown["excluded"] == [[70, 40, 20, 20], [100, 50, 9, 9]]


def test_units_turn_pixels_into_millimetres_a_second_everywhere() -> None:
    # The ruler is 50 px and 100 mm: 2 mm a pixel; a frame of 25 a second lasts 0.04 s: 1 px a frame is 50 mm/s.
    query = {"s_ruler": "10,20,40,60", "s_unit_length": "mm", "s_unit_ruler": "100", "s_unit_time": "second"}
    usual, told = open_page(clip=SMALL, s_colour="speed"), open_page(clip=SMALL, s_colour="speed", **query)
    px, mm = under_pointer(usual), under_pointer(told)
    np.testing.assert_array_equal(mm[:, :3], px[:, :3])  # positions stay pixels
    np.testing.assert_allclose(mm[:, 3:6], 50 * px[:, 3:6], rtol=1e-5)
    np.testing.assert_array_equal(mm[:, 6:], px[:, 6:])
    median = np.nanmedian(px[:, 5])
    assert numbers(usual)["Median step"] == f"{median:.3g} px"
    assert numbers(told)["Median step"] == f"{50 * median:.3g} mm/s"
    assert numbers(told)["Round trip"] == numbers(usual)["Round trip"]
    assert picture(told)["legend"]["ends"][1].endswith(" mm/s")
    assert picture(usual)["legend"]["ends"][1].endswith(" px a frame")
    assert picture(told)["bar"] == {"length": 25, "words": "50 mm"}


@pytest.mark.parametrize(
    ("colour", "unit"),
    [("speed", "px a frame"), ("camera", "px a frame"), ("age", "frames"), ("fb", "px"), ("error", "px")],
)
def test_every_colour_of_a_value_has_a_scale_with_its_unit(colour: str, unit: str) -> None:
    app = open_page(clip=SMALL, s_colour=colour)
    legend = picture(app)["legend"]
    assert legend["kind"] == "scale"
    assert legend["ends"][0] == "0"
    assert legend["ends"][1].endswith(f" {unit}")
    later = picture(open_page(clip=SMALL, s_colour=colour, s_frame="3"))["legend"]
    assert later == legend  # colours do not flicker


def test_every_colouring_is_among_them() -> None:
    assert {*COLOURINGS} == {"track", "speed", "camera", "age", "fb", "error"}


def test_errors_are_coloured_and_told_where_the_truth_is_known(tmp_path: Path) -> None:
    app = open_page(clip=NOISY, s_colour="error", s_frame="8")
    clip = open_clip(NOISY)
    judged = step_errors(track_points(clip, stop=9), clip, 8)  # type: ignore[arg-type]
    expected = dict(zip(judged.rows.track.tolist(), judged.errors.tolist(), strict=True))
    under = under_pointer(app)
    found = [expected.get(int(track), np.nan) for track in under[:, 0]]
    np.testing.assert_allclose(under[:, -1], found, rtol=1e-5)
    assert np.isfinite(found).sum() > 50
    assert not said(open_page(clip=NOISY, s_colour="error", s_frame="0"))  # no step was made yet
    zoomed = json.loads(picture(open_page(clip=NOISY, s_colour="error", s_frame="8", s_view="zoom"))["spec"])
    usual = json.loads(picture(open_page(clip=NOISY, s_frame="8", s_view="zoom"))["spec"])
    assert zoomed["data"] != usual["data"]
    unknown = open_page(clip=add_video(tmp_path, moving_texture(5)), s_colour="error")
    assert not said(unknown)
    assert unknown.selectbox(key="s_colour").value == "track"


def test_the_homography_sample_brings_its_camera_too() -> None:
    app = open_page(clip=SMALL)
    app.selectbox(key="s_p_preset").set_value("lk_homography")
    run(app)
    assert app.selectbox(key="s_model").value == "homography"
    assert app.slider(key="s_ransac").value == 10


def test_another_clip_begins_where_pages_open_with_no_track_picked() -> None:
    app = open_page(clip=SMALL, s_frame="3", s_from="2", s_pick="5")
    assert (picture(app)["frame"], picture(app)["points"]["picked"]) == (3, 5)
    app.selectbox(key="clip_pick").set_value("scene:translation")
    shown = picture(run(app))
    assert (shown["frame"], shown["points"]["picked"]) == (15, None)
    assert not {"s_frame", "s_from", "s_pick"} & set(app.query_params)


def test_playing_goes_round_from_the_first_frame_that_is_followed() -> None:
    app = AppTest.from_file(APP, default_timeout=60)
    app.switch_page(f"pages/{PAGE}.py")
    for name, value in {"clip": SMALL, "s_from": "6", "s_frame": "11"}.items():
        app.query_params[name] = value
    app.session_state["_advance"] = True  # as the end of a frame that plays leaves it
    assert picture(run(app))["frame"] == 6


# --- what gives no tracks, or too many -------------------------------------------------------------


def test_a_region_without_corners_is_one_sentence_and_more_room_helps(tmp_path: Path) -> None:
    frames = moving_texture(6)
    for frame in frames:
        frame[:, :90] = 120
    app = open_page(clip=add_video(tmp_path, frames), s_region="5,5,60,90", s_closer="lives")
    assert "No point is followed inside the region in this frame" in said(app)
    assert not app.error
    assert numbers(app)["Tracks"] == "0"
    assert picture(app)["frame"] == 5
    app.session_state["s_marks"] = True
    run(app)
    app.text_input(key="s_region_text").set_value("5,5,140,90")
    assert int(numbers(run(app))["Tracks"]) > 0


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("view", ["tracks", "zoom"])
def test_a_flat_clip_is_one_sentence_on_every_panel(panel: str, view: str, tmp_path: Path) -> None:
    flat = [np.full((60, 80, 3), 77, np.uint8)] * 3
    app = open_page(clip=add_video(tmp_path, flat), s_closer=panel, s_view=view)
    assert "No point is followed in this frame" in said(app)
    assert not app.error
    assert numbers(app)["Tracks"] == "0"
    assert numbers(app)["Median step"] == numbers(app)["With the camera"] == "–"


@pytest.mark.parametrize("panel", PANELS)
def test_one_corner_is_enough_for_every_panel(panel: str) -> None:
    app = open_page(clip=SMALL, s_p_max_corners="1", s_closer=panel, s_pick="0", s_outline="true")
    assert not app.error
    assert numbers(app)["Tracks"] == "1"
    assert numbers(app)["With the camera"] == "–"  # a similarity needs two


def test_twenty_thousand_corners_are_followed_where_the_window_is_small() -> None:
    app = open_page(clip=SMALL, s_p_max_corners="20000", s_p_min_distance="1", s_p_exclusion="1", s_p_window="9")
    assert not said(app)
    assert int(numbers(app)["Tracks"]) > 400


def test_what_would_take_too_long_is_one_sentence_and_a_preset_mends_it() -> None:
    app = open_page(clip=SMALL, s_p_max_corners="20000", s_p_window="99", s_closer="lives")
    assert len(app.error) == 1
    assert "choose fewer corners or a smaller window" in app.error[0].value.replace("\\", "")
    app.selectbox(key="s_p_preset").set_value("robust")
    assert not run(app).error
    assert numbers(app) == numbers(open_page(clip=SMALL))


def test_a_window_larger_than_the_picture_is_one_sentence_and_can_be_mended() -> None:
    app = open_page(clip="scene:translation?width=64&height=96&frames=5", s_p_window="99")
    assert len(app.error) == 1
    assert "give at most 64 px" in app.error[0].value.replace("\\", "")
    app.session_state["s_p_window_open"] = True
    run(app)
    app.slider(key="s_p_set_window").set_value(21)
    assert not run(app).error
    assert numbers(app)["Tracks"] != "0"


@pytest.mark.parametrize("panel", PANELS)
def test_one_frame_has_corners_and_nothing_to_follow(panel: str, tmp_path: Path) -> None:
    clip = add_video(tmp_path, moving_texture(1))
    app = open_page(clip=clip, s_closer=panel, s_pick="0", s_from="3", s_frame="2")
    assert not app.error
    assert numbers(app)["Tracks"] == numbers(app)["New here"] != "0"
    assert numbers(app)["Median step"] == "–"
    assert picture(app)["frame"] == 0
    if panel == "whole clip":
        assert "nothing to follow" in said(app)


# --- files people bring ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_hostile_uploads_are_one_sentence_or_a_result(case: Hostile, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    app = upload(open_page(clip=SMALL), (path.name, path.read_bytes()))
    words = said(app).replace("\\", "")
    assert SECRET.decode() not in words
    if case.outcome == "error" and case.name != "one frame":
        assert len(app.error) == 1
        assert case.says in words
    elif case.name == "one pixel":
        assert len(app.error) == 1
        assert "the shorter side of the 1x1 picture" in words
    else:
        assert not app.error
        assert (numbers(app)["Tracks"] == "0") == (case.name == "constant pictures")
        assert ("damaged" in words) == (case.outcome == "part")
    app.selectbox(key="clip_pick").set_value("scene:translation")
    assert not run(app).error  # the page goes on
    assert numbers(app)["Right steps"]


def test_a_hostile_name_is_plain_text(tmp_path: Path) -> None:
    path = write_video(tmp_path / "x.mp4", moving_texture(4))
    app = upload(open_page(clip=SMALL), ("![x](https://example.org/x) **b** <b>.mp4", path.read_bytes()))
    caption = next(c.value for c in app.caption if "example" in c.value)
    assert "![" not in caption and r"\!\[x\]" in caption and r"\<b\>" in caption
    assert len(clip_of(app)) == 64


@pytest.mark.realdata
def test_a_real_clip_goes_the_whole_way(data_folder: Path) -> None:
    data = (data_folder / "clips" / "slow_traffic_small.mp4").read_bytes()
    app = upload(open_page(clip=SMALL), ("slow_traffic_small.mp4", data))
    assert not said(app)
    assert app.slider(key="s_frame").max == 913  # 914 frames
    app.slider(key="s_frame").set_value(60)
    assert picture(run(app))["frame"] == 60
    assert int(numbers(app)["Tracks"]) > 100


# --- beside the other page ---------------------------------------------------------------------------


def test_the_pages_leave_each_others_settings_alone() -> None:
    sparse = {"s_region": "60,30,40,40", "s_ruler": "1,2,30,40", "s_unit_time": "second", "s_frame": "4", "s_pick": "2"}
    dense = {"d_region": "60,30,40,40", "d_ruler": "1,2,30,40", "d_unit_time": "second", "d_frame": "4"}
    plain = driving.open_page(clip=SMALL)
    linked = driving.open_page(clip=SMALL, **sparse)
    assert picture(linked) == picture(plain)
    assert result(open_page(clip=SMALL, **dense)) == result(open_page(clip=SMALL))


def test_one_session_keeps_a_region_on_its_page() -> None:
    app = open_page(clip=SMALL, s_region="60,30,40,40")
    app.switch_page("pages/dense_flow.py")
    app.query_params.clear()
    assert picture(run(app))["drawn"]["region"] is None
    app.switch_page(f"pages/{PAGE}.py")
    assert picture(run(app))["drawn"]["region"] == [60, 30, 40, 40]


def test_tracks_are_followed_once_for_every_session(monkeypatch: pytest.MonkeyPatch) -> None:
    from flowlab.tracking.points import PointTracker

    frames: list[int] = []
    step = PointTracker.step

    def counted(tracker: PointTracker, grey: NDArray[np.uint8]) -> Tracks:
        rows = step(tracker, grey)
        frames.append(rows.start)
        return rows

    monkeypatch.setattr(PointTracker, "step", counted)
    app = open_page(clip=SMALL, s_frame="4")
    for key in ("s_frame_on", "s_frame_back"):
        app.button(key=key).click()
        run(app)
    open_page(clip=SMALL, s_frame="6", s_colour="speed", s_view="zoom", s_p_trail="3", s_closer="lives")
    assert frames == list(range(7))
    open_page(clip=SMALL, s_frame="1", s_p_window="21")
    assert frames == [*range(7), 0, 1]
