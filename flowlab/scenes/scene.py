"""A scene: a synthetic clip that knows its own motion."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo, Frame, Picture, check_index
from flowlab.core.parameters import Parameters, parameter
from flowlab.core.truth import SceneObject
from flowlab.errors import ParameterError
from flowlab.scenes.motions import folded
from flowlab.scenes.noise import Field
from flowlab.scenes.text import scene_text

FPS = Fraction(25)
_GAIN_SWING = 0.4
_BIAS_SWING = 40.0  # grey levels
_MOST_MOMENTS = 12  # rendered for one blurred frame
_TEXTURES, _NOISE = 0, 1  # streams of randomness that must not repeat each other


def speed_knob(help: str) -> Any:
    """Declare the parameter of a speed, px/frame; a scene says in `help` what moves that fast."""
    return parameter(2.0, low=0.0, high=20.0, step=0.1, unit="px/frame", help=help)


@dataclass(frozen=True)
class SceneParameters(Parameters):
    """The knobs every scene has; a scene's own class adds what moves and where to."""

    width: int = parameter(640, low=64, high=1920, unit="px", help="Width of a frame.")
    height: int = parameter(360, low=64, high=1080, unit="px", help="Height of a frame.")
    frames: int = parameter(60, low=2, high=600, help="Length of the clip.")
    speed: float = speed_knob("How far the moving thing goes from frame to frame.")
    texture: float = parameter(
        1.5,
        low=1.0,
        high=8.0,
        step=0.1,
        unit="px",
        help="Gaussian sigma of the finest detail; below 1.5 px the pixel grid begins to miss some of it.",
    )
    noise: float = parameter(
        0.0,
        low=0.0,
        high=30.0,
        step=0.5,
        unit="grey levels",
        help="Standard deviation of the camera's noise, new in every pixel and frame.",
    )
    gain: float = parameter(
        0.0,
        low=-0.05,
        high=0.05,
        step=0.005,
        unit="1/frame",
        help="The light grows by this share a frame; at 40 % more or less it turns back.",
    )
    bias: float = parameter(
        0.0,
        low=-5.0,
        high=5.0,
        step=0.25,
        unit="grey levels/frame",
        help="Every pixel brightens by this much a frame; at 40 levels more or less it turns back.",
    )
    blur: float = parameter(
        0.0,
        low=0.0,
        high=1.0,
        step=0.05,
        unit="frames",
        label="Motion blur",
        help="How long the shutter stays open around a frame's time: 0.5 is a film camera's half circle.",
    )
    seed: int = parameter(0, low=0, high=9999, step=1, help="Another number gives another texture and noise.")

    def rng(self, number: int) -> np.random.Generator:
        """Return the source of randomness of texture `number`."""
        return np.random.default_rng((self.seed, _TEXTURES, number))


def direction_knob(default: float, help: str) -> Any:
    """Declare the parameter of a direction in degrees: 0 points right, 90 down."""
    return parameter(default, low=-180.0, high=180.0, step=5.0, unit="degrees", help=f"{help} 0 is right, 90 down.")


def share_knob(default: float, unit: str, help: str) -> Any:
    """Declare the parameter of a position as a share of the picture: 0 its first pixel's centre, 1 its last one's."""
    return parameter(default, low=0.0, high=1.0, step=0.05, unit=unit, help=help)


class World(Protocol):
    """What a scene films: pictures and exact motion at any time, counted in frames."""

    def render(self, time: float) -> Field:
        """Return the picture (H, W, 3) float32 at `time`, in grey levels, unrounded."""

    def flow(self, start: float, end: float) -> NDArray[np.float32]:
        """Return the flow (H, W, 2) from time `start` to time `end` (earlier or later), px."""

    def occlusion(self, start: float, end: float) -> NDArray[np.bool_]:
        """Return (H, W): True where a point seen at `start` is hidden or outside the picture at `end`."""

    def objects(self, time: float) -> tuple[SceneObject, ...]:
        """Return the things that stand at least partly in the picture at `time`, farthest first."""

    def release(self) -> None:
        """Let go of memory; what is asked for next is made again."""


