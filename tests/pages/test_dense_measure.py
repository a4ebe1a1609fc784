"""Trust, regions, units and the closer looks of the Dense flow page: each changes what it says it changes."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from flowlab.core.region import Box, Line, profile
from flowlab.dense.methods import METHODS
from flowlab.dense.outliers import OutlierParameters
from flowlab.dense.trust import TrustParameters
from flowlab.evaluation.metrics import flow_errors, flow_statistics
from flowlab.jobs.answer import Answer, answer_pair
from flowlab.jobs.clips import open_clip
from flowlab.jobs.pairs import read_pair
from flowlab.jobs.views import VIEWS
from flowlab.media.flow_files import read_flow
from tests.flowlab.test_snippets import run_script
from tests.pages.driving import SMALL, numbers, open_page, picture, run, said

NOISY = SMALL + "&noise=6&speed=6"


@pytest.fixture(autouse=True)
def _own_server() -> Iterator[None]:
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def components(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(found.proto.json) for found in app.get("bidi_component")]


def figures(app: AppTest) -> list[dict[str, Any]]:
    """Return the Plotly figures shown below the picture."""
    return [json.loads(data["spec"]) for data in components(app) if "plotHeight" in data]


def values(axis: Any) -> np.ndarray:
    """Return numbers of a figure, plain or packed."""
    if isinstance(axis, dict):
        return np.frombuffer(base64.b64decode(axis["bdata"]), axis["dtype"])
    return np.array([np.nan if value is None else value for value in axis], float)


def direct(clip: str, frame: int = 0, gap: int = 1) -> Answer:
    farneback = METHODS["farneback"]
    return answer_pair(read_pair(open_clip(clip), frame, gap), farneback, farneback.parameters())


def number(text: str) -> float:
    return float(text.split()[0].rstrip("%").replace(",", ""))


# --- views -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in VIEWS if name != "arrows"])
def test_every_view_has_its_picture_and_says_what_its_colours_mean(name: str) -> None:
    app = open_page(clip=SMALL, d_view=name, d_frame="3")
    assert not said(app)
    shown = picture(app)
    legend = shown["legend"]
    assert legend["words"]
    if VIEWS[name].legend:
        assert legend["kind"] in ("wheel", "scale", "signed", "categories")
        assert legend["ends"] or legend["entries"]
    assert shown["b"]["source"] != picture(open_page(clip=SMALL, d_view="colour", d_frame="3"))["b"]["source"] or (
        name == "colour"
    )


def test_the_error_view_of_a_clip_without_truth_is_one_sentence_and_the_rest_goes_on(tmp_path: Path) -> None:
    from tests.hostile import moving_texture, write_video
    from tests.pages.test_dense_flow import upload

    path = write_video(tmp_path / "x.mp4", moving_texture(4))
    app = open_page(d_view="error")
    upload(app, ("x.mp4", path.read_bytes()))
    assert "no error map" in said(app)
    assert not app.error
    assert numbers(app)["Median speed"].startswith("2.2")


def test_the_glitch_grows_from_its_start_and_can_be_begun_here() -> None:
    early, late = (open_page(clip=SMALL, d_view="glitch", d_frame=frame) for frame in ("1", "6"))
    assert picture(early)["b"] != picture(late)["b"]
    assert any("from frame 0 to 7" in caption.value for caption in late.caption)
    late.button(key="d_glitch_here").click()
    run(late)
    assert any("from frame 6 to 7" in caption.value for caption in late.caption)
    linked = open_page(clip=SMALL, d_view="glitch", d_frame="6", d_glitch="4")
    assert any("from frame 4 to 7" in caption.value for caption in linked.caption)


# --- trust and the outlier filter --------------------------------------------------------------------


def test_the_row_tells_the_trusted_share_and_errors_of_all_and_of_the_trusted() -> None:
    shown = numbers(open_page(clip=NOISY))
    answer = direct(NOISY)
    trust = answer.trust(TrustParameters())
    pair = answer.pair
    assert pair.truth is not None and pair.visible is not None
    every, believed = (flow_errors(answer.flow, pair.truth, mask) for mask in (pair.visible, pair.visible & trust.mask))
    assert number(shown["Trusted"]) == pytest.approx(100 * trust.share, abs=0.06)
    assert shown["Endpoint error"] == f"{every.epe:.3f} / {believed.epe:.3f} px"
    assert shown["Off by > 1 px"] == f"{every.r1:.1%} / {believed.r1:.1%}"
    assert believed.epe < every.epe


def test_without_trust_nothing_more_is_estimated_or_told() -> None:
    shown = open_page(clip=NOISY, d_trusted="false")
    assert "Trusted" not in numbers(shown)
    assert "/" not in numbers(shown)["Endpoint error"]
    assert not [data for data in components(shown) if "names" in data]


@pytest.mark.parametrize(
    ("name", "value"),
    [("forward_backward", "0.1"), ("min_eigenvalue", "500"), ("residual", "2"), ("deviation", "0.1"), ("window", "5")],
)
def test_every_threshold_changes_what_is_trusted(name: str, value: str) -> None:
    usual, linked = open_page(clip=NOISY), open_page(clip=NOISY, **{f"d_trust_{name}": value})
    assert numbers(linked)["Trusted"] != numbers(usual)["Trusted"]


def test_every_threshold_can_be_set_in_a_link() -> None:
    fields = {field.name for field in TrustParameters.fields()}
    tested = {"forward_backward", "min_eigenvalue", "residual", "deviation", "window"}
    assert fields == tested


def test_the_filter_counts_what_it_takes_out_and_the_script_does_the_same(tmp_path: Path) -> None:
    app = open_page(clip=NOISY, d_filter="true", d_nmt_threshold="1.5")
    cleaned = direct(NOISY).filtered(OutlierParameters(threshold=1.5))
    assert cleaned.removed is not None and cleaned.removed.any()
    assert numbers(app)["Outliers"] == f"{cleaned.removed.sum():,}"
    run_script(app.code[0].value, tmp_path)
    np.testing.assert_array_equal(read_flow(tmp_path / "flow.flo"), cleaned.flow)
    assert "Outliers" not in numbers(open_page(clip=NOISY))
    other = open_page(clip=NOISY, d_filter="true", d_nmt_threshold="6")
    assert numbers(other)["Outliers"] != numbers(app)["Outliers"]


def test_thresholds_are_moved_in_a_popover_and_go_into_the_address() -> None:
    app = open_page(clip=SMALL)
    app.session_state["d_trust_open"] = True
    run(app)
    sliders = [widget for widget in [*app.slider, *app.number_input] if widget.key == "d_trust_set_forward_backward"]
    assert sliders, "the popover's controls are there once it is open"
    sliders[0].set_value(0.2)
    run(app)
    assert app.query_params["d_trust_forward_backward"] in ("0.2", ["0.2"])
    assert not app.exception


# --- regions, lines, probes ----------------------------------------------------------------------------


def test_numbers_keep_to_the_region_without_what_is_left_out() -> None:
    app = open_page(clip=SMALL, d_region="60,30,70,60", d_exclude="70,40,20,20;100,50,9,9")
    answer = direct(SMALL)
    mask = Box(60, 30, 70, 60).mask(128, 192)
    for box in (Box(70, 40, 20, 20), Box(100, 50, 9, 9)):
        mask &= ~box.mask(128, 192)
    assert number(numbers(app)["Median speed"]) == pytest.approx(
        flow_statistics(answer.flow, mask).median_speed, abs=0.006
    )
    assert number(numbers(app)["Residual"]) == pytest.approx(np.nanmean(answer.residual[mask]), abs=0.006)
    assert any("numbers of the region" in c.value and "2 areas left out" in c.value for c in app.caption)
    shown = picture(app)["drawn"]
    assert shown["region"] == [60, 30, 70, 60]
    assert shown["excluded"] == [[70, 40, 20, 20], [100, 50, 9, 9]]


def test_what_was_drawn_stays_on_the_same_thing_at_another_working_width() -> None:
    shown = picture(open_page(clip="scene:two-layers?width=320&height=240", d_width="160", d_region="60,30,70,60",
                              d_line="10.5,20.5,100.5,40.5", d_probe="21,41"))["drawn"]  # fmt: skip
    assert shown["region"] == [30, 15, 35, 30]
    assert shown["line"] == [5, 10, 50, 20]  # the centre of clip pixels 10 and 11 is working pixel 5
    assert shown["probe"] == [10, 20]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("d_region", "10,10,0,20", "at least 1 by 1"),
        ("d_region", "900,10,20,20", "holds no pixel"),
        ("d_region", "../../etc/passwd", "the region is"),
        ("d_exclude", "0,0,500,500", "leave no pixel"),
        ("d_exclude", "<script>", "an excluded area is"),
        ("d_exclude", ";".join(["1,1,2,2"] * 60), "60 areas are left out"),
        ("d_probe", "500,500", "outside the 192x128 picture"),
        ("d_probe", "nan,1", "the probe is"),
        ("d_ruler", "5,5,5,5", "0 pixels long"),
        ("d_line", "1,2,3", "the line is"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_the_numbers_stay(name: str, value: str, says: str) -> None:
    app = open_page(clip=SMALL, **{name: value})
    assert len(app.warning) == 1
    assert says in app.warning[0].value.replace("\\", "")
    assert numbers(app)["Median speed"] == numbers(open_page(clip=SMALL))["Median speed"]


def test_a_line_outside_the_picture_is_one_sentence_where_it_is_used() -> None:
    app = open_page(clip=SMALL, d_line="500,500,600,600", d_closer="profile")
    assert "outside the picture" in said(app)
    assert numbers(app)["Median speed"]


def test_a_drawing_becomes_text_that_can_be_corrected_and_cleared() -> None:
    app = open_page(clip=SMALL, d_region="60,30,70,60")
    app.session_state["d_marks"] = True
    run(app)
    field = app.text_input(key="d_region_text")
    assert field.value == "60,30,70,60"
    field.set_value("1, 2, 30, 40")
    run(app)
    assert picture(app)["drawn"]["region"] == [1, 2, 30, 40]
    app.text_input(key="d_region_text").set_value("")
    run(app)
    assert picture(app)["drawn"]["region"] is None
    assert "d_region" not in app.query_params


# --- units -------------------------------------------------------------------------------------------------


def test_units_turn_pixels_into_millimetres_a_second_everywhere() -> None:
    # The ruler is 50 px and 100 mm: 2 mm a pixel; two frames at 25 frames/s are 0.08 s: 1 px is 25 mm/s.
    query = {"d_ruler": "10,20,40,60", "d_unit_length": "mm", "d_unit_ruler": "100", "d_unit_time": "second"}
    usual, told = open_page(clip=SMALL, d_gap="2"), open_page(clip=SMALL, d_gap="2", **query)
    px = direct(SMALL, gap=2)
    median = flow_statistics(px.flow).median_speed
    assert numbers(told)["Median speed"] == f"{25 * median:.4g} mm/s"
    assert number(numbers(usual)["Median speed"]) == pytest.approx(median, abs=0.006)
    shown = picture(told)
    assert shown["readout"]["perPx"] == pytest.approx(25)
    assert shown["readout"]["unit"] == "mm/s"
    assert "mm/s" in shown["legend"]["ends"][0]
    assert shown["bar"] == {"length": 25, "words": "50 mm"}  # a fifth of 192 px are 76.8 mm: 50 fit


def test_a_unit_of_length_without_a_scale_says_what_to_draw_and_stays_in_pixels() -> None:
    app = open_page(clip=SMALL, d_unit_length="mm")
    assert "no scale was drawn" in said(app)
    assert numbers(app)["Median speed"].endswith(" px")


# --- looking closer ------------------------------------------------------------------------------------------


def test_the_distribution_counts_the_pixels_of_the_region() -> None:
    everywhere, part = (
        figures(open_page(clip=SMALL, d_closer="distribution", **more)) for more in ({}, {"d_region": "80,50,20,20"})
    )
    assert len(everywhere) == len(part) == 2
    assert everywhere != part
    assert {trace["type"] for trace in everywhere[0]["data"]} == {"barpolar"}


def test_the_profile_is_the_flow_along_the_line_with_the_truth_beside_it() -> None:
    asked = open_page(clip=SMALL, d_closer="profile")
    assert "tool Line" in said(asked)
    (figure,) = figures(open_page(clip=SMALL, d_closer="profile", d_line="20,30,150,90"))
    expected = profile(direct(SMALL).flow, Line(20, 30, 150, 90))
    found = {trace["name"]: values(trace["y"]) for trace in figure["data"]}
    assert {"u", "v", "speed", "true u", "true v"} <= set(found)
    np.testing.assert_allclose(found["u"], expected.u, atol=2e-3)
    np.testing.assert_allclose(found["v"], expected.v, atol=2e-3)


def test_over_time_follows_the_probe_and_averages_the_range() -> None:
    app = open_page(clip=SMALL, d_closer="over time", d_probe="96,64", d_range="2:7")
    (figure,) = figures(app)
    found = {trace["name"]: values(trace["y"]) for trace in figure["data"]}
    flows = [direct(SMALL, index).flow[64, 96] for index in (2, 3, 4, 5)]
    np.testing.assert_allclose(found["u"], [flow[0] for flow in flows], atol=2e-3)
    np.testing.assert_allclose(found["v"], [flow[1] for flow in flows], atol=2e-3)
    titles = [data["title"] for data in components(app) if "title" in data]
    assert titles[1:] == ["Mean flow", "RMS speed", "RMS fluctuation"]


@pytest.mark.parametrize("nonsense", ["9:3", "a:b", "-1:5", "5", "0:99999999999", ":"])
def test_a_nonsensical_range_falls_back_to_one_that_exists(nonsense: str) -> None:
    app = open_page(clip=SMALL, d_closer="over time", d_range=nonsense)
    assert not app.error
    assert len(figures(app)) == 1


def test_the_trust_curve_compares_all_tests_with_each_alone() -> None:
    (figure,) = figures(open_page(clip=NOISY, d_closer="trust curve"))
    names = [trace["name"] for trace in figure["data"]]
    single = ["forward-backward", "texture", "residual", "deviation"]
    assert [name.rpartition(" ")[0] for name in names[:5]] == ["all tests", *single]
    areas = [float(name.rpartition(" ")[2]) for name in names[:5]]
    assert areas[0] < min(areas[1:4])  # better than each test the issue of trust rests on


def test_a_closer_look_needs_no_truth_to_say_so(tmp_path: Path) -> None:
    from tests.hostile import moving_texture, write_video
    from tests.pages.test_dense_flow import upload

    path = write_video(tmp_path / "x.mp4", moving_texture(4))
    app = upload(open_page(d_closer="trust curve"), ("x.mp4", path.read_bytes()))
    assert "does not know its true motion" in said(app)
    assert not app.error


def test_objects_are_outlined_on_request() -> None:
    assert picture(open_page(clip=SMALL))["drawn"]["objects"] == []
    (leaf,) = picture(open_page(clip=SMALL, d_objects="true"))["drawn"]["objects"]
    assert leaf[0] == "leaf"


def test_the_arrows_carry_what_was_drawn_and_the_objects() -> None:
    query = {"d_region": "60,30,70,60", "d_line": "5,6,50,20", "d_objects": "true"}
    shapes = json.loads(picture(open_page(clip=SMALL, d_view="arrows", **query))["spec"])["layout"]["shapes"]
    assert [shape["line"]["dash"] for shape in shapes] == ["solid", "solid", "dash"]
    assert shapes[0]["path"] == "M59.5,29.5L129.5,29.5L129.5,89.5L59.5,89.5L59.5,29.5"
    assert shapes[1]["path"] == "M5,6L50,20"
