"""The Affine tracking page, driven without a browser: it opens on a result, and every control counts."""

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
from flowlab.jobs.clips import open_clip
from flowlab.jobs.region_start import first_box
from flowlab.tracking.affine.region_track import RegionTrack, bounding_boxes
from flowlab.tracking.regions import track_region
from flowlab.tracking.trackers import TRACKERS
from pages.shared import region_clip
from pages.shared.lab import open_lab
from tests.box_sets import at, write_keyframes, write_otb
from tests.hostile import HOSTILE, moving_texture, write_video
from tests.pages import driving
from tests.pages.driving import clip_of, numbers, picture, run, said

PAGE = "affine_tracking"
POSTER = "scene:planar?width=192&height=128&frames=12"
HIDDEN = "scene:two-layers?width=192&height=128&frames=30&speed=6&noise=2"  # a leaf comes over the box
BEHIND = {"clip": HIDDEN, "a_roi": "90,50,24,24", "a_frame": "29"}
LEAVES = {"clip": "scene:translation?width=192&height=128&frames=30&speed=6", "a_roi": "140,40,40,40"}
PANELS = ("track", "inspect", "evaluate", "convergence")


@pytest.fixture(autouse=True)
def _own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each test a server's memory of its own, and all the time it needs."""
    monkeypatch.delenv("FLOWLAB_DATA", raising=False)
    monkeypatch.setattr(region_clip, "PATIENCE", 300.0)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def open_page(**query: str) -> AppTest:
    return driving.open_page(PAGE, **query)


def result(app: AppTest) -> tuple[list[str], dict[str, str]]:
    """Return all that a person reads: the picture with what lies on it, the course, and the numbers."""
    return [component.proto.json for component in app.get("bidi_component")], numbers(app)


@lru_cache
def usual_result(query: tuple[tuple[str, str], ...]) -> tuple[list[str], dict[str, str]]:
    """Return the result of a link many tests compare with."""
    return result(open_page(**dict(query)))


def quad(app: AppTest) -> NDArray[np.float64]:
    """Return the corners of the region on the picture, (4, 2) px."""
    (shown,) = picture(app)["drawn"]["quads"]
    return np.array(shown["quad"])


def course(app: AppTest) -> dict[str, Any]:
    """Return name -> trace of the course of the region."""
    spec = json.loads(json.loads(app.get("bidi_component")[1].proto.json)["spec"])
    return {trace["name"]: trace for trace in spec["data"]} | {"layout": spec["layout"]}


def held(app: AppTest, name: str) -> str:
    """Return what the address holds under a name, "" for nothing."""
    value = app.query_params.get(name, "")
    return value if isinstance(value, str) else value[0]


def tracked(clip: str, box: Box | None = None, **options: Any) -> RegionTrack:
    opened = open_clip(clip)
    return track_region(opened, box or first_box(opened, options.get("start", 0)), **options)


def unescaped(app: AppTest) -> str:
    """Return what the page says, without the marks that keep text from outside plain."""
    return said(app).replace("\\", "")


def add_video(folder: Path, frames: list[NDArray[np.uint8]]) -> str:
    """Put a video into the lab's store and return what a link calls it."""
    with write_video(folder / "clip.mp4", frames).open("rb") as stream:
        return open_lab().library.add("clip.mp4", stream)


# --- what it opens on ------------------------------------------------------------------------------


def test_the_page_opens_on_a_poster_that_is_followed_with_its_numbers() -> None:
    app = open_page()
    assert not said(app)
    shown = picture(app)
    assert (shown["width"], shown["height"], shown["frame"]) == (640, 360, 20)
    assert clip_of(app) == "scene:planar"
    assert app.selectbox(key="a_tracker_set").value == "esm-homography"
    assert app.selectbox(key="a_esm_set_motion").value == "homography"
    track = tracked("scene:planar", tracker="esm-homography", stop=21)
    np.testing.assert_allclose(quad(app), track.corners[-1], atol=0.006)
    region = shown["drawn"]["quads"][0]
    assert region["state"] == "tracked"
    np.testing.assert_allclose(region["trail"], track.centre, atol=0.006)
    np.testing.assert_allclose(region["axes"][0], track.centre[-1], atol=0.006)

    values = numbers(app)
    assert list(values) == ["State", "NCC", "Position", "Scale", "Rotation", "Iterations", "Tracked"]
    x, y = track.centre[-1]
    assert values["State"] == "tracked"
    assert values["NCC"] == f"{track.ncc[-1]:.3f}"
    assert values["Position"] == f"{x:.1f}, {y:.1f} px"
    assert values["Iterations"] == str(track.iterations[-1])
    assert values["Tracked"] == "100.0%"
    plotted = course(app)
    assert plotted["layout"]["xaxis"]["range"] == [-0.5, 20.5]
    assert {"believed 0.75", "regained 0.8"} <= {note["text"] for note in plotted["layout"]["annotations"]}


