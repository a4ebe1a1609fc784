"""What is known of a track at a frame: it is new, it was tracked, or it ended, and why."""

from enum import IntEnum


class Status(IntEnum):
    """Where a track stands at one frame; `words` is what tables and legends call it."""

    TRACKED = 0
    NEW = 1
    OUTSIDE = 2
    FLAT = 3
    FAILED = 4
    INCONSISTENT = 5
    CHANGED = 6
    MERGED = 7
    CUT = 8

    @property
    def words(self) -> str:
        """In words."""
        return _WORDS[self]

    @property
    def is_alive(self) -> bool:
        """Whether the track has a position in this frame."""
        return self in (Status.TRACKED, Status.NEW)


_WORDS = {
    Status.TRACKED: "tracked",
    Status.NEW: "new",
    Status.OUTSIDE: "left the picture",
    Status.FLAT: "low texture",
    Status.FAILED: "LK failed",
    Status.INCONSISTENT: "forward-backward",
    Status.CHANGED: "appearance",
    Status.MERGED: "merged with another",
    Status.CUT: "scene cut",
}

ENDINGS = tuple(status for status in Status if not status.is_alive)
"""The reasons why a track ends, in the order in which they are looked for."""
