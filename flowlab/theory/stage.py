"""What a step of the derivation looks at: two frames of a small scene and their exact motion."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowlab.scenes.registry import SCENES, open_scene, scene_text
from flowlab.scenes.scene import Scene

Plane = NDArray[np.float32]
_KEPT = 24  # stages; one of 96x96 takes 0.3 MB
_SCENES_KEPT = 8  # with their textures: another frame of the same scene costs nothing


@dataclass(frozen=True, eq=False)
class Stage:
    """Two frames of a scene.

    Attributes:
        scene: its text, such as `scene:translation?width=64`.
        index: of the first frame.
        gap: frames to the second one.
        first, second: (H, W) float32, grey levels 0..255: whole numbers, as a camera gives them.
        flow: (H, W, 2) float32, the exact motion between them, px.
    """

    scene: str
    index: int
    gap: int
    first: Plane
    second: Plane
    flow: NDArray[np.float32]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.first.shape[1], self.first.shape[0]


@lru_cache(maxsize=_SCENES_KEPT)
def _scene(text: str) -> Scene:
    return open_scene(text)


@lru_cache(maxsize=_KEPT)
def stage(scene: str, index: int = 0, gap: int = 1) -> Stage:
    """Return frames `index` and `index + gap` of a scene, read-only; raises as `open_scene` does."""
    clip = _scene(scene)
    planes = [clip.frame(number).grey.astype(np.float32) for number in (index, index + gap)]
    flow = clip.flow(index, gap)
    for array in (*planes, flow):
        array.flags.writeable = False
    return Stage(clip.info.name, index, gap, planes[0], planes[1], flow)


def scene_of(name: str, motion: tuple[float, float] | None = None, gap: int = 1, **knobs: float | str) -> str:
    """Return the text of a scene.

    Args:
        name: in the registry of scenes.
        motion: (u, v), px, from a frame to the one `gap` later; None: the knobs `speed` and `direction` say it.
        gap: frames.
        knobs: of the scene.
    """
    if motion is not None:
        u, v = motion
        knobs |= {"speed": math.hypot(u, v) / gap, "direction": math.degrees(math.atan2(v, u))}
    return scene_text(name, SCENES[name].parameters(**knobs))  # type: ignore[arg-type]
