"""A scene written as text: `scene:two-layers?speed=2&noise=3`, in links, on command lines, in snippets."""

from flowlab.core.parameters import Parameters, Value
from flowlab.errors import ParameterError, shown

PREFIX = "scene:"


def scene_text(name: str, parameters: Parameters) -> str:
    """Return the canonical text of a scene: knobs in the order of their class, those at default left out.

    Equal parameters give equal text, and `open_scene` of the text gives the parameters back exactly.
    """
    knobs = "&".join(f"{knob}={_plain(value)}" for knob, value in parameters.changed().items())
    return f"{PREFIX}{name}?{knobs}" if knobs else f"{PREFIX}{name}"


def _plain(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        # repr gives a float's shortest exact text; adding 0.0 turns -0.0 into 0.0.
        return repr(value + 0.0).removesuffix(".0")
    return str(value)


def split_scene_text(text: str) -> tuple[str, dict[str, str]]:
    """Return the name in a scene's text and its knobs, both unchecked; the prefix may be left out.

    Raises:
        ParameterError: what follows the name is not knob=value joined by &, or names a knob twice.
    """
    name, mark, query = text.strip().removeprefix(PREFIX).partition("?")
    knobs: dict[str, str] = {}
    for part in query.split("&") if mark else ():
        knob, equals, value = part.partition("=")
        if not (knob and equals and value.strip()):
            raise ParameterError(
                f"the knobs of scene {shown(name)} hold {shown(part)}: write knob=value, "
                "joined by & (scene:two-layers?speed=2&noise=3)"
            )
        if knob in knobs:
            raise ParameterError(f"{shown(knob)} is given twice for scene {shown(name)}: give it once")
        knobs[knob] = value
    return name, knobs