def test_the_poster_is_followed_to_where_it_truly_is() -> None:
    clip = open_clip("scene:planar")
    app = open_page(a_frame="45")
    (there,), (then,) = clip.objects(45), clip.objects(0)  # type: ignore[attr-defined]
    box = first_box(clip, 0)
    corners = np.array([(box.x, box.y), (box.x + box.w - 1, box.y), (box.x + box.w - 1, box.y + box.h - 1),
                        (box.x, box.y + box.h - 1)])  # fmt: skip
    np.testing.assert_allclose(quad(app), carried(corners, then.quad, there.quad), atol=0.25)


def carried(points: NDArray[np.float64], before: NDArray[np.float64], after: NDArray[np.float64]) -> Any:
    """Return points (N, 2) moved as the homography that takes four corners to four others."""
    rows = []
    for (x, y), (u, v) in zip(before, after, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    warp = np.append(np.linalg.solve(np.array(rows), after.ravel()), 1).reshape(3, 3)
    moved = np.column_stack([points, np.ones(len(points))]) @ warp.T
    return moved[:, :2] / moved[:, 2:]


def test_a_clip_that_knows_of_nothing_opens_on_its_middle_third(tmp_path: Path) -> None:
    app = open_page(clip=add_video(tmp_path, moving_texture(8)))
    assert not said(app)
    assert picture(app)["frame"] == 7
    assert app.selectbox(key="a_tracker_set").value == "flowlab"
    info = picture(app)
    w, h = info["width"] // 3, info["height"] // 3
    start = np.array([(info["width"] - w) // 2, (info["height"] - h) // 2])
    np.testing.assert_allclose(quad(app)[0], start + 7 * np.array([2, 1]), atol=0.3)  # (2, 1) px a frame


# --- links -----------------------------------------------------------------------------------------

# One other value for everything the page reads from the address, and the link on which it must tell.
OTHER: dict[str, tuple[str, dict[str, str]]] = {
    "a_frame": ("5", {}),
    "a_from": ("4", {}),
    "a_width": ("160", {}),
    "a_roi": ("60,50,40,30", {}),
    "a_keys": ("3:60,50,40,30;9:70,40,50,40", {}),
    "a_tracker": ("mil", {}),
    "a_trail": ("5", {}),
    "a_axes": ("false", {}),
    "a_truth": ("true", {}),
    "a_fl_formulation": ("esm", BEHIND),
    "a_fl_motion": ("affine", BEHIND),
    "a_fl_photometry": ("unit-variance", BEHIND),
    "a_fl_blur": ("9", BEHIND),
    "a_fl_blur_sigma": ("4.0", BEHIND | {"a_fl_blur": "9"}),
    "a_fl_weights": ("none", BEHIND),
    "a_fl_centre": ("true", BEHIND),
    "a_fl_levels": ("0", BEHIND),
    "a_fl_iterations": ("1", BEHIND),
    "a_fl_stopping": ("parameters", BEHIND),
    "a_fl_epsilon": ("1.0", BEHIND),
    "a_fl_damping": ("10.0", BEHIND),
    "a_fl_prediction": ("none", BEHIND),
    "a_fl_simple_first": ("none", BEHIND),
    "a_fl_appearance": ("false", BEHIND | {"a_roi": "40,10,60,50"}),
    "a_fl_update": ("every-frame", BEHIND),
    "a_fl_min_ncc": ("0.9", BEHIND),
    "a_fl_regain_ncc": ("1.0", BEHIND),
    "a_fl_min_visible": ("1.0", BEHIND),
    "a_fl_min_inside": ("0.95", LEAVES),
    "a_fl_patience": ("0", BEHIND),
    "a_fl_redetect": ("false", BEHIND),
    "a_ecc_motion": ("translation", {"a_tracker": "ecc"}),
    "a_ecc_iterations": ("1", {"a_tracker": "ecc"}),
    "a_ecc_epsilon": ("0.1", {"a_tracker": "ecc"}),
    "a_esm_motion": ("affine", {}),
    "a_ic_motion": ("translation", {"a_tracker": "ic-affine"}),
    "a_tb_iterations": ("1", {"a_tracker": "textbook"}),
}
PANEL = "a_view"


@pytest.mark.parametrize("name", OTHER)
def test_a_link_with_another_value_gives_another_result(name: str) -> None:
    value, on = OTHER[name]
    base = {"clip": POSTER} | on
    linked = open_page(**base | {name: value})
    assert not said(linked)
    assert result(linked) != usual_result(tuple(base.items()))
    assert held(linked, name) == value  # it stays in the link


def test_every_parameter_of_our_tracker_is_among_them() -> None:
    assert {f"a_fl_{field.name}" for field in TRACKERS["flowlab"].parameters.fields()} <= {*OTHER}
    assert {f"a_ecc_{field.name}" for field in TRACKERS["ecc"].parameters.fields()} <= {*OTHER}


def test_everything_the_page_reads_from_the_address_is_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    get = QueryParamsProxy.get

    def noted(proxy: QueryParamsProxy, key: str, default: Any = None) -> Any:
        asked.add(key)
        return get(proxy, key, default)

    monkeypatch.setattr(QueryParamsProxy, "get", noted)
    app = open_page(clip=HIDDEN)
    waiting: list[Any] = [app.main, app.sidebar]
    while waiting:
        node = waiting.pop()
        waiting += getattr(node, "children", {}).values()
        asked.add(getattr(getattr(node, "proto", None), "query_param_key", ""))
    everything = {name for name in asked if name.startswith("a_")}
    others = {name for name in OTHER if name.startswith(("a_ecc_", "a_esm_", "a_ic_", "a_tb_"))}
    assert everything == {*OTHER, PANEL} - others


ENDLESS = pytest.param("9" * 400, id="four hundred digits")


@pytest.mark.parametrize("nonsense", ["-1e99", "x'\"<script>", "nan", "../../etc/passwd", "", ENDLESS])
def test_nonsense_in_a_link_falls_back_to_the_defaults(nonsense: str) -> None:
    linked = open_page(clip=POSTER, **dict.fromkeys({*OTHER, PANEL} - {"a_roi", "a_keys"}, nonsense))
    assert not said(linked)
    assert result(linked) == usual_result((("clip", POSTER),))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("a_roi", "900,10,20,20", "lies outside the 192x128 picture: draw it inside"),
        ("a_roi", "10,10,7,40", "is 7x40 pixels: draw one of at least 8x8"),
        ("a_roi", "../../etc/passwd", "give x,y,w,h in pixels"),
        ("a_keys", "12:20,20,30,30", "there is a keyframe at frame 12 and the clip ends with frame 11"),
        ("a_keys", "4:20,20,5,30", "in frame 4 is 5 by 30 pixels: draw one of at least 8 by 8"),
        ("a_keys", "4:400,20,30,30", "in frame 4 lies outside the 192x128 picture"),
        ("a_keys", "4:1,2", "the keyframe of frame 4 is"),
        ("a_keys", "<script>", "give FRAME:x,y,w,h"),
        ("a_keys", "-1:20,20,30,30", "give FRAME:x,y,w,h"),
        ("a_keys", "9" * 300, "give FRAME:x,y,w,h"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_the_track_stays(name: str, value: str, says: str) -> None:
    app = open_page(clip=POSTER, **{name: value})
    assert len(app.warning) == 1
    assert not app.error
    assert says in app.warning[0].value.replace("\\", "")
    assert result(app) == usual_result((("clip", POSTER),))


def test_of_a_box_that_reaches_outside_the_part_inside_is_followed() -> None:
    app = open_page(clip=POSTER, a_roi="-20,40,80,40")
    assert "its part inside, 0,40,60,40, is used" in unescaped(app)
    assert result(app) == result(open_page(clip=POSTER, a_roi="0,40,60,40"))


def test_of_many_keyframes_as_many_as_a_link_may_hold_are_used() -> None:
    app = open_page(clip=HIDDEN, a_keys=";".join(f"{1 + n % 29}:40,40,30,{20 + n}" for n in range(60)))
    assert "there are 60 keyframes: the first 50 are used" in unescaped(app)
    told = unescaped(open_page(clip=HIDDEN, a_keys=";".join(["x"] * 20)))
    assert told.count("give FRAME") == 3
    assert "17 more keyframes cannot be used" in told


@pytest.mark.parametrize("name", ["../../etc/passwd", "<b>x</b>", "a" * 64, "sample:nope", "scene:planar?speed=1e9"])
def test_a_link_with_nonsense_for_a_clip_is_one_sentence_and_the_picker_stays(name: str) -> None:
    app = open_page(clip=name)
    assert len(app.error) == 1
    app.button(key="clip_default").click()
    assert not run(app).error
    assert clip_of(app) == "scene:planar"
    assert numbers(app)["State"] == "tracked"


# --- the box and where it starts ---------------------------------------------------------------------


def test_a_typed_box_is_followed_from_the_frame_that_was_set() -> None:
    app = open_page(clip=POSTER)
    app.text_input(key="a_roi_text").set_value("60, 50, 40, 30")
    app.number_input(key="a_from_set").set_value(3)
    run(app)
    assert (held(app, "a_roi"), held(app, "a_from")) == ("60,50,40,30", "3")
    track = tracked(POSTER, Box(60, 50, 40, 30), tracker="esm-homography", start=3)
    np.testing.assert_allclose(quad(app), track.corners[-1], atol=0.006)
    assert course(app)["layout"]["xaxis"]["range"] == [2.5, 11.5]
    app.text_input(key="a_roi_text").set_value("")
    run(app)
    assert not held(app, "a_roi")
    usual = tracked(POSTER, tracker="esm-homography", start=3)
    np.testing.assert_allclose(quad(app), usual.corners[-1], atol=0.006)


def test_no_frame_before_the_first_is_shown_and_there_the_box_can_be_dragged() -> None:
    app = open_page(clip=POSTER, a_from="4", a_frame="2", a_roi="60,50,40,30")
    assert picture(app)["frame"] == 4
    assert picture(app)["drawn"]["box"] == [60, 50, 40, 30]
    assert picture(app)["tools"] == ["box"]
    assert numbers(app)["State"] == "keyframe"
    app.button(key="a_frame_on").click()
    run(app)
    assert picture(app)["frame"] == 5
    assert picture(app)["drawn"]["box"] is None
    assert numbers(app)["State"] == "tracked"


def test_a_box_stays_on_the_same_thing_at_another_working_width() -> None:
    full = open_page(clip=POSTER, a_roi="60,50,60,45")
    half = open_page(clip=POSTER, a_roi="60,50,60,45", a_width="160")
    assert picture(half)["width"] == 160
    at_full = (quad(half) + 0.5) * 192 / 160 - 0.5
    np.testing.assert_allclose(at_full.mean(axis=0), quad(full).mean(axis=0), atol=0.6)


@pytest.mark.parametrize("frame", ["0", "5"])
def test_a_flat_box_is_one_sentence_and_another_can_be_drawn(frame: str, tmp_path: Path) -> None:
    frames = moving_texture(6)
    for one in frames:
        one[:60, :60] = 120
    app = open_page(clip=add_video(tmp_path, frames), a_roi="10,10,40,40", a_frame=frame)
    (told,) = app.error
    assert "texture" in told.value
    assert picture(app)["frame"] == int(frame)
    assert picture(app)["tools"] == ["box"]
    app.text_input(key="a_roi_text").set_value("70,30,40,40")
    run(app)
    assert not said(app)
    assert numbers(app)["Tracked"] == "100.0%"


def test_a_clip_of_one_frame_says_so_and_shows_the_box(tmp_path: Path) -> None:
    app = open_page(clip=add_video(tmp_path, moving_texture(1)))
    assert "This clip has one frame: there is nothing to follow the box into." in said(app)
    assert not app.error
    assert picture(app)["drawn"]["box"]
    assert numbers(app)["State"] == "keyframe"


def test_a_box_in_the_last_frame_has_nothing_to_be_followed_into() -> None:
    app = open_page(clip=POSTER, a_from="11")
    assert "The box lies in the last frame" in said(app)
    assert numbers(app)["State"] == "keyframe"


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_clip_leaves_the_page_working(hostile: Any, tmp_path: Path) -> None:
    path = hostile.make(tmp_path)
    app = open_page(clip=str(path))
    assert len(app.error) == 1


def test_what_is_hidden_is_said_to_be_and_what_returns_is_found_again() -> None:
    states = [numbers(open_page(**BEHIND | {"a_frame": str(frame)}))["State"] for frame in (5, 12, 16, 25)]
    assert states == ["tracked", "occluded", "lost", "tracked"]
    hidden = open_page(**BEHIND | {"a_frame": "12"})
    (region,) = picture(hidden)["drawn"]["quads"]
    assert (region["state"], region["name"]) == ("occluded", "occluded")
    assert [colour for colour, _ in picture(hidden)["legend"]["entries"]].count(region["colour"]) == 1
    assert [name for _, name in picture(hidden)["legend"]["entries"]] == ["tracked", "occluded", "lost", "keyframe"]


# --- keyframes ---------------------------------------------------------------------------------------


def test_a_keyframe_starts_the_tracker_anew_and_keeps_the_rows_before(monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(clip=POSTER, a_frame="6")
    before = tracked(POSTER, tracker="esm-homography")
    steps: list[int] = []
    step = region_clip.RegionHistory.until

    def counted(*arguments: Any) -> Iterator[int]:
        for frame in step(*arguments):
            steps.append(frame)
            yield frame

    monkeypatch.setattr(region_clip.RegionHistory, "until", counted)
    app.button(key="a_key_add").click()
    run(app)
    x, y, w, h = bounding_boxes(before.at(6).corners)[0]
    drawn = Box(round(x), round(y), round(x + w) - round(x), round(y + h) - round(y))
    assert held(app, "a_keys") == f"6:{drawn}"
    assert numbers(app)["State"] == "keyframe"
    assert picture(app)["drawn"]["box"] == [drawn.x, drawn.y, drawn.w, drawn.h]
    app.slider(key="a_frame").set_value(11)
    run(app)
    assert steps == [6, 7, 8, 9, 10, 11]  # what was before is not followed again
    anew = tracked(POSTER, tracker="esm-homography", keyframes={6: drawn})
    np.testing.assert_array_equal(anew.corners[:6], before.corners[:6])
    np.testing.assert_allclose(quad(app), anew.corners[-1], atol=0.006)
    trail = picture(app)["drawn"]["quads"][0]["trail"]
    assert [place for place, point in enumerate(trail) if point is None] == [6]  # the jump is no way it went
    x = decoded(course(app)["x"]["y"])
    np.testing.assert_allclose(x, anew.centre[:, 0], atol=1e-3)

    app.slider(key="a_frame").set_value(6)
    run(app)
    app.button(key="a_key_drop").click()
    run(app)
    assert not held(app, "a_keys")
    np.testing.assert_allclose(quad(app), before.corners[6], atol=0.006)


def decoded(values: Any) -> NDArray[np.float64]:
    """Return the numbers of a trace, whether Plotly wrote them as a list or as bytes."""
    if isinstance(values, list):
        return np.array(values, np.float64)
    return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).astype(np.float64)


def test_the_list_of_keyframes_goes_to_each_and_removes_it() -> None:
    app = open_page(clip=POSTER, a_keys="9:70,40,50,40;3:60,50,40,30", a_frame="5")
    app.session_state["a_keys_open"] = True
    run(app)
    assert [button.label for button in app.button if str(button.key).startswith("a_key_go_")] == ["Frame 3", "Frame 9"]
    app.button(key="a_key_go_9").click()
    run(app)
    assert picture(app)["frame"] == 9
    assert picture(app)["drawn"]["box"] == [70, 40, 50, 40]
    app.session_state["a_keys_open"] = True
    run(app)
    app.button(key="a_key_drop_3").click()
    run(app)
    assert held(app, "a_keys") == "9:70,40,50,40"


def test_keyframes_before_the_first_frame_are_left_alone() -> None:
    app = open_page(clip=POSTER, a_keys="2:60,50,40,30", a_from="4")
    assert not said(app)
    assert result(app) == result(open_page(clip=POSTER, a_from="4"))
    assert held(app, "a_keys") == "2:60,50,40,30"


def test_a_flat_keyframe_is_one_sentence_and_frames_before_it_are_as_they_were(tmp_path: Path) -> None:
    frames = moving_texture(8)
    for one in frames:
        one[:60, :60] = 120
    clip = add_video(tmp_path, frames)
    query = {"clip": clip, "a_roi": "70,30,40,40", "a_keys": "4:10,10,40,40"}
    after, before = open_page(**query, a_frame="6"), open_page(**query, a_frame="3")
    assert len(after.error) == 1
    assert "texture" in after.error[0].value
    assert not said(before)
    assert numbers(before)["State"] == "tracked"
    after.slider(key="a_frame").set_value(4)
    run(after).button(key="a_key_drop").click()
    assert not said(run(after))


def upload(app: AppTest, data: bytes) -> AppTest:
    app.session_state["a_keys_open"] = True
    run(app)
    uploader = next(one for one in app.get("file_uploader") if str(one.key).startswith("a_keys_file"))
    uploader.set_value(("keyframes.json", data, "application/json"))
    return run(app)


def test_keyframes_are_taken_from_a_file_in_the_place_of_those_there_are() -> None:
    app = open_page(clip=POSTER, a_keys="9:70,40,50,40")
    # Frames from 1, the last column and row exclusive; the one of the first frame is the box itself.
    upload(app, b'{"1": [60, 50, 100, 80], "5": [62, 52, 102, 82]}')
    assert not app.error
    assert (held(app, "a_roi"), held(app, "a_keys")) == ("60,50,40,30", "4:62,52,40,30")
    anew = tracked(POSTER, Box(60, 50, 40, 30), tracker="esm-homography", keyframes={4: Box(62, 52, 40, 30)})
    np.testing.assert_allclose(quad(app), anew.corners[-1], atol=0.006)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"no json", "the keyframes are no JSON"),
        (b"\xff\xfe\x00", "the keyframes are no text"),
        (b"[1, 2]", "the file is a list"),
        (b"{}", "the file holds no keyframe"),
        (b'{"5": [1, 2, 3]}', "the box of frame 5 is"),
        (b'{"0": [1, 2, 30, 30]}', "no frame number from 1"),
        (b'{"13": [10, 10, 40, 40]}', "there is a keyframe at frame 13 and the clip has 12 frames"),
        (b'{"5": [10, 10, 14, 40]}', "is 4 by 30 pixels: draw one of at least 8 by 8"),
        (b'{"5": [900, 10, 940, 40]}', "outside the 192x128 picture"),
        (b'{"Car4": {"5": [1, 2, 30, 30]}, "Bolt2": {"5": [1, 2, 30, 30]}}', "none of which is this clip"),
    ],
)
def test_a_malformed_file_of_keyframes_is_one_sentence_and_nothing_is_lost(data: bytes, says: str) -> None:
    app = open_page(clip=POSTER, a_keys="9:70,40,50,40")
    before = result(app)
    upload(app, data)
    assert len(app.error) == 1
    assert says in app.error[0].value.replace("\\", "")
    assert held(app, "a_keys") == "9:70,40,50,40"
    assert result(app) == before
    assert not run(app).error  # it is said once


# --- controls --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRACKERS)
def test_every_tracker_follows_the_box_with_its_usual_parameters(name: str) -> None:
    app = open_page(clip=POSTER)
    app.selectbox(key="a_tracker_set").set_value(name)
    run(app)
    assert not said(app)
    assert held(app, "a_tracker") == ("" if name == "esm-homography" else name)
    by_chance = 8 if name == "mil" else 0.006  # OpenCV rolls its dice anew every time
    np.testing.assert_allclose(quad(app), tracked(POSTER, tracker=name).corners[-1], atol=by_chance)


@pytest.mark.parametrize("preset", TRACKERS["flowlab"].presets, ids=lambda preset: preset.name)
def test_a_preset_sets_every_parameter_and_a_change_makes_it_custom(preset: Any) -> None:
    app = open_page(clip=POSTER, a_tracker="flowlab", a_fl_blur="9", a_fl_update="every-frame")
    assert app.selectbox(key="a_fl_preset").value == "custom"
    app.selectbox(key="a_fl_preset").set_value(preset.name)
    run(app)
    assert app.selectbox(key="a_fl_preset").value == preset.name
    track = tracked(POSTER, parameters=preset.values, tracker="flowlab")
    np.testing.assert_allclose(quad(app), track.corners[-1], atol=0.006)
    written = {name: held(app, name) for name in app.query_params if name.startswith("a_fl_")}
    assert written == {f"a_fl_{name}": str(value).lower() if isinstance(value, bool) else str(value)
                       for name, value in preset.values.changed().items()}  # fmt: skip
    other = "translation" if preset.values.motion != "translation" else "affine"
    app.selectbox(key="a_fl_set_motion").set_value(other)
    run(app)
    assert app.selectbox(key="a_fl_preset").value == "custom"


def test_every_parameter_has_its_control_under_exactly_one_fold() -> None:
    app = open_page(clip=POSTER)
    for fold in ("formulation", "prediction", "min_ncc"):
        app.session_state[f"a_esm_{fold}_open"] = True
    before = result(app)
    run(app)
    assert result(app) == before  # opening a fold changes nothing
    widgets = [*app.slider, *app.number_input, *app.selectbox, *app.toggle]
    keys = [widget.key for widget in widgets if str(widget.key).startswith("a_esm_set_")]
    fields = TRACKERS["esm-homography"].parameters.fields()
    assert sorted(keys) == sorted(f"a_esm_set_{field.name}" for field in fields)
    app.slider(key="a_esm_set_iterations").set_value(1)
    run(app)
    assert held(app, "a_esm_iterations") == "1"
    assert result(app) != before


def test_a_parameter_that_is_usual_for_the_tracker_leaves_the_address() -> None:
    usual = TRACKERS["esm-homography"].usual
    app = open_page(clip=POSTER, a_esm_motion="affine")
    app.selectbox(key="a_esm_set_motion").set_value("homography")
    run(app)
    assert not [name for name in app.query_params if name.startswith("a_esm_")]
    assert usual.as_dict()["motion"] != type(usual)().as_dict()["motion"]


def test_another_clip_begins_where_pages_open_with_nothing_drawn() -> None:
    app = open_page(clip=POSTER, a_frame="3", a_from="2", a_roi="60,50,40,30", a_keys="9:70,40,50,40")
    app.selectbox(key="clip_pick").set_value("scene:translation")
    run(app)
    assert picture(app)["frame"] == 20
    assert not {"a_frame", "a_from", "a_roi", "a_keys"} & set(app.query_params)


def test_what_was_drawn_on_a_clip_is_forgotten_when_another_was_chosen_on_another_page() -> None:
    app = open_page(clip=POSTER, a_roi="60,50,40,30", a_keys="9:70,40,50,40")
    app.session_state["clip"] = "scene:translation"
    for name in list(app.query_params):
        del app.query_params[name]
    run(app)
    assert clip_of(app) == "scene:translation"
    assert not {"a_roi", "a_keys"} & set(app.query_params)
    assert not said(app)


def test_playing_goes_round_from_the_first_frame_that_is_followed() -> None:
    app = AppTest.from_file(driving.APP, default_timeout=60)
    app.switch_page(f"pages/{PAGE}.py")
    for name, value in {"clip": POSTER, "a_from": "6", "a_frame": "11"}.items():
        app.query_params[name] = value
    app.session_state["_advance"] = True  # as the end of a frame that plays leaves it
    assert picture(run(app))["frame"] == 6


# --- what takes long -------------------------------------------------------------------------------


def test_what_takes_long_is_followed_in_part_and_a_person_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region_clip, "PATIENCE", 0.0)
    app = open_page(clip=POSTER)
    assert "The box was followed to frame 0 so far. Go on to frame 11, or run the whole clip as a job." in said(app)
    assert picture(app)["frame"] == 11  # the link stays what it is, and a box can be drawn
    assert picture(app)["drawn"]["quads"] == []
    assert not numbers(app)
    assert app.button(key="a_clip_run").label == "Run on the whole clip"
    app.button(key="a_go_on").click()
    run(app)
    assert not said(app)
    np.testing.assert_allclose(quad(app), tracked(POSTER, tracker="esm-homography").corners[-1], atol=0.006)


