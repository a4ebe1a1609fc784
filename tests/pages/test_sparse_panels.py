"""The Sparse tracking page's zoom, closer looks, downloads and whole-clip job: each holds what it says it holds."""

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from flowlab.core.region import Box, Selection
from flowlab.evaluation.track_truth import track_truth
from flowlab.jobs.clips import open_clip
from flowlab.jobs.points_clip import PointsWorkshop
from flowlab.jobs.ticket import State, Ticket
from flowlab.jobs.track_look import TrackLook, draw_frame
from flowlab.jobs.track_table import TRACKPY, table_of
from flowlab.media.opening import open_media
from flowlab.tracking.endings import ENDINGS
from flowlab.tracking.global_motion import MotionModel, camera_path
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.points import track_points
from flowlab.tracking.statistics import endings, per_frame
from pages.shared.lab import Lab, open_lab
from tests.flowlab.test_snippets import run_script
from tests.pages import driving
from tests.pages.driving import SMALL, numbers, picture, run, said
from tests.pages.test_dense_measure import figures, values
from tests.pages.test_sparse_tracking import NOISY, PAGE, PANELS, ZOOM, add_video, live, open_page

Made = dict[str, Callable[[], bytes]]


@pytest.fixture(autouse=True)
def lab() -> Iterator[Lab]:
    """Give each test a lab of its own."""
    st.cache_resource.clear()
    yield open_lab()
    st.cache_resource.clear()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Made:
    """Give what the download buttons hand over, by name of the file: AppTest cannot press them."""
    made: Made = {}
    button = st.download_button

    def noted(label: str, data: Any, file_name: str, **options: Any) -> bool:
        made[file_name] = data if callable(data) else lambda: data.encode()
        return button(label, data, file_name, **options)

    monkeypatch.setattr(st, "download_button", noted)
    return made


def rows_of(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode())))


