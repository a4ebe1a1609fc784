"""Every scene there is, one row each. Pages, command line, documentation and tests walk this table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flowlab.errors import ClipNotFoundError, shown
from flowlab.scenes.affine import AffineParameters, affine
from flowlab.scenes.bars import BarsParameters, bars
from flowlab.scenes.planar import PlanarParameters, planar
from flowlab.scenes.rotation import RotationParameters, rotation
from flowlab.scenes.scene import Scene, SceneParameters
from flowlab.scenes.shear import ShearParameters, shear
from flowlab.scenes.street.street import StreetParameters, street
from flowlab.scenes.text import scene_text, split_scene_text
from flowlab.scenes.translation import TranslationParameters, translation
from flowlab.scenes.two_layers import TwoLayersParameters, two_layers
from flowlab.scenes.vortex import VortexParameters, vortex
from flowlab.scenes.waves import WavesParameters, waves
from flowlab.scenes.zoom import ZoomParameters, zoom

__all__ = ["SCENES", "SceneKind", "open_scene", "parse_scene", "scene_text"]


@dataclass(frozen=True)
class SceneKind:
    """One row of the registry.

    Attributes:
        name: what it is called in links and on command lines.
        title: what it is called on a page.
        parameters: the class of its knobs.
        make: makes the scene from an instance of that class; textures are painted later, when first seen.
        teaches: what it is good for, in one sentence.
    """

    name: str
    title: str
    parameters: type[SceneParameters]
    make: Callable[[Any], Scene]
    teaches: str


_ROWS = (
    SceneKind(
        "translation",
        "Gliding landscape",
        TranslationParameters,
        translation,
        "Every pixel moves alike, so whatever varies in the measured flow is the method's own error.",
    ),
    SceneKind(
        "rotation",
        "Turning above an old town",
        RotationParameters,
        rotation,
        "Speed grows with the distance from a still centre, so no window holds one motion only.",
    ),
    SceneKind(
        "zoom",
        "Down to a meadow",
        ZoomParameters,
        zoom,
        "All motion points away from one place, the focus of expansion: where the camera is heading.",
    ),
    SceneKind(
        "shear",
        "Tartan pulled askew",
        ShearParameters,
        shear,
        "Rows slide past each other: half of this motion turns the cloth, the other half stretches it.",
    ),
    SceneKind(
        "affine",
        "Drifting wall of tiles",
        AffineParameters,
        affine,
        "Six numbers say how every pixel moves: the model that affine tracking fits to a patch.",
    ),
    SceneKind(
        "waves",
        "Reef under water",
        WavesParameters,
        waves,
        "The motion bends from place to place: a larger window has less noise, but flattens the waves.",
    ),
    SceneKind(
        "two-layers",
        "Leaf over pebbles",
        TwoLayersParameters,
        two_layers,
        "Two motions meet at an edge, where one layer hides what the next frame would need to show.",
    ),
    SceneKind(
        "bars",
        "Deckchair stripes",
        BarsParameters,
        bars,
        "Through a window an edge shows its motion across itself only: the aperture problem.",
    ),
    SceneKind(
        "vortex",
        "Particles in a vortex",
        VortexParameters,
        vortex,
        "A fluid made visible by particles: the motion is wanted between them too, and it turns and shears.",
    ),
    SceneKind(
        "planar",
        "Poster on the move",
        PlanarParameters,
        planar,
        "A flat thing seen in perspective moves by a homography: eight numbers a frame for a tracker to find.",
    ),
    SceneKind(
        "street",
        "Town street",
        StreetParameters,
        street,
        "Everything at once, as in a film: depth, traffic that hides and reveals, shadows, and a camera that moves.",
    ),
)

SCENES: Mapping[str, SceneKind] = MappingProxyType({row.name: row for row in _ROWS})


def parse_scene(text: str) -> tuple[SceneKind, SceneParameters]:
    """Return the row and the knobs written as `text`, such as `scene:two-layers?speed=2&noise=3`.

    Raises:
        ClipNotFoundError: there is no scene of that name.
        ParameterError: a knob is unknown, given twice, malformed or outside its range.
    """
    name, knobs = split_scene_text(text)
    kind = SCENES.get(name)
    if kind is None:
        raise ClipNotFoundError(f"there is no scene {shown(name)}: the scenes are {', '.join(SCENES)}")
    return kind, kind.parameters().with_text(knobs)


def open_scene(text: str) -> Scene:
    """Return the scene written as `text`; the prefix may be left out. Raises as `parse_scene` does."""
    kind, parameters = parse_scene(text)
    return kind.make(parameters)
