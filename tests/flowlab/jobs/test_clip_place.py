"""A clip's place, pickled and opened in another process, is the same clip."""

import pickle
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flowlab.errors import ClipError, ClipNotFoundError
from flowlab.jobs import clip_place
from flowlab.jobs.clip_place import ClipPlace, close_clips
from flowlab.jobs.clips import open_clip
from flowlab.jobs.isolated import index_answer
from flowlab.jobs.library import Library
from flowlab.media.hashing import file_hash
from flowlab.scenes.registry import open_scene
from flowlab.store.objects import Store
from tests.hostile import moving_texture, pngs, write_video, write_zip

SCENE = "scene:two-layers?width=160&height=96&frames=4"


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    close_clips()
    yield
    close_clips()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(12))


def folder_of(path: Path, count: int = 4) -> Path:
    path.mkdir()
    for name, data in pngs(moving_texture(count)).items():
        (path / name).write_bytes(data)
    return path


def sent(place: ClipPlace) -> ClipPlace:
    """Return the place as another process receives it."""
    again: ClipPlace = pickle.loads(pickle.dumps(place))
    assert again == place
    return again


def place_of(name: str | Path, width: int = 0) -> ClipPlace:
    with closing(open_clip(name, width=width)) as clip:
        return sent(ClipPlace.of(clip))


@pytest.mark.parametrize("width", [0, 80])
def test_a_video_file_is_opened_where_it_lies(video: Path, store: Store, width: int) -> None:
    place = place_of(video, width)
    assert (place.path, place.name, place.width, place.is_file, place.is_pair) == (
        video, "moving.mp4", width, True, False,
    )  # fmt: skip
    clip = place.open(store)
    with closing(open_clip(video, width=width)) as truth:
        assert clip.info == truth.info
        for index in (11, 0, 5):
            np.testing.assert_array_equal(clip.frame(index).rgb, truth.frame(index).rgb)
            np.testing.assert_array_equal(clip.frame(index).grey, truth.frame(index).grey)


def test_a_clip_of_the_lab_is_found_by_its_content(video: Path, tmp_path: Path, store: Store) -> None:
    with closing(Library(store)) as lab:
        with video.open("rb") as stream:
            content = lab.add("moving.mp4", stream)
        clip = lab.open(content)
        place = sent(ClipPlace.of(clip))
        assert (place.key, place.name) == (content, "moving.mp4")
        there = Store(tmp_path / "elsewhere")
        there.put_file(video)
        moved = ClipPlace(place.key, place.name, None, place.width).open(there)
        np.testing.assert_array_equal(moved.frame(7).rgb, clip.frame(7).rgb)


def test_an_index_in_the_store_spares_the_scan(video: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    place = place_of(video)
    with closing(open_clip(video, library=(lab := Library(store)))), closing(lab):
        index = store.answer(index_answer(place.key))
    assert index is not None
    seen: list[object] = []
    opened = clip_place.open_media

    def noted(*arguments: object, **named: object) -> object:
        seen.append(named["index"])
        return opened(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(clip_place, "open_media", noted)
    assert place.open(store).info.frame_count == 12
    close_clips()
    assert place.open(Store(store.home.parent / "empty")).info.frame_count == 12
    assert [index is None for index in seen] == [False, True]


@pytest.mark.parametrize("width", [0, 80])
def test_a_scene_is_its_text(store: Store, width: int) -> None:
    place = place_of(SCENE, width)
    assert (place.path, place.is_file, place.is_pair, place.width) == (None, False, False, width)
    assert place.key.startswith("scene:two-layers?")
    with closing(open_clip(SCENE, width=width)) as truth:
        assert place.open(store).info == truth.info
        np.testing.assert_array_equal(place.open(store).frame(3).rgb, truth.frame(3).rgb)


def test_a_scene_made_in_this_process_has_a_place_too(store: Store) -> None:
    scene = open_scene(SCENE)
    np.testing.assert_array_equal(ClipPlace.of(scene).open(store).frame(2).rgb, scene.frame(2).rgb)


def test_a_pair_of_a_data_set_stays_where_it_is() -> None:
    place = ClipPlace("data:middlebury/Venus", "Venus")
    assert (place.is_file, place.is_pair) == (False, True)


def test_a_folder_and_a_zip_of_pictures(tmp_path: Path, store: Store) -> None:
    folder = folder_of(tmp_path / "pictures")
    archive = write_zip(tmp_path / "pictures.zip", pngs(moving_texture(4)))
    for path in (folder, archive):
        place = place_of(path)
        assert place.is_file
        clip = place.open(store)
        assert (clip.info.name, clip.info.frame_count) == (path.name, 4)
        np.testing.assert_array_equal(clip.frame(3).rgb, moving_texture(4)[3][..., ::-1])


def test_a_folder_whose_pictures_changed_is_another_clip(tmp_path: Path, store: Store) -> None:
    folder = folder_of(tmp_path / "pictures", 4)
    before = place_of(folder)
    assert before.open(store).info.frame_count == 4
    (folder / "9.png").write_bytes((folder / "0.png").read_bytes())
    after = place_of(folder)
    assert after != before
    assert after.open(store).info.frame_count == 5


def test_a_clip_that_is_not_here_is_named(store: Store) -> None:
    with pytest.raises(ClipNotFoundError, match=r"the clip ‘moving\.mp4’ is not on the machine that computes"):
        ClipPlace("e" * 64, "moving.mp4").open(store)


def test_a_file_that_was_removed_is_named(tmp_path: Path, store: Store, video: Path) -> None:
    gone = tmp_path / "gone.mp4"
    gone.write_bytes(video.read_bytes())
    place = place_of(gone)
    gone.unlink()
    with pytest.raises(ClipNotFoundError, match=r"gone\.mp4"):
        place.open(store)
    gone.write_bytes(b"no video at all")
    with pytest.raises(ClipError, match=r"gone\.mp4"):
        place.open(store)


def places_of_zips(folder: Path, count: int) -> list[ClipPlace]:
    """Return the places of that many clips, of 2, 3, .. frames."""
    paths = [write_zip(folder / f"{n}.zip", pngs(moving_texture(2 + n))) for n in range(count)]
    return [ClipPlace(file_hash(path), path.name, path) for path in paths]


def test_clips_stay_open_between_pieces_but_only_a_few(tmp_path: Path, store: Store) -> None:
    places = places_of_zips(tmp_path, 6)
    first = places[0].open(store)
    assert places[0].open(store) is first
    assert replace(places[0], width=80).open(store).info.width == 80
    assert [place.open(store).info.frame_count for place in places] == [2, 3, 4, 5, 6, 7]
    assert len(clip_place._kept) == 4
    assert places[0].open(store) is not first
    close_clips()
    assert not clip_place._kept


def test_a_clip_used_again_is_not_the_one_let_go(tmp_path: Path, store: Store) -> None:
    places = places_of_zips(tmp_path, 5)
    first, second, *_ = [place.open(store) for place in places[:4]]
    places[0].open(store)
    places[4].open(store)
    assert places[0].open(store) is first
    assert places[1].open(store) is not second
