"""Choosing a clip: a scene made here, a sample to download, a pair of a data set, or something of one's own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from flowlab.core.clip import Clip
from flowlab.errors import FlowlabError
from flowlab.scenes.registry import SCENES
from flowlab.store.samples import samples

from .lab import open_lab
from .plain import plain
from .scene_knobs import scene_knobs
from .url import BOUND, clip_name, set_clip

DEFAULT_CLIP = "scene:two-layers"
VIDEO_TYPES = ["mp4", "mov", "mkv", "webm", "avi", "gif", "ts", "mpg", "mpeg", "flv", "m4v"]
PICTURE_TYPES = ["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp", "ppm", "pgm"]
SNAPSHOTS = ("First", "Second")
_PICK = "clip_pick"
_UPLOADS = "_uploads"
_REFUSED = "_refused"
_FULL = "full"
_DOWNLOAD = "sample_download"
_WIDTHS = (1280, 960, 640, 480, 320, 160)


def choose_clip(width_key: str, on_change: Callable[[], None], default: str = DEFAULT_CLIP) -> Clip:
    """Show the controls of a clip in the sidebar and return the clip at its working width.

    Args:
        width_key: key of the working-width control, bound to the address.
        on_change: called when another clip was chosen, to put the page's frame back to the start.
        default: the clip the page opens on.

    Raises:
        FlowlabError: the clip of the address is not known, or cannot be opened.
    """
    _take_upload(on_change)
    name = clip_name(default)
    st.caption("CLIP")
    _pick(name, on_change)
    _add()
    if name.startswith("scene:"):
        scene_knobs(name)
    if name.startswith("sample:"):
        _sample(name)
    native = _open(name, 0)
    return _open(name, _working_width(native.info.width, width_key))


def offer_remedy(on_change: Callable[[], None], default: str = DEFAULT_CLIP) -> None:
    """Offer what helps where the clip asked for cannot be shown: to download it, or the built-in one."""
    name = clip_name(default)
    sample = samples().get(name.removeprefix("sample:")) if name.startswith("sample:") else None
    if sample and not open_lab().library.store.has(sample.sha256):
        st.button(f"Download ({sample.bytes / 1e6:.1f} MB)", type="primary", key=_DOWNLOAD)

    def show_default() -> None:
        set_clip(default)
        on_change()

    st.button("Show the built-in scene", on_click=show_default, key="clip_default")


def show_refusal() -> None:
    """Say, once, why the last upload was refused; the clip looked at before is still there."""
    refused = st.session_state.pop(_REFUSED, None)
    if refused:
        st.error(plain(refused))


def _open(name: str, width: int) -> Clip:
    with _checking() as progress:
        return open_lab().library.open(name, width=width, progress=progress)


@contextmanager
def _checking() -> Iterator[Callable[[float, str], None]]:
    """Yield a progress callback that draws a bar as soon as there is something to tell."""
    place = st.empty()

    def show(share: float, text: str) -> None:
        place.progress(min(1.0, max(0.0, share)), plain(text))

    try:
        yield show
    finally:
        place.empty()


def _choices(current: str) -> dict[str, str]:
    """Return name -> title of every clip to choose from; `current` stands among them even if unknown."""
    names = {f"scene:{kind.name}": f"Scene: {kind.title}" for kind in SCENES.values()}
    names |= {f"sample:{key}": f"Sample: {sample.title}" for key, sample in samples().items()}
    names |= {name: f"Data: {title}" for name, title in open_lab().library.data.titles(current).items()}
    downloaded = {sample.sha256 for sample in samples().values()}
    names |= {
        clip.content_hash: f"Yours: {clip.name}"
        for clip in open_lab().library.known()
        if clip.content_hash not in downloaded
    }
    return names if current in names else names | {current: "(not known here)"}


def _pick(name: str, on_change: Callable[[], None]) -> None:
    scene = name.removeprefix("scene:").partition("?")[0]
    shown = f"scene:{scene}" if name.startswith("scene:") and scene in SCENES else name
    titles = _choices(shown)
    st.session_state[_PICK] = shown

    def picked() -> None:
        set_clip(st.session_state[_PICK])
        on_change()

    st.selectbox(
        "Clip", list(titles), format_func=lambda key: titles.get(key, key), key=_PICK, on_change=picked,
        label_visibility="collapsed",
    )  # fmt: skip
    if note := open_lab().library.data.note:
        st.caption(plain(note))


def _sample(name: str) -> None:
    sample = samples().get(name.removeprefix("sample:"))
    if sample is None:
        return  # opening it says so
    st.caption(f"{plain(sample.licence)} · {plain(sample.credit)}")
    if st.session_state.get(_DOWNLOAD):  # the button `offer_remedy` showed was pressed
        with _checking() as progress:
            open_lab().library.add_sample(sample, progress=progress)


def _add() -> None:
    """Offer the ways to bring a clip of one's own; `_take_upload` receives what comes."""
    turn = st.session_state.setdefault(_UPLOADS, 0)
    with st.popover("Use your own …", width="stretch", key=f"own_{turn}"):
        file, camera = st.tabs(["File or pictures", "Camera"])
        file.file_uploader(
            "A video, a zip of pictures, or several pictures chosen together",
            type=[*VIDEO_TYPES, *PICTURE_TYPES, "zip"], accept_multiple_files=True, key=f"upload_{turn}",
        )  # fmt: skip
        with camera:
            st.caption("Two snapshots, one after the other, become a pair of frames.")
            if st.toggle("Use the camera", key=f"camera_{turn}"):
                for which in SNAPSHOTS:
                    st.camera_input(f"{which} snapshot", key=f"{which}_{turn}")


def _take_upload(on_change: Callable[[], None]) -> None:
    """Put what was dropped or photographed into the store and show it.

    Done before anything is drawn: the popover and the uploader then come back under new keys, closed and
    empty. The bytes are in the store by then, and must not stay in the server's memory as well.
    """
    turn = st.session_state.get(_UPLOADS, 0)
    files = [(f.name, f) for f in st.session_state.get(f"upload_{turn}") or []]
    shots = [st.session_state.get(f"{which}_{turn}") for which in SNAPSHOTS]
    title = ""
    if all(shots):
        files, title = [(f"{n}.jpg", shot) for n, shot in enumerate(shots, 1)], "Two snapshots"
    if not files:
        return
    library = open_lab().library
    try:
        with _checking() as progress:
            if len(files) == 1:
                content = library.add(*files[0], progress=progress)
            else:
                pictures = [(name, file.getvalue()) for name, file in files]
                content = library.add_pictures(pictures, name=title, progress=progress)
    except FlowlabError as error:
        st.session_state[_REFUSED] = str(error)
    else:
        set_clip(content)
        on_change()
    st.session_state[_UPLOADS] = turn + 1


def _working_width(native: int, key: str) -> int:
    widths = [_FULL, *(str(width) for width in _WIDTHS if width < native)]
    chosen = st.selectbox(
        "Working width", widths, key=key, **BOUND,
        help=f"Pixels across for the computation: full is the clip's own {native}. Smaller is faster and sees less.",
    )  # fmt: skip
    return 0 if chosen == _FULL else int(chosen)
