"""The clips of one lab: by name, decoded elsewhere, exact, and never by a path from outside."""

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from flowlab.core.truth import Truth
from flowlab.errors import ClipError, ClipNotFoundError, EngineError, FlowlabError, ParameterError, StoreError
from flowlab.jobs.clips import open_clip
from flowlab.jobs.isolated import Source, check_in, open_in
from flowlab.jobs.library import Library
from flowlab.media.limits import LIMITS
from flowlab.store.objects import Store
from flowlab.store.samples import Sample
from tests.hostile import HOSTILE, SECRET, Hostile, moving_texture, pngs, write_video, write_zip

SCENE = "scene:two-layers?width=160&height=96&frames=4"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    lab = Library(Store(tmp_path / "home"))
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(40))


def frames_by_opencv(path: Path) -> list[np.ndarray]:
    reader = cv2.VideoCapture(str(path))
    frames = []
    while (read := reader.read())[0]:
        frames.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB))
    return frames


def add(library: Library, path: Path) -> str:
    with path.open("rb") as stream:
        return library.add(path.name, stream)


def test_an_upload_is_found_by_its_content_and_its_frames_are_exact(library: Library, video: Path) -> None:
    content = add(library, video)
    assert [clip.name for clip in library.known()] == ["moving.mp4"]
    clip = library.open(content)
    assert (clip.info.name, clip.info.frame_count, clip.info.content_hash) == ("moving.mp4", 40, content)
    truth = frames_by_opencv(video)
    for index in (0, 39, 17, 16, 15, 3, 38, 20):
        np.testing.assert_array_equal(clip.frame(index).rgb, truth[index])
        assert clip.frame(index).index == index
    assert [f.index for f in clip.frames(30, None, 4)] == [30, 34, 38]
    assert clip.time(10) == 10 / clip.info.fps


def test_decoding_happens_in_another_process_and_its_death_is_mended(library: Library, video: Path) -> None:
    clip = library.open(add(library, video))
    clip.frame(0)
    pid = library._decoder.pid
    assert pid not in (None, os.getpid())
    os.kill(pid, signal.SIGKILL)  # type: ignore[arg-type]
    np.testing.assert_array_equal(clip.frame(25).rgb, frames_by_opencv(video)[25])
    assert library._decoder.pid != pid


def test_a_short_run_is_fetched_so_that_stepping_on_costs_nothing(library: Library, video: Path) -> None:
    clip = library.open(add(library, video))
    clip.frame(10)
    library._decoder.close()
    for index in range(11, 18):
        clip.frame(index)
    assert library._decoder.pid is None  # nobody asked for it


def test_stepping_back_fetches_the_frames_before(library: Library, video: Path) -> None:
    clip = library.open(add(library, video))
    clip.frame(30)
    clip.frame(29)
    library._decoder.close()
    for index in range(28, 21, -1):
        clip.frame(index)
    assert library._decoder.pid is None


def test_the_working_width_is_honoured_and_kept_apart(library: Library, video: Path) -> None:
    content = add(library, video)
    assert library.open(content, width=80).frame(3).rgb.shape == (60, 80, 3)
    assert library.open(content).frame(3).rgb.shape == (120, 160, 3)
    native = library.open(content).frame(3)
    small = library.open(content, width=80).frame(3)
    np.testing.assert_array_equal(small.grey, cv2.resize(native.grey, (80, 60), interpolation=cv2.INTER_AREA))


def test_the_check_of_a_clip_is_done_once_for_all(library: Library, video: Path, tmp_path: Path) -> None:
    content = add(library, video)
    again = Library(Store(tmp_path / "home"))
    told: list[str] = []
    assert again.open(content, progress=lambda _, text: told.append(text)).info.frame_count == 40
    assert again._intake.pid is None
    assert not told
    again.close()


def test_pictures_chosen_together_become_one_clip_in_natural_order(library: Library) -> None:
    data = list(pngs([f[..., ::-1] for f in moving_texture(3)]).values())
    content = library.add_pictures([("f10.png", data[2]), ("f1.png", data[0]), ("f2.png", data[1])])
    clip = library.open(content)
    for index, rgb in enumerate(moving_texture(3)):
        np.testing.assert_array_equal(clip.frame(index).rgb, rgb)
    with pytest.raises(ClipError, match="1 picture was given"):
        library.add_pictures([("f1.png", data[0])])


