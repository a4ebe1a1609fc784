"""Pairs and sequences of data sets on the page: in the list of clips, with their truth, and never a path."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from flowlab.jobs import data_clips
from tests.box_sets import write_otb
from tests.flow_sets import write_chairs, write_kitti, write_middlebury

APP = str(Path(__file__).parents[2] / "streamlit_app.py")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder of data sets to a server whose memory is its own."""
    write_middlebury(tmp_path / "middlebury", "RubberWhale")
    write_kitti(tmp_path / "kitti", "000010")
    monkeypatch.setenv("FLOWLAB_DATA", str(tmp_path))
    st.cache_resource.clear()
    yield tmp_path
    st.cache_resource.clear()


def open_page(clip: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60).switch_page("pages/dense_flow.py")
    app.query_params["clip"] = clip
    app.run()
    assert not app.exception, app.exception
    return app


def titles(app: AppTest) -> list[str]:
    return list(next(box for box in app.selectbox if box.label == "Clip").options)


def test_pairs_stand_in_the_list_after_the_samples(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("data:middlebury/RubberWhale")
    listed = titles(app)
    assert listed[-2:] == ["Data: KITTI 000010", "Data: Middlebury RubberWhale"]
    assert listed[-3].startswith("Sample: ")
    assert next(box for box in app.selectbox if box.label == "Clip").value == "data:middlebury/RubberWhale"
    monkeypatch.delenv("FLOWLAB_DATA")
    assert not [title for title in titles(open_page("scene:translation")) if title.startswith("Data: ")]


def test_a_pair_is_shown_with_its_error_against_the_truth(data: Path) -> None:
    app = open_page("data:middlebury/RubberWhale")
    assert not app.error
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Median speed"].startswith("2.2")  # the length of (2, 1)
    assert float(values["Endpoint error"].split()[0]) < 0.5


def test_a_spoilt_truth_leaves_the_page_working(data: Path) -> None:
    (data / "middlebury" / "other-gt-flow" / "RubberWhale" / "flow10.flo").write_bytes(b"garbage")
    app = open_page("data:middlebury/RubberWhale")
    assert not app.error
    labels = [metric.label for metric in app.metric]
    assert any("No error against the truth" in info.value and "flow10" in info.value for info in app.info)
    assert "Median speed" in labels and "Endpoint error" not in labels


@pytest.mark.parametrize("name", ["data:../x", "data:middlebury/../../x", "data:", "data:kitti/<b>"])
def test_a_name_that_is_not_known_is_one_sentence(name: str) -> None:
    app = open_page(name)
    assert len(app.error) == 1
    assert "there is no clip" in app.error[0].value
    assert "(not known here)" in titles(app)


def test_a_long_list_says_that_it_is_cut(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_clips, "MOST_LISTED", 2)
    write_chairs(data / "chairs", "1", "2", "3", "4")
    app = open_page("data:chairs/4")
    assert not app.error
    chairs = [title for title in titles(app) if "FlyingChairs" in title]
    assert chairs == ["Data: FlyingChairs 1", "Data: FlyingChairs 2", "Data: FlyingChairs 4"]
    assert any("first 2 of 4 pairs of chairs" in caption.value for caption in app.caption)


def test_a_sequence_with_boxes_is_a_clip_on_every_page(data: Path) -> None:
    write_otb(data / "otb", "Car4", count=6)
    app = open_page("data:otb/Car4")
    assert titles(app)[-3:] == ["Data: KITTI 000010", "Data: Middlebury RubberWhale", "Data: OTB Car4"]
    for page in ("pages/dense_flow.py", "pages/sparse_tracking.py"):
        app.switch_page(page).run()
        assert not app.exception and not app.error
        assert next(box for box in app.selectbox if box.label == "Clip").value == "data:otb/Car4"
        assert app.metric