def spec(app: AppTest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(picture(app)["spec"])
    return found


def trace(figure: dict[str, Any], name: str) -> dict[str, Any]:
    return next(trace for trace in figure["data"] if trace.get("name") == name)


# --- zoom ------------------------------------------------------------------------------------------


def test_the_zoom_holds_each_point_with_its_track_first_and_its_numbers() -> None:
    app = open_page(clip=NOISY, s_view="zoom", s_pick="0", s_frame="4")
    assert picture(app)["picks"] is True
    now = live(track_points(open_clip(NOISY), stop=5), 4)
    points = trace(spec(app), "points")
    np.testing.assert_allclose(values(points["x"]), now.xy[:, 0])
    np.testing.assert_allclose(values(points["y"]), now.xy[:, 1])
    told = points["customdata"]
    assert [row[0] for row in told] == now.track.tolist()
    row = int(np.flatnonzero(np.isfinite(now.uv[:, 0]))[3])
    assert told[row][1:5] == [f"{n:.2f}" for n in (*now.xy[row], *now.uv[row])]
    assert told[row][5:] == [f"{now.fb_error[row]:.3f}", f"{now.min_eig[row]:.1f}"]
    ring = trace(spec(app), "ring")
    np.testing.assert_allclose([values(ring["x"])[0], values(ring["y"])[0]], now.xy[now.track == 0][0])


def test_ellipses_grow_with_their_scale_and_can_be_left_out() -> None:
    def sizes(scale: str) -> NDArray[np.floating]:
        """Return the width of every ellipse."""
        lines = trace(spec(open_page(clip=NOISY, s_view="zoom", s_ellipse=scale)), "ellipses")
        gaps = np.flatnonzero(np.isnan(values(lines["x"])))
        return np.array(
            [np.ptp(part[np.isfinite(part)]) for part in np.split(values(lines["x"]), gaps) if len(part) > 1]
        )

    small, large = sizes("10"), sizes("50")
    assert len(small) > 50
    np.testing.assert_allclose(large, 5 * small, rtol=0.01, atol=1e-3)
    without = spec(open_page(clip=NOISY, s_view="zoom", s_ellipse="0"))
    assert "ellipses" not in [found.get("name") for found in without["data"]]


def test_the_first_frame_is_carried_along_with_the_camera() -> None:
    (outline,) = spec(open_page(clip=ZOOM, s_view="zoom", s_outline="true"))["layout"]["shapes"]
    corners = [tuple(map(float, part.split(","))) for part in outline["path"].strip("MZ").split("L")]
    clip = open_clip(ZOOM)
    path = camera_path(track_points(clip), 0, 12, MotionModel.SIMILARITY, 3.0).matrices[-1]
    for (x, y), (cx, cy) in zip(corners, [(0, 0), (191, 0), (191, 127), (0, 127)], strict=False):
        assert (x, y) == pytest.approx(tuple((path @ [cx, cy, 1])[:2]), abs=0.6)
    assert corners[0] != (0, 0)
    assert "shapes" not in spec(open_page(clip=ZOOM, s_view="zoom"))["layout"]


# --- one track -------------------------------------------------------------------------------------


def test_a_picked_track_is_looked_into(files: Made) -> None:
    app = open_page(clip=NOISY, s_closer="track", s_pick="7", s_frame="9")
    assert not said(app)
    rows = track_points(open_clip(NOISY), stop=10).of(7)
    assert len(rows) > 3
    words = " ".join(caption.value for caption in app.caption)
    fate = "it is alive" if rows.alive[-1] else "ended"
    assert f"Born in frame 0 at ({rows.xy[0, 0]:.1f}, {rows.xy[0, 1]:.1f}); in frame {rows.frame[-1]} " in words
    assert fate in words
    place, errors, speed, likeness = figures(app)
    np.testing.assert_allclose(values(trace(place, "x")["y"]), rows.xy[:, 0] - rows.xy[0, 0], atol=1e-3)
    np.testing.assert_allclose(values(trace(place, "y")["y"]), rows.xy[:, 1] - rows.xy[0, 1], atol=1e-3)
    np.testing.assert_allclose(values(errors["data"][0]["y"]), rows.fb_error, atol=1e-4)
    np.testing.assert_allclose(values(speed["data"][0]["y"]), np.hypot(*rows.uv.T), atol=1e-3)
    np.testing.assert_allclose(values(likeness["data"][0]["y"]), rows.ncc, atol=1e-4)
    assert len(app.get("image")) == 1
    table = rows_of(files["track_7.csv"]())
    assert [int(float(row["frame"])) for row in table] == rows.frame.tolist()
    np.testing.assert_allclose([float(row["x"]) for row in table], rows.xy[:, 0], rtol=1e-6)


def test_a_track_that_has_ended_says_why() -> None:
    tracks = track_points(open_clip(NOISY))
    (ended, *_) = tracks.track[tracks.status == ENDINGS[3]].tolist() or tracks.track[~tracks.alive].tolist()
    app = open_page(clip=NOISY, s_closer="track", s_pick=str(ended))
    why = next(e for e in ENDINGS if e == tracks.of(ended).status[-1]).words
    assert any(f"ended: {why}" in caption.value for caption in app.caption)
    assert picture(app)["points"]["picked"] == ended


@pytest.mark.parametrize("pick", ["", "99999", "12345678"])
def test_without_a_track_that_exists_one_is_asked_for_and_can_be_typed(pick: str) -> None:
    app = open_page(clip=SMALL, s_closer="track", s_pick=pick)
    assert "Click a point on the picture" in said(app)
    assert not figures(app)
    app.number_input(key="s_pick_number").set_value(4)
    run(app)
    assert app.query_params["s_pick"] in ("4", ["4"])
    assert picture(app)["points"]["picked"] == 4
    assert len(figures(app)) == 4


# --- all of them -----------------------------------------------------------------------------------


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("view", ["tracks", "zoom"])
def test_every_panel_draws_below_every_view(panel: str, view: str) -> None:
    app = open_page(clip=SMALL, s_closer=panel, s_view=view, s_pick="3")
    assert not said(app)
    assert len(figures(app)) == {"track": 4, "lives": 3, "motion": 2, "camera": 1, "truth": 1, "whole clip": 0}[panel]


@pytest.mark.parametrize("panel", ["motion", "truth", "camera", "lives", "track"])
def test_before_the_first_step_a_panel_draws_or_says_so(panel: str) -> None:
    app = open_page(clip=SMALL, s_closer=panel, s_frame="0", s_pick="3")
    assert not app.error
    assert len(figures(app)) or "go on by a frame" in said(app)


def test_lives_count_who_is_alive_and_why_the_others_ended(files: Made) -> None:
    alive, survival, why = figures(open_page(clip=NOISY, s_closer="lives"))
    tracks = track_points(open_clip(NOISY))
    counts = per_frame(tracks)
    np.testing.assert_array_equal(values(trace(alive, "alive")["y"]), counts.alive)
    assert values(survival["data"][0]["y"])[0] == 100  # %
    counted = endings(tracks)
    (bars,) = why["data"]
    assert dict(zip(bars["customdata"], values(bars["x"]).tolist(), strict=True)) == {
        status.words: counted[status] for status in ENDINGS
    }
    table = rows_of(files["tracks_per_frame.csv"]())
    assert [[int(row[name]) for row in table] for name in ("frame", "alive", "born", "ended")] == [
        list(range(12)), counts.alive.tolist(), counts.born.tolist(), counts.ended.tolist(),
    ]  # fmt: skip


def test_the_camera_panel_holds_the_path_its_table_and_its_model(files: Made) -> None:
    open_page(clip=ZOOM, s_closer="camera", s_model="affine", s_ransac="0.5")
    path = camera_path(track_points(open_clip(ZOOM)), 0, 12, MotionModel.AFFINE, 0.5)
    table = rows_of(files["camera.csv"]())
    for row, column in np.ndindex(3, 3):
        found = [float(entry[f"h{row + 1}{column + 1}"]) for entry in table]
        np.testing.assert_allclose(found, path.matrices[:, row, column], rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose([float(entry["inliers"] or "nan") for entry in table], path.share, rtol=1e-5)


def test_the_truth_panel_judges_all_steps_so_far() -> None:
    told = numbers(open_page(clip=NOISY, s_closer="truth", s_frame="8"))
    clip = open_clip(NOISY)
    (*_, (_, judged)) = track_truth(track_points(clip, stop=9), clip, (1, 9))  # type: ignore[arg-type]
    assert judged is not None
    assert told["Steps within 0.5 px"] == f"{judged.right_share:.1%}"
    assert told["Median step error"] == f"{judged.median_error:.3f} px"
    assert told["Kept though hidden"] == f"{judged.false_keeps} of {judged.hidden}"


def test_a_clip_that_does_not_know_its_motion_says_so(tmp_path: Path) -> None:
    from tests.hostile import moving_texture

    app = open_page(clip=add_video(tmp_path, moving_texture(5)), s_closer="truth")
    assert "does not know its true motion" in said(app)
    assert not app.error


# --- taking away -----------------------------------------------------------------------------------


def opened(files: Made, **query: str) -> Made:
    """Return what the Download popover hands over."""
    app = open_page(**query)
    assert not any(name.startswith("tracks") for name in files)  # made when it is opened
    app.session_state["s_files"] = True
    run(app)
    return files


def test_the_tables_hold_all_tracks_up_to_the_frame(files: Made) -> None:
    made = opened(files, clip=NOISY, s_frame="6", s_from="2")
    tracks = track_points(open_clip(NOISY), start=2, stop=7)
    table = made["tracks.csv"]()
    assert table == table_of(tracks)
    assert table.decode().startswith("frame,track,x,y,fb_error,min_eig,status,")
    assert {row["frame"] for row in rows_of(table)} == {"2", "3", "4", "5", "6"}
    trackpy = made["tracks_trackpy.csv"]()
    assert trackpy == table_of(tracks, TRACKPY)
    assert trackpy.decode().splitlines()[0] == "y,x,ep,frame,particle"


def test_the_picture_is_the_frame_with_its_tracks_at_its_own_size(files: Made) -> None:
    import cv2

    png = opened(files, clip=NOISY, s_frame="6", s_p_trail="4")["tracks_000006.png"]()
    pixels = cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    clip = open_clip(NOISY)
    expected = draw_frame(clip.frame(6).rgb, track_points(clip, stop=7), 6, TrackLook(trail=4))
    np.testing.assert_array_equal(pixels, expected)
    assert (pixels != clip.frame(6).rgb).any()


REGION = {"s_region": "60,30,70,60", "s_exclude": "70,40,20,20"}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"s_frame": "7", "s_from": "3", "s_p_window": "21", "s_p_decides": "status", "s_p_affine": "false"},
        REGION | {"s_width": "160", "s_p_quality": "0.05"},
    ],
    ids=["as it opens", "parameters", "region"],
)
def test_copy_as_python_writes_the_table_the_page_hands_over(
    query: dict[str, str], files: Made, tmp_path: Path
) -> None:
    app = open_page(clip=NOISY, **query)
    app.session_state["s_files"] = True
    run(app)
    run_script(app.code[0].value, tmp_path)
    table = (tmp_path / "tracks.csv").read_bytes()
    assert table == files["tracks.csv"]()
    assert len(rows_of(table)) > 50