def test_a_frame_that_would_take_too_long_is_refused_with_a_remedy() -> None:
    clip = "scene:planar?width=1600&height=1000&frames=3"
    app = open_page(clip=clip, a_roi="100,20,960,960", a_esm_iterations="200", a_esm_levels="6")
    assert "more than the 1 s of a page: draw a smaller box" in unescaped(app)
    assert picture(app)["tools"] == ["box"]
    app.text_input(key="a_roi_text").set_value("600,400,200,150")
    assert not said(run(app))


# --- clips that know their boxes -------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a data set of the benchmark's layout to the server."""
    write_keyframes(write_otb(tmp_path / "otb", "Car4", "Bolt2", "Other", count=9), Car4={"4": [39, 23, 79, 55]})
    monkeypatch.setenv("FLOWLAB_DATA", str(tmp_path))
    return tmp_path


def test_one_click_shows_a_sequence_with_its_first_true_box_followed(data: Path) -> None:
    app = open_page(clip=POSTER, a_keys="4:20,20,30,30", a_roi="60,50,40,30")
    offered = [str(button.key) for button in app.button if str(button.key).startswith("a_sequence_")]
    assert offered == ["a_sequence_Car4", "a_sequence_Bolt2"]
    app.button(key="a_sequence_Car4").click()
    run(app)
    assert not said(app)
    assert clip_of(app) == "data:otb/Car4"
    assert not {"a_roi", "a_keys"} & set(app.query_params)
    there = at(8)
    np.testing.assert_allclose(quad(app)[0], (there.x, there.y), atol=0.3)
    first = at(0)
    app.slider(key="a_frame").set_value(0)
    assert picture(run(app))["drawn"]["box"] == [first.x, first.y, first.w, first.h]
    np.testing.assert_allclose(decoded(course(app)["true"]["y"]), [at(n).x + (first.w - 1) / 2 for n in range(9)])


