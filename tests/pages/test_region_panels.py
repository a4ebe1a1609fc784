"""Inspect, evaluate and convergence below the Affine tracking page: each shows the numbers it says it shows."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from flowlab.core.region import Box
from flowlab.evaluation.box_scores import BoxScores, box_scores
from flowlab.evaluation.convergence import WAYS, ConvergenceParameters, converge
from flowlab.evaluation.region_truth import region_truth
from flowlab.jobs.clips import open_clip
from flowlab.jobs.region_start import first_box
from flowlab.jobs.ticket import State
from flowlab.tracking.affine.choices import Formulation, Photometry
from flowlab.tracking.affine.inspection import Inspection, aligner_of, inspect_pair
from flowlab.tracking.affine.motions import NAMES
from flowlab.tracking.global_motion import MotionModel
from flowlab.tracking.regions import track_region
from flowlab.tracking.trackers import TRACKERS
from pages.shared import region_clip, region_convergence
from pages.shared.job_words import duration
from pages.shared.lab import Lab, open_lab
from tests.box_sets import at, lines, write_otb
from tests.hostile import moving_texture, write_video
from tests.pages import driving
from tests.pages.driving import numbers, run, said
from tests.pages.test_dense_measure import figures, values

PAGE = "affine_tracking"
POSTER = "scene:planar?width=192&height=128&frames=8"
PLAIN = {"clip": POSTER, "a_tracker": "ic-affine", "a_frame": "5"}


@pytest.fixture(autouse=True)
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Give each test a lab of its own, and all the time it needs."""
    monkeypatch.delenv("FLOWLAB_DATA", raising=False)
    monkeypatch.setattr(region_clip, "PATIENCE", 300.0)
    st.cache_resource.clear()
    yield open_lab()
    st.cache_resource.clear()


def open_panel(name: str, **query: str) -> AppTest:
    return driving.open_page(PAGE, **PLAIN | {"a_view": name} | query)


def table(app: AppTest, place: int = 0) -> dict[str, list[Any]]:
    """Return a table's columns."""
    found = app.table[place].value
    return {str(name): found[name].tolist() for name in found.columns}


def words(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption).replace("\\", "")


def refused(app: AppTest) -> str:
    return said(app).replace("\\", "")


# --- inspect ----------------------------------------------------------------------------------------


def inspection(light: str = "", **changes: Any) -> Inspection:
    """Return what the panel should show of the poster, tracked with changes, inspected with a light of its own."""
    clip = open_clip(POSTER)
    box, parameters = first_box(clip, 0), replace(TRACKERS["ic-affine"].usual, **changes)
    start = track_region(clip, box, parameters, tracker="ic-affine", stop=5).warp[-1]
    own = aligner_of(parameters)
    return inspect_pair(clip.frame(0), box, clip.frame(5), start, replace(own, photometry=light or own.photometry))


def test_the_step_chosen_is_the_one_shown() -> None:
    found = inspection()
    count = len(found.alignment.steps)
    assert count > 2
    shown = set()
    for number in (1, 2, count):
        app = open_panel("inspect", a_step=str(number))
        assert not said(app)
        step, told = found.step(number - 1), numbers(app)
        assert told["SSD"] == f"{step.ssd:,.0f}"
        assert told["Corners moved"] == f"{step.step.moved:.3g} px"
        assert told["Condition"] == f"{step.condition:.2g}"
        assert told["… in unit steps"] == f"{step.condition_in_unit_steps:.2g}"
        assert told["Level"].startswith(str(step.step.level))
        updates = table(app, 1)
        assert updates["parameter"] == list(NAMES[MotionModel.AFFINE])
        assert updates["update d"] == [f"{value:+.3g}" for value in step.update]
        assert updates["b"] == [f"{value:.3g}" for value in step.descended]
        shown.add(told["SSD"])
    assert len(shown) == 3


def test_the_step_slider_writes_the_address_and_ends_where_the_steps_end() -> None:
    app = open_panel("inspect", a_step="9999")
    count = len(inspection().alignment.steps)
    slider = app.slider(key="a_step_slider")
    assert (slider.min, slider.max, slider.value) == (1, count, count)
    slider.set_value(2)
    run(app)
    assert app.query_params["a_step"] in ("2", ["2"])
    assert numbers(app)["SSD"] == f"{inspection().step(1).ssd:,.0f}"
    assert open_panel("inspect", a_step="nonsense").slider(key="a_step_slider").value == 1


