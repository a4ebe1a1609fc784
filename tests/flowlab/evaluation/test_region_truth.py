"""Where a drawn box truly is: by a scene's own homography, by what bounds a thing, by a sequence's boxes, by a file."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from flowlab.core.clip import Clip
from flowlab.core.region import Box
from flowlab.core.resized import at_width
from flowlab.errors import FlowFileError
from flowlab.evaluation.region_truth import RegionTruth, region_truth, uploaded_truth
from flowlab.jobs.library import Library
from flowlab.scenes.planar import PlanarParameters, planar_homography
from flowlab.scenes.registry import open_scene
from flowlab.tracking.affine.region_track import bounding_boxes, box_warp, corners_of
from flowlab.tracking.regions import track_region
from tests.box_sets import at, write_otb

BOX = Box(200, 120, 120, 90)
CORNERS = corners_of(box_warp(BOX), np.array([BOX.w, BOX.h]))


def known(truth: RegionTruth | None) -> RegionTruth:
    assert truth is not None
    return truth


def carried(frame: int, start: int = 0) -> np.ndarray:
    """Return where the box's corners are, by the scene's homography itself."""
    p = PlanarParameters()
    warp = planar_homography(p, frame) @ np.linalg.inv(planar_homography(p, start))
    moved = np.column_stack([CORNERS, np.ones(4)]) @ warp.T
    return moved[:, :2] / moved[:, 2:]


def test_a_box_on_a_plane_is_carried_by_its_homography() -> None:
    clip = open_scene("planar")
    truth = known(region_truth(clip, BOX, 0))
    assert truth.corners is not None and truth.source == "the homography of board"
    assert truth.corners.shape == (clip.info.frame_count, 4, 2)
    for frame in (0, 7, 40):
        np.testing.assert_allclose(truth.corners[frame], carried(frame), atol=1e-6)
        np.testing.assert_allclose(truth.boxes[frame], bounding_boxes(carried(frame)), atol=1e-6)


def test_frames_before_the_box_was_drawn_are_unknown() -> None:
    truth = known(region_truth(open_scene("planar"), BOX, 5))
    assert truth.corners is not None
    assert np.isnan(truth.boxes[:5]).all() and np.isnan(truth.corners[:5]).all()
    np.testing.assert_allclose(truth.corners[9], carried(9, start=5), atol=1e-6)


def test_corner_errors_are_those_of_the_farthest_corner() -> None:
    clip = open_scene("planar")
    truth = known(region_truth(clip, BOX, 0))
    track = track_region(clip, BOX, tracker="esm-homography", stop=6)
    errors = truth.corner_errors(track)
    assert errors is not None and errors.shape == (6,)
    assert errors[0] < 1e-9 and errors.max() < 0.2
    away = np.linalg.norm(track.corners[4] - carried(4), axis=1)
    assert errors[4] == pytest.approx(away.max(), rel=1e-5)


def test_after_a_keyframe_the_corners_are_those_of_its_box_and_the_boxes_stay() -> None:
    clip = open_scene("planar")
    again = Box(230, 140, 80, 60)
    alone = known(region_truth(clip, BOX, 0))
    helped = known(region_truth(clip, BOX, 0, {4: again}))
    later = known(region_truth(clip, again, 4))
    assert alone.corners is not None and helped.corners is not None and later.corners is not None
    np.testing.assert_array_equal(helped.corners[:4], alone.corners[:4])
    np.testing.assert_array_equal(helped.corners[4:], later.corners[4:])
    np.testing.assert_array_equal(helped.boxes, alone.boxes)
    lost = known(region_truth(clip, BOX, 0, {4: Box(0, 0, 20, 20)}))  # on the table
    assert lost.corners is not None and np.isnan(lost.corners[4:]).all()


def test_at_a_working_width_the_truth_is_in_working_pixels() -> None:
    half = at_width(open_scene("planar"), 320)
    truth = known(region_truth(half, Box(100, 60, 60, 45), 0))
    assert truth.corners is not None
    quad = (CORNERS[0] + 0.5) / 2 - 0.5
    np.testing.assert_allclose(truth.corners[0][0], np.floor(quad + 0.5), atol=1)
    np.testing.assert_allclose((truth.corners[9] + 0.5) * 2 - 0.5, carried(9), atol=1.5)


def test_a_thing_that_is_no_plane_is_carried_by_what_bounds_it() -> None:
    clip = open_scene("two-layers?width=192&height=128&frames=12")
    thing = clip.objects(0)[-1]
    x, y, w, h = thing.box
    box = Box(x + w / 4, y + h / 4, w / 2, h / 2)
    truth = known(region_truth(clip, box, 0))
    np.testing.assert_allclose(truth.boxes[0], [box.x, box.y, box.w, box.h], atol=1e-9)
    later = next(other for other in clip.objects(6) if other.name == thing.name)
    moved = np.array(later.box[:2]) - thing.box[:2]
    np.testing.assert_allclose(truth.boxes[6][:2] - truth.boxes[0][:2], moved, atol=1e-6)


def test_a_box_on_nothing_that_a_scene_knows_has_no_truth() -> None:
    assert region_truth(open_scene("planar"), Box(0, 0, 30, 30), 0) is None
    assert region_truth(open_scene("zoom"), BOX, 0) is None


@pytest.fixture
def sequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clip]:
    write_otb(tmp_path / "otb", "Thing", count=6)
    monkeypatch.setenv("FLOWLAB_DATA", str(tmp_path))
    monkeypatch.setenv("FLOWLAB_HOME", str(tmp_path / "home"))
    with closing(Library()) as library, closing(library.open("data:otb/Thing")) as clip:
        yield clip


def test_a_sequence_knows_its_boxes(sequence: Clip) -> None:
    truth = known(region_truth(sequence, at(0), 0))
    assert truth.corners is None and truth.note == ""
    thing = at(3)
    assert truth.boxes[3].tolist() == [thing.x, thing.y, thing.w, thing.h]
    assert truth.corner_errors(track_region(sequence, at(0), stop=2)) is None


def test_a_file_is_the_truth_of_the_clip_at_its_working_width() -> None:
    half = at_width(open_scene("translation"), 320)
    boxes = np.array([[10.0, 20, 30, 40], [np.nan] * 4])
    truth = uploaded_truth(boxes, half.info)
    assert truth.boxes.shape == (half.info.frame_count, 4)
    assert truth.boxes[0].tolist() == [5, 10, 15, 20]
    assert np.isnan(truth.boxes[1:]).all()
    assert f"2 lines for {half.info.frame_count} frames" in truth.note
    whole = uploaded_truth(np.ones((half.info.frame_count, 4)), half.info)
    assert whole.note == ""
    with pytest.raises(FlowFileError, match="give the file of this clip"):
        uploaded_truth(np.ones((half.info.frame_count + 1, 4)), half.info)
