"""Boxes drawn in later frames, from which the tracker starts anew: in the address, in a list, in a file.

The address holds FRAME:x,y,w,h;FRAME:.. with frames from 0 and boxes in pixels of the clip.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath

import streamlit as st

from flowlab.core.clip import ClipInfo
from flowlab.core.region import Box
from flowlab.core.truth import BoxTruth
from flowlab.errors import FlowFileError, FlowlabError, ParameterError, shown
from flowlab.media.keyframes import checked, keyframes_text, read_all_keyframes, read_keyframes
from flowlab.tracking.affine.region_track import RegionTrack, bounding_boxes
from flowlab.tracking.regions import check_box

from .job_panel import stem
from .plain import plain
from .region_subject import PREFIX, RegionSubject
from .roi import set_roi, to_clip, to_working
from .url import set_text, text

KEYS = f"{PREFIX}keys"
MOST = 50
_TOLD = 3  # sentences about keyframes that cannot be used
_REFUSED = "_a_keys_refused"
_UPLOADS = "_a_keys_uploads"
_ENTRY = re.compile(r"([0-9]{1,8}):(.{1,80})")

Keyframes = dict[int, Box]


def read_keys(info: ClipInfo, start: int) -> tuple[Keyframes, list[str]]:
    """Return frame -> box, working px, of the keyframes after frame `start`; and sentences on those that cannot be."""
    known, refused = _parsed(info)
    return {frame: to_working(box, info) for frame, box in known.items() if frame > start}, refused


def _parsed(info: ClipInfo) -> tuple[Keyframes, list[str]]:
    """Return all keyframes of the address that fit the clip, in its pixels, and sentences on the others."""
    known: Keyframes = {}
    refused: list[str] = []
    entries = [entry for entry in text(KEYS).split(";") if entry]
    if len(entries) > MOST:
        refused.append(f"there are {len(entries)} keyframes: the first {MOST} are used")
    for entry in entries[:MOST]:
        try:
            frame, box = _entry(entry)
            _check(frame, box, info)
            known[frame] = box
        except ParameterError as error:
            refused.append(str(error))
    more = len(refused) - _TOLD
    return dict(sorted(known.items())), refused[:_TOLD] + ([f"{more} more keyframes cannot be used"] * (more > 0))


def _entry(entry: str) -> tuple[int, Box]:
    match = _ENTRY.fullmatch(entry)
    if match is None:
        raise ParameterError(f"a keyframe is {shown(entry)}: give FRAME:x,y,w,h, joined by ;")
    return int(match[1]), Box.parse(match[2], f"the keyframe of frame {int(match[1])}")


def _check(frame: int, box: Box, info: ClipInfo) -> None:
    if frame >= info.frame_count:
        raise ParameterError(
            f"there is a keyframe at frame {frame} and the clip ends with frame {info.frame_count - 1}: it is left out"
        )
    check_box(to_working(box, info), info.width, info.height, frame)


def _write(keyframes: Mapping[int, Box]) -> None:
    set_text(KEYS, ";".join(f"{frame}:{keyframes[frame]}" for frame in sorted(keyframes)))


def set_keyframe(info: ClipInfo, frame: int, box: Box | None) -> None:
    """Write the keyframe of a frame, working px, into the address; None takes it out."""
    known = _parsed(info)[0]
    known.pop(frame, None)
    if box is not None and len(known) >= MOST:
        st.session_state[_REFUSED] = f"there are {MOST} keyframes, as many as a link may hold: remove one first"
        return
    _write(known if box is None else known | {frame: to_clip(box, info)})


def forget_keyframes() -> None:
    """Take all keyframes out of the address."""
    _write({})


def take_keyframes(info: ClipInfo, start: int, keyframes: Mapping[int, Box]) -> None:
    """Put keyframes, px of the clip, in the place of those there are; one of frame `start` becomes the box.

    Raises:
        FlowlabError: one lies beyond the clip, or cannot be followed, or they are too many; then nothing changes.
    """
    size = info.source_width or info.width, info.source_height or info.height
    known = checked(keyframes, info.frame_count, *size)
    for frame, box in known.items():
        check_box(to_working(box, info), info.width, info.height, frame)
    if len(known) > MOST:
        raise ParameterError(f"there are {len(known)} keyframes: a link holds at most {MOST}, use the shell for more")
    if start in known:
        set_roi(known.pop(start))
    _write(known)


def show_refusal() -> None:
    """Say, once, why the last keyframe or file was refused; those there were are still there."""
    refused = st.session_state.pop(_REFUSED, None)
    if refused:
        st.error(plain(refused))


def offer_keyframes(subject: RegionSubject, to_frame: Callable[[int], None]) -> None:
    """Show the button that makes the tracked region a keyframe, and the list of them all.

    Args:
        subject: what is looked at.
        to_frame: called with the frame that somebody chose from the list.
    """
    info, frame, known = subject.info, subject.frame, subject.keyframes
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a_keyframe_row"):
        if frame in known:
            st.button(
                "Remove keyframe", icon=":material/bookmark_remove:", key="a_key_drop", on_click=set_keyframe,
                args=(info, frame, None), help="Go on from the keyframe before this one.",
            )  # fmt: skip
        else:
            here = tracked_box(subject.track, frame, info)
            st.button(
                "Keyframe here", icon=":material/bookmark_add:", key="a_key_add", on_click=set_keyframe,
                args=(info, frame, here), disabled=here is None or frame == subject.start,
                help="Start the tracker anew in this frame, from the box around where it is now; then move that box on "
                "the picture. What comes before stays as it is.",
            )  # fmt: skip
        title = f"Keyframes ({len(known)})" if known else "Keyframes"
        place = st.popover(title, key="a_keys_open", on_change="rerun")
        if place.open:
            with place:
                _listed(subject, to_frame)
                _with_the_clip(subject)
                _files(subject)
        st.caption(_hint(subject), width="stretch")


def _hint(subject: RegionSubject) -> str:
    frame = subject.frame
    if frame == subject.start:
        return "The tracker starts here: drag the box, its sides, or draw another one."
    if frame in subject.keyframes:
        return f"Keyframe: the tracker starts anew in frame {frame}. Drag its box to correct it."
    return "Drag a box on the picture to put the tracker right from this frame on: a keyframe."


def tracked_box(track: RegionTrack, frame: int, info: ClipInfo) -> Box | None:
    """Return the upright box around the region in a frame, whole working px inside the picture; None where it is none.

    Its sides are at least 8 px; none is where the picture does not hold that.
    """
    row = track.at(frame)
    if not len(row):
        return None
    x, y, w, h = bounding_boxes(row.corners)[0].tolist()
    try:
        left, top = max(0, round(x)), max(0, round(y))
        box = Box(left, top, min(info.width, round(x + w)) - left, min(info.height, round(y + h)) - top)
        check_box(box, info.width, info.height, frame)
    except (FlowlabError, ValueError, OverflowError):  # nowhere in the picture, too small, or not finite
        return None
    return box


def _listed(subject: RegionSubject, to_frame: Callable[[int], None]) -> None:
    """List the keyframes, each with a way to go there and one to remove it."""
    if not subject.keyframes:
        st.caption("None yet. A keyframe is a box drawn in a later frame: the tracker starts anew from it.")
    for frame, box in subject.keyframes.items():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(f"Frame {frame}", key=f"a_key_go_{frame}", on_click=to_frame, args=(frame,), type="tertiary")
            st.caption(str(to_clip(box, subject.info)), width="stretch")
            st.button(
                "", icon=":material/delete:", key=f"a_key_drop_{frame}", help=f"Remove the keyframe of frame {frame}",
                on_click=set_keyframe, args=(subject.info, frame, None), type="tertiary",
            )  # fmt: skip
    if len(subject.keyframes) > 1:
        st.button("Remove all", key="a_keys_clear", on_click=forget_keyframes)


def _with_the_clip(subject: RegionSubject) -> None:
    """Offer the keyframes that come with the clip."""
    clip = subject.clip
    if not isinstance(clip, BoxTruth) or not clip.keyframes:
        return
    fitting = {frame: to_clip(box, subject.info) for frame, box in clip.keyframes.items()}
    st.button(
        f"Use the {len(fitting)} that come with the clip", key="a_keys_given", icon=":material/bookmarks:",
        on_click=_take, args=(subject, fitting), help="Drawn by hand; one of the first frame takes the box's place.",
    )  # fmt: skip


def _take(subject: RegionSubject, keyframes: Mapping[int, Box]) -> None:
    try:
        take_keyframes(subject.info, subject.start, keyframes)
    except FlowlabError as error:
        st.session_state[_REFUSED] = str(error)


def _files(subject: RegionSubject) -> None:
    """Offer the keyframes as a file, and take some from one."""
    everything = {frame: to_clip(box, subject.info) for frame, box in all_boxes(subject).items()}
    st.download_button(
        "Download keyframes.json", partial(_as_text, everything), file_name=f"{stem(subject.info.name)}_keyframes.json",
        mime="application/json", key="a_get_keys", icon=":material/download:", on_click="ignore", width="stretch",
    )  # fmt: skip
    turn = st.session_state.setdefault(_UPLOADS, 0)
    key = f"a_keys_file_{turn}"
    st.file_uploader(
        "Take them from a file", type=["json"], key=key, on_change=_uploaded, args=(subject, key),
        help='JSON: {"14": [x0, y0, x1, y1]}, frames from 1, pixels of the clip; those there are give way.',
    )  # fmt: skip


def _as_text(keyframes: Mapping[int, Box]) -> bytes:
    return keyframes_text(keyframes).encode()


def all_boxes(subject: RegionSubject) -> Keyframes:
    """Return the boxes of the start and of all keyframes, working px."""
    return {subject.start: subject.box} | dict(subject.keyframes)


def _uploaded(subject: RegionSubject, key: str) -> None:
    """Take the keyframes of the file that was dropped; the uploader then comes back under a new key, empty."""
    file = st.session_state.get(key)
    if file is None:
        return
    st.session_state[_UPLOADS] += 1
    try:
        found = _of_this_clip(file.getvalue(), subject.info.name)
        take_keyframes(subject.info, subject.start, found)
    except FlowlabError as error:
        st.session_state[_REFUSED] = str(error)


def _of_this_clip(data: bytes, clip_name: str) -> Keyframes:
    """Return the keyframes of a file: of the only sequence in it, or of the one called as the clip is."""
    names = read_all_keyframes(data)
    called = next((word for word in _words(clip_name) if word in names), None)
    if called is None and len(names) > 1:
        several = ", ".join(shown(name, 30) for name in list(names)[:5])
        raise FlowFileError(f"the keyframes are of {several}, none of which is this clip: give a file of one sequence")
    found = read_keyframes(data, called)
    if not found:
        raise FlowFileError("the file holds no keyframe: give one with frames and boxes")
    return found


def _words(name: str) -> Iterator[str]:
    """Yield what a clip may be called in a file."""
    path = PurePosixPath(name.removeprefix("data:"))
    yield from (*reversed(path.parts), path.stem)