# --- the whole clip ----------------------------------------------------------------------------------


def start(app: AppTest) -> AppTest:
    app.button("s_clip_run").click()
    return run(app)


def ended(lab: Lab) -> Ticket:
    (ticket,) = lab.board.tickets()
    return lab.board.wait(ticket.key, 60)


WHOLE = {"clip": NOISY, "s_closer": "whole clip"}


def test_a_job_makes_a_video_a_table_and_a_summary(lab: Lab, files: Made) -> None:
    app = open_page(**WHOLE)
    assert not app.get("video")
    assert any("Tracks of 12 frames, coloured by track" in caption.value for caption in app.caption)
    start(app)
    made = ended(lab).result
    video = open_media(lab.library.store.path(made.video))  # type: ignore[attr-defined]
    assert (video.info.width, video.info.height, video.info.frame_count) == (192, 128, 12)
    run(app)
    assert not said(app)
    assert len(app.get("video")) == 1
    assert "s_clip_run" not in [button.key for button in app.button]
    name, tracks = open_clip(NOISY).info.name, track_points(open_clip(NOISY))
    assert files[f"{name}_tracks.csv"]() == table_of(tracks)
    assert files[f"{name}_trackpy.csv"]() == table_of(tracks, TRACKPY)
    summary = json.loads(files[f"{name}_tracks.json"]())
    assert summary["tracks"] == len(np.unique(tracks.track))
    assert files[f"{name}_tracks.mp4"]() == lab.library.store.path(made.video).read_bytes()  # type: ignore[attr-defined]
    words = " ".join(caption.value for caption in app.caption).replace("\\", "")
    assert f"{summary['tracks']} tracks, " in words
    assert f"{summary['alive_at_end']} alive at the end" in words


