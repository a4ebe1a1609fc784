"""The clips of one lab: scenes, samples, data sets, uploads and files, each by name, decoded out of harm's way."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from flowlab.core.clip import Clip, ClipInfo, Frame
from flowlab.core.resized import at_width
from flowlab.engine.process import ServiceProcess
from flowlab.errors import ClipError, ClipNotFoundError, FlowlabError, shown
from flowlab.jobs.data_clips import PREFIX, DataClips
from flowlab.jobs.isolated import IsolatedClip, Source, check_in, index_answer, open_in
from flowlab.jobs.memory import ByteCache
from flowlab.jobs.sequence_clip import SequenceClip
from flowlab.media.archives import pack_pictures
from flowlab.media.box_sets import BoxSequence
from flowlab.media.hashing import file_hash
from flowlab.media.true_boxes import known_boxes, picture_folder
from flowlab.scenes.registry import parse_scene, scene_text
from flowlab.store.clips import KnownClip, find_clip, known_clips, remember_clip
from flowlab.store.objects import Store, open_store
from flowlab.store.samples import Sample, fetch_sample, samples

Progress = Callable[[float, str], None]

_DECODER = "flowlab.jobs.decoding:DecodeService"
_FRAME_BYTES = 512 << 20
_OPEN_CLIPS = 256  # facts and index of a clip; a two-hour index is about 2 MB
_SCENE_PIXELS = 1920 * 1080  # of the scenes kept: a street holds some 300 bytes of textures a pixel
_CHUNK = 1 << 20


class Library:
    """Opens clips by name, keeps uploads in the store, and holds the two decoding processes.

    New clips are checked in the `intake` process, so that a slow or hostile upload never delays the
    frames of clips that are already being looked at, which come from the other.

    Args:
        store: where uploads and answers are kept; None for the person's own (store.open_store).
        one_process: let one process do both, for a shell or script that opens one clip and closes it.
    """

    def __init__(self, store: Store | None = None, *, one_process: bool = False) -> None:
        self.store = open_store() if store is None else store
        self.data = DataClips()
        self._alone = one_process
        self._decoder = ServiceProcess(_DECODER, what="the decoding process")
        self._intake = self._decoder if one_process else ServiceProcess(_DECODER, what="the decoding process")
        self._frames: ByteCache[Frame] = ByteCache(_FRAME_BYTES)
        self._opened: ByteCache[tuple[Source, ClipInfo]] = ByteCache(_OPEN_CLIPS)
        self._scenes: ByteCache[Clip] = ByteCache(_SCENE_PIXELS)

    def start(self) -> None:
        """Start the decoding processes before anyone waits for them."""
        self._decoder.start()
        self._intake.start()

    def close(self) -> None:
        """End the decoding processes."""
        self._decoder.close()
        self._intake.close()

    # -- opening -----------------------------------------------------------------------------

    def open(self, name: str, *, width: int = 0, progress: Progress | None = None) -> Clip:
        """Open a clip by a name that came from outside.

        `scene:NAME?..`, `sample:KEY`, `data:SET/NAME` (a pair or sequence of a data set in FLOWLAB_DATA) or a content
        hash: the name is looked up among the clips known here and never part of a path.

        Args:
            name: see above.
            width: working width in pixels, 0 for native.
            progress: called with (share, text) while a new clip is checked.

        Raises:
            ClipNotFoundError: no clip of that name is known here.
            FlowlabError: it is known but cannot be opened.
        """
        if name.startswith("scene:"):
            return at_width(self._scene(name), width)
        if name.startswith("sample:"):
            return self._open_source(self._sample_source(name.removeprefix("sample:")), width, progress)
        if name.startswith(PREFIX):
            found = self.data.open(name)
            if isinstance(found, BoxSequence):
                return self._open_sequence(found, name, width, progress)
            return at_width(found, width)
        known = find_clip(self.store, name)
        if known is None:
            raise ClipNotFoundError(
                f"this lab has no clip {shown(name, 24)}: the link may come from another lab, or the clip was removed "
                "to make room; add the clip again and the link will work"
            )
        return self._open_source(self._stored(name, known.name), width, progress)

    def open_path(self, path: Path, *, width: int = 0, progress: Progress | None = None) -> Clip:
        """Open a file or folder of this machine, named by the person who owns it (never by a link)."""
        key = file_hash(path) if path.is_file() else _folder_key(path)
        return self._open_source(Source(key, path, path.name, None), width, progress)

    def _scene(self, text: str) -> Clip:
        kind, parameters = parse_scene(text)
        key = scene_text(kind.name, parameters)
        clip = self._scenes.get(key)
        if clip is None:
            clip = kind.make(parameters)
            self._scenes.put(key, clip, clip.info.width * clip.info.height)
        return clip

    def _sample_source(self, key: str) -> Source:
        sample = samples().get(key)
        if sample is None:
            raise ClipNotFoundError(f"there is no sample clip {shown(key)}: the samples are {', '.join(samples())}")
        if not self.store.has(sample.sha256):
            raise ClipNotFoundError(f"the sample clip {shown(sample.title)} is not here yet: download it first")
        return self._stored(sample.sha256, sample.title)

    def _stored(self, content: str, name: str) -> Source:
        return Source(content, self.store.path(content), name, None)

    def _open_sequence(self, sequence: BoxSequence, name: str, width: int, progress: Progress | None) -> Clip:
        folder = picture_folder(sequence)
        source, info = self._looked_at(Source(_folder_key(folder), folder, name, None), progress)
        known = known_boxes(sequence, info)
        return SequenceClip(self._decoder, source, info.at_width(width), self._frames, known, ends_process=self._alone)

    def _open_source(self, source: Source, width: int, progress: Progress | None) -> Clip:
        source, info = self._looked_at(source, progress)
        return IsolatedClip(self._decoder, source, info.at_width(width), self._frames, ends_process=self._alone)

    def _looked_at(self, source: Source, progress: Progress | None) -> tuple[Source, ClipInfo]:
        """Return a source with its index, and the facts of its clip at its own size; known, or found out now."""
        opened = self._opened.get(source.key)
        if opened is None:
            opened = self._inspect(source, progress)
            self._opened.put(source.key, opened, 1)
        return replace(opened[0], name=source.name), replace(opened[1], name=source.name)

    def _inspect(self, source: Source, progress: Progress | None) -> tuple[Source, ClipInfo]:
        """Learn what the clip is: from its index in the store, or by checking it in the intake process."""
        answer_key = index_answer(source.key)
        index = self.store.answer(answer_key)
        if index is None:
            _, index = check_in(self._intake, source, progress)
            if index is not None:
                self.store.put_answer(answer_key, index)
        source = replace(source, index=index)
        info, _ = open_in(self._decoder, source)
        return source, info

    # -- adding ------------------------------------------------------------------------------

    def known(self) -> list[KnownClip]:
        """Return the uploaded clips that are still here, newest first."""
        return known_clips(self.store)

    def add(self, name: str, stream: BinaryIO, *, progress: Progress | None = None) -> str:
        """Put a clip of one file into the store, check it, and return its content hash.

        Raises:
            ClipError: it is no clip; nothing of it is kept.
            StoreError: there is no room for it.
        """
        with self.store.incoming() as incoming:
            while chunk := stream.read(_CHUNK):
                incoming.write(chunk)
            content = incoming.commit()
        return self._admit(content, name, progress)

    def add_pictures(
        self, files: Sequence[tuple[str, bytes]], *, name: str = "", progress: Progress | None = None
    ) -> str:
        """Put several pictures (name, bytes) into the store as one clip, in natural order of their names.

        `name` is what to call the clip; by default it is made of the pictures' names.
        """
        if len(files) < 2:
            raise ClipError(f"{len(files)} picture was given: flow needs at least two, choose them together")
        name = name or f"{files[0][0]} and {len(files) - 1} more"
        return self._admit(self.store.put_bytes(pack_pictures(files)), name, progress)

    def add_sample(self, sample: Sample, *, progress: Progress | None = None) -> str:
        """Download a sample clip unless it is here; return its content hash."""
        return fetch_sample(self.store, sample, progress=progress)

    def _admit(self, content: str, name: str, progress: Progress | None) -> str:
        known_before = find_clip(self.store, content) is not None
        try:
            clip = self._open_source(self._stored(content, name), 0, progress)
        except FlowlabError:
            if not known_before:
                self.store.remove(content)
            raise
        remember_clip(self.store, content, name, kind=clip.info.kind)
        return content


def _folder_key(path: Path) -> str:
    """Return what the frames of a folder are kept under while it is open."""
    return f"folder {path.resolve()}"
