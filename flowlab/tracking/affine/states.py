"""What a region tracker says of itself in a frame."""

from enum import IntEnum


class State(IntEnum):
    """How far the warp of one frame is to be believed; `words` is what tables and legends call it."""

    TRACKED = 0
    OCCLUDED = 1
    LOST = 2
    KEYFRAME = 3

    @property
    def words(self) -> str:
        """In words."""
        return self.name.lower()

    @property
    def about(self) -> str:
        """What it means, in a sentence."""
        return _ABOUT[self]

    @property
    def is_believed(self) -> bool:
        """Whether the frame's own warp is believed; otherwise it repeats, or guesses from, the last believed one."""
        return self in (State.TRACKED, State.KEYFRAME)


_ABOUT = {
    State.TRACKED: "the template was found and what lies there looks like it",
    State.OCCLUDED: "the region should be here and something else is seen in its place, or hides part of it",
    State.LOST: "the template was not found; the last believed warp is repeated",
    State.KEYFRAME: "somebody drew the box here",
}