def test_errors_colour_no_video_and_its_tracks_have_their_own_colours() -> None:
    app = open_page(**WHOLE, s_colour="error")
    assert not said(app)
    assert any("coloured by track" in caption.value for caption in app.caption)


def test_the_jobs_result_is_found_by_its_link_and_by_no_other(lab: Lab) -> None:
    start(open_page(**WHOLE, s_clip_range="2:9", s_p_window="21", **REGION))
    result = ended(lab).result
    link = WHOLE | {"s_clip_range": "2:9", "s_p_window": "21"} | REGION
    st.cache_resource.clear()  # a server begun anew knows no job, and has the store
    assert open_lab().board.tickets() == []
    assert open_page(**link).get("video")
    for name, value in {"s_clip_range": "2:8", "s_p_window": "23", "s_region": "60,30,70,61", "s_colour": "speed",
                        "s_p_trail": "3"}.items():  # fmt: skip
        assert not open_page(**link | {name: value}).get("video"), name
    assert open_page(**link, s_frame="4").get("video")
    selection = Selection(Box(60, 30, 70, 60), (Box(70, 40, 20, 20),))
    tracks = track_points(
        open_clip(NOISY), PointParameters(window=21), allowed=selection.mask(128, 192), start=2, stop=9
    )
    assert open_lab().library.store.path(result.table).read_bytes() == table_of(tracks)  # type: ignore[attr-defined]


def test_progress_is_told_and_cancel_ends_it_and_it_goes_on(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    running, go_on = threading.Event(), threading.Event()
    real = PointsWorkshop.make

    def paused(workshop: PointsWorkshop, job: Any, clip: Any, report: Any, cancel: threading.Event) -> object:
        report(4, 12, 2)
        running.set()
        while not (go_on.wait(0.01) or cancel.is_set()):
            pass
        return real(workshop, job, clip, report, cancel)

    monkeypatch.setattr(PointsWorkshop, "make", paused)
    app = start(open_page(**WHOLE))
    assert running.wait(30)
    run(app)
    assert "4 of 12 frames" in str([bar.proto.text for bar in app.get("progress")])
    other = driving.open_page()  # the list of jobs is on every page, and leads here
    other.session_state["jobs_open"] = True
    run(other)
    (link,) = other.get("page_link")
    assert link.proto.page == PAGE
    assert link.proto.label.startswith("Points of")
    app.button("s_clip_cancel").click()
    run(app)
    assert ended(lab).state is State.CANCELLED
    run(app)
    assert app.button("s_clip_run").label == "Go on"
    go_on.set()
    start(app)
    assert ended(lab).state is State.DONE
    assert run(app).get("video")
