"""The pictures and the true boxes of a sequence of a data set: reading, and placing box by box on frame by frame."""

import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo
from flowlab.core.region import Box
from flowlab.core.truth import KnownBoxes
from flowlab.errors import ClipError, ClipNotFoundError, FlowFileError, FlowlabError, shown
from flowlab.media.box_sets import BoxSequence
from flowlab.media.keyframes import checked, read_keyframes
from flowlab.media.limits import LIMITS, Limits
from flowlab.media.picture_files import FilePictures, pictures_in
from flowlab.media.pictures import PictureClip

Boxes = NDArray[np.float64]

_MOST_BYTES = 8 << 20
_FARTHEST = 1e6  # px: what no picture reaches
_SEPARATOR = re.compile(r"\s*[,;]\s*|\s+")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]{1,3})?|[-+]?nan", re.IGNORECASE)

# Sequences of which the benchmark uses a part, first and last picture from 1, and whose boxes are of that part only.
# Source: the benchmark's own list of sequences (tracker_benchmark, configSeqs.m).
_PART_USED = {"david": (300, 770), "football1": (1, 74), "freeman3": (1, 460), "freeman4": (1, 283), "diving": (1, 215)}


def read_boxes(path: Path) -> Boxes:
    """Return the boxes (N, 4) of a groundtruth_rect.txt; see `boxes_from`.

    Raises:
        FlowFileError: it is not there, is no such file, or has no box at all.
    """
    return boxes_from(_data(path), path.name)


def boxes_from(data: bytes, name: str) -> Boxes:
    """Return the boxes (N, 4) float64 in a groundtruth_rect.txt: x, y, w, h, a line a frame, NaN where there is none.

    Numbers are parted by commas, tabs or blanks. The file counts pixels from 1 and here they count from 0. A frame
    whose box has a NaN or no size shows nothing to follow.

    Args:
        data: what is in the file.
        name: of the file, for messages.

    Raises:
        FlowFileError: it is no such file, or has no box at all.
    """
    rows = [_box(line, number, name) for number, line in enumerate(_lines(data, name), 1)]
    boxes = np.array(rows, np.float64).reshape(-1, 4)
    boxes[:, :2] -= 1
    boxes[~((boxes[:, 2] > 0) & (boxes[:, 3] > 0) & np.isfinite(boxes).all(axis=1))] = np.nan
    if not np.isfinite(boxes).any():
        raise FlowFileError(f"the truth {shown(name)} holds no box in any frame: there is nothing to compare with")
    return boxes


def _data(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise FlowFileError(f"there is no truth {shown(path.name)}: put it beside the folder of pictures") from None
    except OSError as error:
        raise FlowFileError(f"the truth {shown(path.name)} cannot be read ({error.strerror}): check the file") from None


def _lines(data: bytes, name: str) -> list[str]:
    if len(data) > _MOST_BYTES:
        raise FlowFileError(f"the truth {shown(name)} is larger than {_MOST_BYTES >> 20} MiB: is it another file?")
    try:
        return data.decode("utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError:
        raise FlowFileError(f"the truth {shown(name)} is no text: give lines of x,y,w,h") from None


def _box(line: str, number: int, name: str) -> list[float]:
    parts = _SEPARATOR.split(line.strip())
    values = [float(part) for part in parts if _NUMBER.fullmatch(part)]
    if len(parts) != 4 or len(values) != 4 or any(abs(value) > _FARTHEST for value in values):
        raise FlowFileError(f"line {number} of the truth {shown(name)} is {shown(line)}: give x,y,w,h in pixels")
    return values


def picture_folder(sequence: BoxSequence) -> Path:
    """Return the folder of a sequence's pictures, once it is clear that neither it nor they lead out of the data set.

    Raises:
        ClipNotFoundError: there is no such folder.
        ClipError: it or a picture is a link that leads out.
    """
    folder = sequence.pictures
    if not folder.is_dir():
        raise ClipNotFoundError(f"{shown(sequence.name)} has no folder {shown(folder.name)}: fetch the sequence again")
    _check_place(folder, sequence.root)
    try:
        with os.scandir(folder) as entries:
            links = sorted(entry.name for entry in entries if entry.is_symlink())
    except OSError as error:
        raise ClipError(f"{shown(sequence.name)} cannot be read ({error.strerror}): check its permissions") from None
    for name in links:
        _check_place(folder / name, sequence.root)
    return folder


def open_sequence(sequence: BoxSequence, *, limits: Limits = LIMITS) -> PictureClip:
    """Open the pictures of a sequence in this very process; jobs.library has them decoded in another.

    Raises:
        ClipNotFoundError: there is no folder of pictures.
        LimitError: a picture has more pixels than `limits` accept.
        ClipError: the folder holds no pictures or some of different sizes, or something is a link out of the data set.
    """
    name = f"{sequence.dataset}/{sequence.name}"
    source = FilePictures(pictures_in(picture_folder(sequence)))
    return PictureClip(source, name=name, content_hash=name, limits=limits)


def true_boxes(sequence: BoxSequence, info: ClipInfo) -> tuple[Boxes, str]:
    """Return the true boxes (N, 4) of all frames of a sequence whose pictures were opened, NaN where there is none.

    Args:
        sequence: its files.
        info: facts of its pictures at their own size.

    Returns:
        The boxes, and a sentence on frames that should have one and do not, or "".

    Raises:
        FlowFileError: the file of boxes is missing or damaged, or is not of these pictures.
        ClipError: it is a link out of the data set.
    """
    _check_place(sequence.truth, sequence.root)
    known, count = read_boxes(sequence.truth), info.frame_count
    truth = f"the truth {shown(sequence.truth.name)}"
    if info.damaged:
        raise FlowFileError(
            f"{info.damaged} of the pictures cannot be read, so that nobody can tell which box belongs to which frame: "
            "fetch the sequence again"
        )
    if len(known) > count:
        raise FlowFileError(f"{truth} has {len(known)} lines and there are {count} pictures: fetch the sequence again")
    first, last = _PART_USED.get(sequence.name.lower(), (1, 0))
    as_published = len(known) == last - first + 1 and last <= count
    start = first - 1 if as_published else 0
    boxes = np.full((count, 4), np.nan)
    boxes[start : start + len(known)] = known
    if as_published or len(known) == count:
        return boxes, ""
    return boxes, f"{truth} has {len(known)} lines for {count} pictures: the frames after them have no truth"


def known_boxes(sequence: BoxSequence, info: ClipInfo) -> KnownBoxes:
    """Return boxes and keyframes of a sequence whose pictures were opened; what cannot be read is left out and noted.

    Args:
        sequence: its files.
        info: facts of its pictures at their own size.
    """
    notes = []
    boxes, keyframes = np.full((info.frame_count, 4), np.nan), {}
    try:
        boxes, note = true_boxes(sequence, info)
        notes += [note] if note else []
    except FlowlabError as error:
        notes.append(str(error))
    try:
        keyframes = _keyframes(sequence, info)
    except FlowlabError as error:
        notes.append(str(error))
    return KnownBoxes(boxes, keyframes, "; ".join(notes))


def _keyframes(sequence: BoxSequence, info: ClipInfo) -> dict[int, Box]:
    if sequence.keyframes is None:
        return {}
    _check_place(sequence.keyframes, sequence.root)
    return checked(read_keyframes(sequence.keyframes, sequence.name), info.frame_count, info.width, info.height)


def _check_place(path: Path, root: Path) -> None:
    if not Path(os.path.realpath(path)).is_relative_to(root):
        raise ClipError(
            f"{shown(path.name)} is a link that leads out of the data set: put the file or folder itself there"
        )