class Scene:
    """A world filmed by a plain camera: light that may drift, noise, 8 bits. Both a Clip and its Truth.

    Frame N depends on the parameters and N only: any order of access gives the same bytes, and
    several threads may ask at once.
    """

    def __init__(self, name: str, parameters: SceneParameters, world: World) -> None:
        """Film `world`; `name` is the scene's name in the registry."""
        self.parameters = parameters
        self._world = world
        text = scene_text(name, parameters)
        self._info = ClipInfo(
            name=text,
            kind="scene",
            width=parameters.width,
            height=parameters.height,
            fps=FPS,
            frame_count=parameters.frames,
            content_hash=text,
        )

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip; its name and content hash are the scene's canonical text."""
        return self._info

    def frame(self, index: int) -> Frame:
        """Return frame `index`; raises ClipError where it lies outside the clip."""
        self._check_index(index)
        return Frame.from_rgb(index, self._film(index))

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Yield frames start, start+step, .. below `stop` (None: to the end), one in memory at a time.

        Raises:
            ClipError: the range reaches outside the clip.
            ParameterError: `step` is below 1.
        """
        if step < 1:
            raise ParameterError(f"step is {step}: give a whole number from 1")
        wanted = range(start, self._info.frame_count if stop is None else stop, step)
        if wanted:
            self._check_index(wanted[0])
            self._check_index(wanted[-1])
        return map(self.frame, wanted)

    def time(self, index: int) -> Fraction:
        """Return the time of frame `index` in seconds from the first frame, exact."""
        self._check_index(index)
        return index / FPS

    def close(self) -> None:
        """Let go of the textures; a frame asked for later paints them again."""
        self._world.release()

    def flow(self, index: int, gap: int = 1) -> NDArray[np.float32]:
        """Return the exact flow (H, W, 2) from frame `index` to frame `index + gap`, px.

        Raises:
            ClipError: `index` lies outside the clip.
            ParameterError: `gap` is below 1 or reaches beyond the last frame.
        """
        self._check_pair(index, gap)
        return self._world.flow(index, index + gap)

    def backward_flow(self, index: int, gap: int = 1) -> NDArray[np.float32]:
        """Return the exact flow (H, W, 2) from frame `index + gap` back to frame `index`; raises as `flow`."""
        self._check_pair(index, gap)
        return self._world.flow(index + gap, index)

    def occlusion(self, index: int, gap: int = 1) -> NDArray[np.bool_]:
        """Return (H, W): True where a point of frame `index` is hidden or outside in `index + gap`; raises as `flow`.

        A point is hidden when a nearer layer covers its new position, outside when that lies beyond
        the outermost pixel centres.
        """
        self._check_pair(index, gap)
        return self._world.occlusion(index, index + gap)

    def objects(self, index: int) -> tuple[SceneObject, ...]:
        """Return the things seen in frame `index`, farthest first; raises ClipError outside the clip."""
        self._check_index(index)
        return self._world.objects(index)

    def _exposed(self, index: int) -> Field:
        """Return what reaches the film while the shutter is open, centred on the frame's own time.

        Enough moments that the moving thing never jumps by more than about a pixel between two.
        """
        shutter = self.parameters.blur
        if not shutter:
            return self._world.render(index)
        moments = int(np.clip(np.ceil(shutter * self.parameters.speed), 3, _MOST_MOMENTS))
        light = self._world.render(index + shutter * (0.5 / moments - 0.5))
        for moment in range(1, moments):
            light += self._world.render(index + shutter * ((moment + 0.5) / moments - 0.5))
        light /= np.float32(moments)
        return light

    def _film(self, index: int) -> Picture:
        """Return frame `index` as RGB (H, W, 3) uint8: light drifts, noise is added, the rest is rounding."""
        knobs = self.parameters
        picture = self._exposed(index)
        if knobs.gain or knobs.bias:
            picture *= np.float32(1 + folded(knobs.gain * index, -_GAIN_SWING, _GAIN_SWING))
            picture += np.float32(folded(knobs.bias * index, -_BIAS_SWING, _BIAS_SWING))
        if knobs.noise:
            # One value for all three channels, so that the noise of the grey picture is what the knob says.
            grain = np.random.default_rng((knobs.seed, _NOISE, index))
            luminance = grain.standard_normal(picture.shape[:2], dtype=np.float32)
            picture += np.float32(knobs.noise) * luminance[..., None]
        return np.clip(np.rint(picture, out=picture), 0, 255, out=picture).astype(np.uint8)

    def _check_index(self, index: int) -> None:
        check_index(index, self._info.frame_count, self._info.name)

    def _check_pair(self, index: int, gap: int) -> None:
        self._check_index(index)
        last = self._info.frame_count - 1
        if index == last:
            raise ParameterError(f"gap is {gap}: frame {index} is the last one, so give an earlier frame")
        if not 1 <= gap <= last - index:
            raise ParameterError(f"gap is {gap}: from frame {index} give a whole number from 1 to {last - index}")