def test_every_formulation_is_traced_and_tabled_from_the_same_start() -> None:
    app = open_panel("inspect")
    found = inspection().by_formulation
    rows = table(app)
    assert rows["formulation"] == [str(name) for name in Formulation]
    assert rows["iterations"] == [done.iterations for done in found.values()]
    assert rows["NCC"] == [f"{done.ncc:.4f}" for done in found.values()]
    assert rows["corners apart (px)"][2] == "0.000"
    trace, hessian, eigenvalues = figures(app)
    names = {line["name"] for line in trace["data"] if line.get("showlegend")}
    assert names == {str(name) for name in Formulation}
    step = inspection().step(0)
    cells = hessian["data"][0]
    assert len(cells["text"]) == len(step.names) == 6
    bars = values(eigenvalues["data"][0]["y"])
    np.testing.assert_allclose(bars, step.eigenvalues, rtol=1e-4)


@pytest.mark.parametrize("motion", list(MotionModel))
def test_there_are_as_many_images_as_the_motion_has_parameters(motion: MotionModel) -> None:
    app = open_panel("inspect", a_ic_motion=motion.value)
    assert not said(app)
    (image,) = app.get("image") or app.get("imgs")
    assert table(app, 1)["parameter"] == list(NAMES[motion])
    assert image is not None


@pytest.mark.parametrize("photometry", list(Photometry))
def test_every_correction_of_light_can_be_looked_into(photometry: Photometry) -> None:
    app = open_panel("inspect", a_ic_photometry=photometry.value)
    assert not said(app)
    assert numbers(app)["SSD"] == f"{inspection(photometry=photometry.value).step(0).ssd:,.0f}"


def test_the_correction_of_light_can_be_switched_off_and_on() -> None:
    off, added = open_panel("inspect"), open_panel("inspect", a_light_added="true")
    assert not off.toggle(key="a_light_added").value
    assert "compared as they are" in words(off) and "brightness by unit-variance" in words(added)
    corrected = inspection(light="unit-variance").step(0)
    assert numbers(off)["SSD"] == f"{inspection().step(0).ssd:,.0f}" != numbers(added)["SSD"]
    assert numbers(added)["SSD"] == f"{corrected.ssd:,.0f}"
    usual = open_panel("inspect", a_tracker="esm-homography")
    assert usual.toggle(key="a_light").value and "brightness by gain-bias" in words(usual)
    switched = open_panel("inspect", a_tracker="esm-homography", a_light="false")
    assert "compared as they are" in words(switched)
    assert numbers(switched)["SSD"] != numbers(usual)["SSD"]


def test_the_equations_are_those_of_the_formulation() -> None:
    told = {}
    for name in Formulation:
        app = open_panel("inspect", a_ic_formulation=name.value)
        (told[name],) = [text.value for text in app.markdown if text.value.startswith(f"**{name}**")]
    assert len(set(told.values())) == 4
    assert r"W(d)^{-1}" in told[Formulation.INVERSE_COMPOSITIONAL]
    assert r"\nabla T" in told[Formulation.INVERSE_COMPOSITIONAL]
    assert r"p\leftarrow p-d" in told[Formulation.FORWARD_ADDITIVE]
    assert r"\exp(-d)" in told[Formulation.ESM]
    assert "w\\," not in told[Formulation.ESM]
    weighted = open_panel("inspect", a_ic_weights="huber")
    assert any(r"\sum w\,SD" in text.value for text in weighted.markdown)


def test_where_the_template_is_taken_another_frame_is_asked_for() -> None:
    assert "choose frame 1 to see it aligned" in said(open_panel("inspect", a_frame="0"))
    keyed = {"a_keys": "4:60,40,50,40", "a_frame": "4"}
    assert "taken from frame 4: choose frame 5" in said(open_panel("inspect", **keyed))
    assert "track from an earlier frame" in said(open_panel("inspect", a_keys="7:60,40,50,40", a_frame="7"))


def test_after_a_keyframe_its_template_is_looked_into() -> None:
    app = open_panel("inspect", a_keys="3:60,40,50,40", a_frame="5")
    assert "The template of frame 3 is aligned to frame 5, from where the region was in frame 4" in words(app)
    clip, box = open_clip(POSTER), Box(60, 40, 50, 40)
    start = track_region(clip, box, tracker="ic-affine", start=3, stop=5).warp[-1]
    own = aligner_of(TRACKERS["ic-affine"].usual)
    step = inspect_pair(clip.frame(3), box, clip.frame(5), start, own).step(0)
    assert numbers(app)["SSD"] == f"{step.ssd:,.0f}"


@pytest.mark.parametrize("tracker", ["ecc", "mil"])
def test_trackers_that_show_no_steps_are_inspected_with_flowlabs_own(tracker: str) -> None:
    app = open_panel("inspect", a_tracker=tracker, a_frame="2")
    assert not said(app)
    assert f"{TRACKERS[tracker].title} shows no steps" in words(app)
    assert table(app, 1)["parameter"] == list(NAMES[MotionModel.AFFINE])