def test_a_scene_has_its_truth_at_any_width(library: Library) -> None:
    clip = library.open(SCENE, width=80)
    assert isinstance(clip, Truth)
    assert clip.flow(0).shape == (48, 80, 2)
    assert library.open(SCENE) is library.open(SCENE)  # painted once


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "home/objects", "a" * 64, "A" * 64, "", "a" * 63, "file:///etc/passwd"]
)
def test_a_name_from_outside_is_never_a_path(library: Library, name: str) -> None:
    with pytest.raises(ClipNotFoundError, match="this lab has no clip"):
        library.open(name)


def test_other_wrong_names_say_what_there_is(library: Library) -> None:
    with pytest.raises(ClipNotFoundError, match="the scenes are translation, "):
        library.open("scene:../x")
    with pytest.raises(ParameterError, match="no parameter ‘colour’"):
        library.open("scene:two-layers?colour=red")
    with pytest.raises(ClipNotFoundError, match="the samples are"):
        library.open("sample:../x")
    with pytest.raises(ClipNotFoundError, match="download it first"):
        library.open("sample:box")


def test_a_sample_is_opened_once_it_is_here(library: Library, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = library.store.put_file(video)
    sample = Sample(
        key="mine", title="A moving board", url="https://example.org/x.mp4", sha256=content, bytes=1, frames=40,
        size="160x120", fps=25, licence="CC0", credit="nobody",
    )  # fmt: skip
    monkeypatch.setattr("flowlab.jobs.library.samples", lambda: {"mine": sample})
    assert library.open("sample:mine").info.name == "A moving board"


def test_an_upload_that_is_no_clip_is_not_kept(library: Library) -> None:
    for data in (b"", b"not a video " * 100):
        with pytest.raises(ClipError):
            library.add("text.mp4", io.BytesIO(data))
    assert library.known() == []
    assert library.store.used() == 0


def test_an_upload_beyond_the_quota_is_refused_and_leaves_nothing(tmp_path: Path, video: Path) -> None:
    lab = Library(Store(tmp_path / "small", quota=10_000))
    with pytest.raises(StoreError):
        add(lab, video)
    assert lab.store.used() == 0
    lab.close()


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_hostile_uploads_are_refused_in_a_sentence_or_open(case: Hostile, library: Library, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    try:
        clip = library.open(add(library, path))
        clip.frame(0)
        clip.frame(clip.info.frame_count - 1)
    except FlowlabError as error:
        assert not isinstance(error, EngineError), "the decoding process should refuse it, not die"
        assert case.outcome == "error"
        assert "\n" not in str(error)
        assert SECRET.decode() not in str(error)
        assert case.says in str(error)
    else:
        assert case.outcome != "error" or case.name == "one frame"
        assert (clip.info.damaged > 0) == (case.outcome == "part")
    # The next person's clip is none the worse for it.
    fine = write_zip(tmp_path / "fine.zip", pngs(moving_texture(2)))
    assert library.open(add(library, fine)).frame(1).rgb.shape == (120, 160, 3)


def test_open_clip_takes_every_kind_of_name(tmp_path: Path, video: Path) -> None:
    assert open_clip(SCENE).info.kind == "scene"
    clip = open_clip(video, width=80)
    assert (clip.info.frame_count, clip.frame(5).rgb.shape) == (40, (60, 80, 3))
    clip.close()
    with pytest.raises(ClipNotFoundError, match=r"there is no file or folder ‘nowhere\.mp4’"):
        open_clip("nowhere.mp4")
    with pytest.raises(ClipNotFoundError, match="this lab has no clip"):
        open_clip("b" * 64)


class Stopwatch:
    """Stands for a decoding process and notes the time it is given."""

    seconds = 0.0

    def call(self, method: str, *, seconds: float, **arguments: object) -> tuple[None, None]:
        self.seconds = seconds
        return None, None


def test_a_clip_that_opens_slowly_may_not_hold_up_the_process_of_everyones_frames() -> None:
    source, process = Source("k", Path("clip.mp4"), "clip.mp4", None), Stopwatch()
    check_in(process, source)  # type: ignore[arg-type]
    assert process.seconds > LIMITS.scan_seconds  # a new clip, in the intake process
    open_in(process, source)  # type: ignore[arg-type]
    assert process.seconds == LIMITS.frame_seconds < LIMITS.scan_seconds  # one that was checked before