def test_the_keyframes_that_come_with_a_sequence_are_used_when_asked_for(data: Path) -> None:
    app = open_page(clip="data:otb/Car4")
    app.session_state["a_keys_open"] = True
    run(app)
    app.button(key="a_keys_given").click()
    run(app)
    assert held(app, "a_keys") == "3:39,23,40,32"
    app.slider(key="a_frame").set_value(3)
    assert numbers(run(app))["State"] == "keyframe"
    other = open_page(clip="data:otb/Bolt2")
    other.session_state["a_keys_open"] = True
    assert "a_keys_given" not in [button.key for button in run(other).button]


def test_the_true_box_is_drawn_when_asked_for(data: Path) -> None:
    app = open_page(clip="data:otb/Bolt2", a_truth="true", a_frame="4")
    ((name, corners),) = picture(app)["drawn"]["objects"]
    there = at(4)
    assert name == "truth"
    assert corners[0] == [there.x, there.y]
    assert corners[2] == [there.x + there.w - 1, there.y + there.h - 1]


def test_without_data_sets_no_sequence_is_offered() -> None:
    assert not [button.key for button in open_page(clip=POSTER).button if str(button.key).startswith("a_sequence_")]


# --- taking away -----------------------------------------------------------------------------------


def test_the_script_follows_the_same_region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"clip": POSTER, "a_roi": "60,50,40,30", "a_keys": "5:64,48,44,34", "a_frame": "9", "a_from": "1",
             "a_esm_motion": "affine"}  # fmt: skip
    app = open_page(**query)
    app.session_state["a_script"] = True
    run(app)
    (script,) = [code.value for code in app.code]
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    exec(script, scope)  # what a person would run
    np.testing.assert_allclose(quad(app), scope["corners"], atol=0.006)
    assert (tmp_path / "track.csv").read_text().count("\n") == 10