def test_a_box_that_would_take_too_long_is_refused_in_a_sentence() -> None:
    clip = "scene:planar?width=1280&height=1080&frames=3"
    app = open_panel("inspect", clip=clip, a_roi="10,10,1000,1000", a_frame="1", a_ic_motion="homography")
    assert "draw a smaller box, or choose fewer iterations" in refused(app)


# --- evaluate ---------------------------------------------------------------------------------------


def ended(lab: Lab) -> None:
    (ticket,) = lab.board.tickets()
    assert lab.board.wait(ticket.key, 120).state is State.DONE


def evaluated(lab: Lab, **query: str) -> AppTest:
    """Return the panel once all of its trackers have followed the clip."""
    app = open_panel("evaluate", **query)
    assert not app.table
    app.button("a_contest_run").click()
    run(app)
    ended(lab)
    return run(app)


def told_of(scores: BoxScores) -> list[str]:
    return [
        f"{scores.auc:.3f}", f"{scores.precision20:.1%}", f"{scores.tracked_share:.1%}",
        f"{scores.wrong_but_tracked:.1%}", f"{scores.lost_but_right:.1%}",
    ]  # fmt: skip


NUMBERS = ("AUC", "within 20 px", "called tracked", "wrong but tracked", "lost but right")


def test_a_scene_gives_scores_alone_and_with_keyframes_beside_another_tracker(lab: Lab) -> None:
    query = {"a_versus": "ecc", "a_keys": "4:60,40,50,40"}
    app = evaluated(lab, **query)
    rows = table(app)
    assert rows["tracker"] == [
        "ic-affine, alone", "ic-affine, with keyframes", "ecc, alone", "ecc, with keyframes",
    ]  # fmt: skip
    clip = open_clip(POSTER)
    box = first_box(clip, 0)
    truth = region_truth(clip, box, 0)
    assert truth is not None
    place = 0
    for name in ("ic-affine", "ecc"):
        for keys in ({}, {4: Box(60, 40, 50, 40)}):
            scores = box_scores(track_region(clip, box, tracker=name, keyframes=keys), truth.boxes)
            assert [rows[column][place] for column in NUMBERS] == told_of(scores)
            place += 1
    success, precision, corners = figures(app)
    for figure in (success, precision, corners):
        assert [line["line"]["dash"] for line in figure["data"]] == ["solid", "dash", "solid", "dash"]
    assert "Within 1 px: ic-affine, alone" in " ".join(str(found.proto.json) for found in app.get("bidi_component"))
    # Asked again, and by anyone, nothing is followed again; one more tracker asks for that one only.
    assert open_panel("evaluate", **query).table
    app.multiselect(key="a_versus").set_value(["ecc", "textbook"])
    run(app)
    assert table(app) == rows
    assert "textbook, alone, textbook, with keyframes: 8 frames each" in words(app)


def test_a_sequence_is_compared_with_its_own_boxes(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_otb(tmp_path / "otb", "Thing", count=6)
    monkeypatch.setenv("FLOWLAB_DATA", str(tmp_path))
    st.cache_resource.clear()
    app = evaluated(open_lab(), clip="data:otb/Thing", a_frame="3")
    rows = table(app)
    assert rows["tracker"] == ["ic-affine, alone"]
    assert float(rows["AUC"][0]) > 0.85 and rows["within 20 px"] == ["100.0%"]
    assert "against the sequence's own boxes" in words(app)
    assert len(figures(app)) == 2  # of boxes nobody knows the corners


@pytest.fixture
def video(lab: Lab, tmp_path: Path) -> str:
    """Add a video that knows no truth, and return its name."""
    path = write_video(tmp_path / "clip.mp4", moving_texture(6, 96, 160))
    with path.open("rb") as file:
        return lab.library.add("clip.mp4", file)


def upload(app: AppTest, data: bytes) -> AppTest:
    app.file_uploader(key="a_truth_file").set_value(("groundtruth_rect.txt", data, "text/plain"))
    return run(app)


def test_a_clip_without_truth_asks_for_a_file_of_it(lab: Lab, video: str) -> None:
    app = open_panel("evaluate", clip=video, a_frame="3", a_roi="31,21,40,32")
    assert "does not know where the thing in the box is" in said(app)
    assert "a_contest_run" not in [button.key for button in app.button]
    upload(app, lines(6).encode())
    app.button("a_contest_run").click()
    run(app)
    ended(lab)
    run(app)
    clip = lab.library.open(video)
    boxes = np.array([(at(n).x, at(n).y, at(n).w, at(n).h) for n in range(6)])
    scores = box_scores(track_region(clip, Box(31, 21, 40, 32), tracker="ic-affine"), boxes)
    assert [table(app)[column][0] for column in NUMBERS] == told_of(scores)
    assert "against the file" in words(app)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"1,2,3\n", "line 1 of the truth"),
        (b"\xff\xfe\x00", "is no text"),
        (b"", "holds no box in any frame"),
        (lines(7).encode(), "has 7 lines and the clip 6 frames"),
        (b"1,2,3,4\n" * 1_100_000, "larger than 8 MiB"),
    ],
    ids=["three numbers", "bytes", "empty", "too many lines", "too large"],
)
def test_a_file_that_is_no_truth_is_refused_in_a_sentence(video: str, data: bytes, what: str) -> None:
    app = upload(open_panel("evaluate", clip=video, a_frame="3"), data)
    assert what in refused(app)
    assert "a_contest_run" not in [button.key for button in app.button]


