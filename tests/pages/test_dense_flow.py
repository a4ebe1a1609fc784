"""The Dense flow page, driven without a browser: it opens on a result, and every control counts."""

import base64
import hashlib
import http.server
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from flowlab.dense.methods import METHODS
from flowlab.jobs.clips import open_clip
from flowlab.media.encode import encode_jpeg
from flowlab.media.flow_files import read_flow
from flowlab.store.samples import Sample
from tests.flowlab.test_snippets import run_script
from tests.hostile import HOSTILE, SECRET, Hostile, moving_texture, pngs, write_video
from tests.pages.driving import APP, SMALL, clip_of, numbers, open_page, picture, run, said


@pytest.fixture(autouse=True)
def _own_server() -> Iterator[None]:
    """Give each test a server's memory of its own: what one test cached must not answer the next."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def test_the_page_opens_on_a_result_with_its_error_against_the_truth() -> None:
    app = open_page()
    assert not app.error
    shown = picture(app)
    assert (shown["width"], shown["height"]) == (640, 360)
    assert shown["legend"]["kind"] == "wheel"
    values = numbers(app)
    assert list(values) == [
        "Median speed", "95 % below", "Residual", "Trusted", "Endpoint error", "Off by > 1 px", "Time",
    ]  # fmt: skip
    clip = open_clip("scene:two-layers")
    truth = np.hypot(*np.moveaxis(clip.flow(0), -1, 0))  # type: ignore[attr-defined]
    assert float(values["Median speed"].removesuffix(" px")) == pytest.approx(np.median(truth), abs=0.05)
    everywhere, trusted = map(float, values["Endpoint error"].removesuffix(" px").split(" / "))
    assert trusted < everywhere < 0.2


# One other value for every control that is bound to the address.
OTHER = {
    "d_frame": "5", "d_gap": "2", "d_width": "160", "d_method": "dis", "d_view": "magnitude", "d_scale": "9",
    "d_swipe": "false", "d_fb_pyr_scale": "0.7", "d_fb_levels": "0", "d_fb_winsize": "25", "d_fb_iterations": "1",
    "d_fb_poly_n": "7", "d_fb_poly_sigma": "1.5", "d_fb_gaussian": "true",
}  # fmt: skip
OTHER_DIS = {
    "d_dis_finest_scale": "0", "d_dis_patch_size": "12", "d_dis_patch_stride": "4", "d_dis_alpha": "3",
    "d_dis_gradient_descent_iterations": "3", "d_dis_variational_refinement_iterations": "0", "d_dis_delta": "0",
    "d_dis_gamma": "0", "d_dis_mean_normalization": "false", "d_dis_spatial_propagation": "false",
}  # fmt: skip


OTHER_LK = {
    "d_lk_window": "21", "d_lk_gaussian": "true", "d_lk_levels": "0", "d_lk_iterations": "1", "d_lk_kernel": "sobel",
    "d_lk_blur": "1.5", "d_lk_damping": "50", "d_lk_median": "1",
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_a_link_with_another_value_gives_another_result(name: str) -> None:
    usual, linked = open_page(clip=SMALL), open_page(clip=SMALL, **{name: OTHER[name]})
    assert not said(linked)
    assert picture(linked) != picture(usual)


@pytest.mark.parametrize(
    ("method", "name", "value"),
    [("dis", *item) for item in OTHER_DIS.items()] + [("lucas-kanade", *item) for item in OTHER_LK.items()],
)
def test_a_link_with_another_setting_of_a_method_gives_another_result(method: str, name: str, value: str) -> None:
    noisy = SMALL + "&noise=8&gain=0.03"
    usual = open_page(clip=noisy, d_method=method)
    linked = open_page(clip=noisy, d_method=method, **{name: value})
    assert not said(linked)
    assert picture(linked)["grid"] != picture(usual)["grid"]


@pytest.mark.parametrize(("name", "value"), [("d_spacing", "32"), ("d_reach", "3"), ("d_scale", "9"), ("d_frame", "5")])
def test_a_link_changes_the_arrows(name: str, value: str) -> None:
    charts = [
        json.loads(picture(open_page(clip=SMALL, d_view="arrows", **query))["spec"]) for query in ({}, {name: value})
    ]
    assert charts[0]["data"][-1]["type"] == "quiver"
    assert charts[0]["data"] != charts[1]["data"]


def test_every_parameter_of_every_method_has_a_bound_control() -> None:
    listed = {*OTHER, *OTHER_DIS, *OTHER_LK}
    for row in METHODS.values():
        assert {f"d_{row.key}_{field.name}" for field in row.parameters.fields()} <= listed


def test_nonsense_in_a_link_falls_back_to_the_defaults() -> None:
    usual = open_page(clip=SMALL)
    names = [*OTHER, *OTHER_DIS, *OTHER_LK, "d_spacing", "d_reach"]
    for nonsense in ("-1e99", "x'\"<script>", "nan", "../../etc/passwd"):
        linked = open_page(clip=SMALL, **dict.fromkeys(names, nonsense))
        assert picture(linked) == picture(usual)
        assert not linked.error


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..", "<b>x</b>", "a" * 64, "sample:nope", "scene:nope"]
)
def test_a_link_with_nonsense_for_a_clip_is_one_sentence_and_the_picker_stays(name: str) -> None:
    app = open_page(clip=name)
    assert len(app.error) == 1
    assert app.error[0].value
    app.selectbox(key="clip_pick").set_value("scene:translation")
    run(app)
    assert not app.error
    assert numbers(app)["Endpoint error"]


def test_a_scene_with_a_wrong_knob_says_which() -> None:
    app = open_page(clip="scene:two-layers?speed=1e9")
    assert "speed" in app.error[0].value
    assert app.selectbox(key="clip_pick").value == "scene:two-layers"
    app.button(key="clip_default").click()
    assert not run(app).error


def test_settings_that_would_take_too_long_are_refused_in_a_sentence() -> None:
    app = open_page(
        clip="scene:two-layers?width=1280&height=720", d_method="dis", d_dis_patch_size="32", d_dis_patch_stride="1",
        d_dis_finest_scale="0", d_dis_gradient_descent_iterations="100",
    )  # fmt: skip
    assert "lower the working width" in app.error[0].value


def test_values_that_do_not_go_together_are_refused_and_can_be_mended() -> None:
    app = open_page(clip=SMALL, d_method="dis", d_dis_patch_size="4", d_dis_patch_stride="16")
    assert "at most the patch size" in app.error[0].value.replace("\\", "")
    app.slider(key="d_dis_patch_stride").set_value(2)
    run(app)
    assert not app.error


def test_a_preset_sets_every_parameter_and_a_change_makes_it_custom() -> None:
    app = open_page(clip=SMALL, d_method="dis")
    assert app.selectbox(key="d_dis_preset").value == "medium"
    app.selectbox(key="d_dis_preset").set_value("ultrafast")
    run(app)
    assert app.slider(key="d_dis_finest_scale").value == 2
    assert app.slider(key="d_dis_variational_refinement_iterations").value == 0
    app.slider(key="d_dis_patch_size").set_value(12)
    run(app)
    assert app.selectbox(key="d_dis_preset").value == "custom"


def test_scene_knobs_live_in_the_clips_name() -> None:
    app = open_page(clip=SMALL)
    before = numbers(app)
    app.slider(key="scene_two-layers_background_speed").set_value(4.0)
    run(app)
    assert "background_speed=4" in clip_of(app)
    assert "width=192" in clip_of(app)
    assert numbers(app)["Median speed"] != before["Median speed"]


def test_rolling_the_seed_makes_another_world_and_keeps_the_other_knobs() -> None:
    app = open_page(clip=SMALL)
    before = picture(app)
    app.button(key="scene_roll").click()
    run(app)
    assert "seed=" in clip_of(app)
    assert clip_of(app).startswith(SMALL)
    assert picture(app)["a"] != before["a"]


def test_stepping_and_playing_move_the_frame() -> None:
    app = open_page(clip=SMALL)
    app.button(key="d_frame_on").click()
    assert picture(run(app))["frame"] == 1
    app.button(key="d_frame_back").click()
    assert picture(run(app))["frame"] == 0
    app.button(key="d_frame_back").click()
    assert picture(run(app))["frame"] == 0  # there is none before the first


def test_playing_ends_where_there_is_one_pair_and_so_no_button_to_pause_with() -> None:
    app = AppTest.from_file(APP, default_timeout=20).switch_page("pages/dense_flow.py")
    app.query_params["clip"] = SMALL
    app.query_params["d_gap"] = "11"
    app.session_state["_playing"] = True
    run(app)  # were it to go on, this would run into its time limit
    assert app.session_state["_playing"] is False
    assert picture(app)["frame"] == 0


def test_another_clip_begins_at_its_first_frame() -> None:
    app = open_page(clip=SMALL, d_frame="7")
    assert picture(app)["frame"] == 7
    app.selectbox(key="clip_pick").set_value("scene:translation")
    assert picture(run(app))["frame"] == 0


def test_the_gap_keeps_the_frame_inside_the_clip() -> None:
    app = open_page(clip=SMALL, d_frame="10")
    assert picture(app)["frame"] == 10
    app.number_input(key="d_gap").set_value(4)
    run(app)
    assert not app.error
    assert picture(app)["frame"] == 7  # 7 and 11 are the last pair


def test_the_scale_is_the_same_on_every_frame() -> None:
    ends = {json.dumps(picture(open_page(clip=SMALL, d_frame=frame))["legend"]) for frame in ("0", "6", "10")}
    assert len(ends) == 1


def test_copy_as_python_computes_what_the_page_shows(tmp_path: Path) -> None:
    app = open_page(clip=SMALL, d_frame="4", d_gap="2", d_width="160", d_method="dis", d_dis_patch_size="12")
    run_script(app.code[0].value, tmp_path)
    flow = read_flow(tmp_path / "flow.flo")
    shown = picture(app)
    step, columns = shown["grid"]["step"], shown["grid"]["columns"]
    samples = np.frombuffer(base64.b64decode(shown["grid"]["values"]), "<i2").reshape(-1, columns, 2)
    rows = np.minimum(np.arange(samples.shape[0]) * step + step // 2, flow.shape[0] - 1)
    cols = np.minimum(np.arange(columns) * step + step // 2, flow.shape[1] - 1)
    np.testing.assert_allclose(
        samples * shown["grid"]["unit"], flow[np.ix_(rows, cols)], atol=0.6 * shown["grid"]["unit"]
    )


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    uploader = app.file_uploader(key=f"upload_{app.session_state['_uploads']}")
    uploader.set_value([(name, data, "application/octet-stream") for name, data in files])
    return run(app)


def test_a_dropped_video_is_shown_and_its_link_names_its_content(tmp_path: Path) -> None:
    path = write_video(tmp_path / "mine.mp4", moving_texture(8))
    app = upload(open_page(), ("mine.mp4", path.read_bytes()))
    assert not app.error
    assert len(clip_of(app)) == 64
    assert numbers(app)["Median speed"].startswith("2.2")  # (2, 1) px a frame: 2.24
    assert "Endpoint error" not in numbers(app)
    linked = open_page(clip=clip_of(app), d_frame="3")
    assert picture(linked)["frame"] == 3


def test_several_pictures_dropped_together_are_a_clip() -> None:
    data = list(pngs([f[..., ::-1] for f in moving_texture(3)]).values())
    app = upload(open_page(), ("f2.png", data[1]), ("f10.png", data[2]), ("f1.png", data[0]))
    assert not app.error
    assert numbers(app)["Median speed"].startswith("2.2")


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_hostile_uploads_are_one_sentence_or_a_result(case: Hostile, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    app = upload(open_page(), (path.name, path.read_bytes()))
    words = said(app)
    assert SECRET.decode() not in words
    if case.outcome == "error":
        assert len(app.error) == 1
        assert case.says in app.error[0].value.replace("\\", "")
        app.selectbox(key="clip_pick").set_value("scene:translation")
        assert not run(app).error  # the page goes on
    else:
        assert not app.error
        assert numbers(app)["Median speed"]
        assert ("damaged" in words) == (case.outcome == "part")


def test_a_hostile_name_is_plain_text_in_the_picker_and_escaped_elsewhere(tmp_path: Path) -> None:
    name = "![x](https://example.org/x) **b** <b>.mp4"
    path = write_video(tmp_path / "x.mp4", moving_texture(4))
    app = upload(open_page(), (name, path.read_bytes()))
    caption = next(c.value for c in app.caption if "example" in c.value)
    assert "![" not in caption
    assert r"\!\[x\]" in caption
    assert r"\<b\>" in caption
    assert any(name in option for option in app.selectbox(key="clip_pick").options)


@pytest.mark.realdata
def test_a_real_clip_goes_the_whole_way(data_folder: Path) -> None:
    data = (data_folder / "clips" / "slow_traffic_small.mp4").read_bytes()
    app = upload(open_page(), ("slow_traffic_small.mp4", data))
    assert not app.error
    assert app.slider(key="d_frame").max == 912
    app.slider(key="d_frame").set_value(700)
    assert picture(run(app))["frame"] == 700


def test_two_snapshots_of_the_camera_become_a_pair() -> None:
    app = AppTest.from_file(APP, default_timeout=60).switch_page("pages/dense_flow.py")
    for name, rgb in zip(("First_0", "Second_0"), moving_texture(2), strict=True):
        app.session_state[name] = io.BytesIO(encode_jpeg(rgb, 95))  # as st.camera_input gives it
    run(app)
    assert not app.error
    assert numbers(app)["Median speed"].startswith("2.2")
    assert any("Two snapshots" in caption.value and "2 frames" in caption.value for caption in app.caption)


class _OneFile(http.server.BaseHTTPRequestHandler):
    """Serves one video to whoever asks."""

    data = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.data)))
        self.end_headers()
        self.wfile.write(self.data)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    """A sample clip whose address is on this machine."""
    data = write_video(tmp_path / "sample.mp4", moving_texture(6)).read_bytes()
    handler = type("Handler", (_OneFile,), {"data": data})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = Sample(
            "here", "A board nearby", f"http://127.0.0.1:{server.server_port}/x.mp4", hashlib.sha256(data).hexdigest(),
            len(data), 6, "160x120", 25, "CC0 1.0", "nobody in particular",
        )  # fmt: skip
        for module in ("pages.shared.clip_picker", "flowlab.jobs.library"):
            monkeypatch.setattr(f"{module}.samples", lambda: {"here": here})
        yield here
        server.shutdown()


def test_a_sample_is_offered_with_licence_and_credit_and_comes_on_a_click(sample: Sample) -> None:
    app = open_page(clip="sample:here")
    assert "download it first" in app.error[0].value
    assert any("CC0 1" in c.value and "nobody in particular" in c.value for c in app.caption)
    next(button for button in app.button if button.label.startswith("Download (")).click()
    run(app)
    assert not app.error
    assert numbers(app)["Median speed"].startswith("2.2")
    assert clip_of(app) == "sample:here"


def test_a_sample_that_cannot_be_fetched_is_one_sentence(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = replace(sample, url="http://127.0.0.1:9/x.mp4")
    for module in ("pages.shared.clip_picker", "flowlab.jobs.library"):
        monkeypatch.setattr(f"{module}.samples", lambda: {"here": nowhere})
    app = open_page(clip="sample:here")
    next(button for button in app.button if button.label.startswith("Download (")).click()
    run(app)
    assert len(app.error) == 1
    assert "A board nearby" in app.error[0].value
    app.button(key="clip_default").click()
    assert not run(app).error