def test_a_box_on_nothing_known_or_in_the_last_frame_says_so() -> None:
    assert "does not know where the thing" in said(open_panel("evaluate", a_roi="0,0,20,20"))
    last = open_panel("evaluate", a_from="7", a_frame="7")
    assert "nothing to follow it into" in said(last)


# --- convergence ------------------------------------------------------------------------------------

QUICK = {"a_c_sigma_from": "2.0", "a_c_sigma_to": "3.0", "a_c_draws": "4", "a_roi": "70,40,50,40"}


def converged(**query: str) -> AppTest:
    app = open_panel("convergence", **QUICK | query)
    assert not app.table
    app.button("a_c_run").click()
    run(app)
    ended(open_lab())
    return run(app)


def test_the_experiment_is_the_one_asked_for_and_is_kept() -> None:
    app = converged(a_c_seed="3", a_c_template_noise="5.0")
    assert not said(app)
    clip, own = open_clip(POSTER), aligner_of(TRACKERS["ic-affine"].usual)
    parameters = ConvergenceParameters(sigma_from=2, sigma_to=3, draws=4, seed=3, template_noise=5)
    *_, (_, result) = converge(clip.frame(0).grey, Box(70, 40, 50, 40), own, parameters)
    assert result is not None
    rows = table(app)
    assert rows["sigma (px)"] == ["2", "3"]
    for way in WAYS:
        assert rows[f"{way} (%)"] == [f"{100 * value:.1f}" for value in result.share(way)[0]]
    shares, errors = figures(app)
    assert {line["name"] for line in shares["data"]} == set(WAYS)
    means, count = result.mean_errors()
    for line in errors["data"]:
        np.testing.assert_allclose(values(line["y"]), means[line["name"]], rtol=1e-4)
    assert f"mean over the {count} draws" in " ".join(str(found.proto.json) for found in app.get("bidi_component"))
    # Kept: the same question is answered at once; another template, noise or seed is another question.
    same = QUICK | {"a_c_seed": "3", "a_c_template_noise": "5.0"}
    assert table(open_panel("convergence", **same)) == rows
    others = {"a_c_seed": "4", "a_c_picture_noise": "1.0", "a_roi": "70,40,50,41", "a_ic_motion": "similarity",
              "a_ic_photometry": "mean", "a_ic_blur": "5", "a_c_draws": "5"}  # fmt: skip
    for name, value in others.items():
        assert not open_panel("convergence", **same | {name: value}).table, name
    assert open_panel("convergence", **same, a_ic_levels="1", a_frame="2").table  # neither matters to it


def test_one_sigma_can_be_looked_at() -> None:
    app = converged()
    (ticket,) = open_lab().board.tickets()
    assert (ticket.done, ticket.total, ticket.unit) == (8, 8, "starts")
    both = [values(line["y"])[0] for line in figures(app)[1]["data"]]
    app.selectbox(key="a_c_at").set_value("3")
    run(app)
    one = [values(line["y"])[0] for line in figures(app)[1]["data"]]
    assert one[0] > both[0]


def test_more_than_a_page_may_take_is_refused_before_it_begins() -> None:
    app = open_panel("convergence", a_c_draws="5000")
    assert "choose fewer draws or sigmas, or a smaller box" in refused(app)
    assert "a_c_run" not in [button.key for button in app.button]
    assert "let it end where it begins" in refused(open_panel("convergence", a_c_sigma_from="9.0", a_c_sigma_to="2.0"))


def test_the_page_tells_how_long_it_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region_convergence, "check_experiment", lambda box, parameters: 84.0)
    app = open_panel("convergence", **QUICK)
    cores = open_lab().cluster.workers
    assert f"4 draws for each of 2 sigmas, 5 ways to align, about {duration(84 / cores)}" in words(app)
