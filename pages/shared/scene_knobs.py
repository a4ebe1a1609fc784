"""The knobs of a scene: they live in the clip's name, and so in the link."""

import random
from dataclasses import replace

import streamlit as st

from flowlab.scenes.registry import parse_scene, scene_text
from flowlab.scenes.scene import SceneParameters

from .plain import plain
from .url import set_clip
from .widgets import knobs


def scene_knobs(name: str) -> None:
    """Show what the scene `name` teaches and its knobs; raises FlowlabError where the name is no scene's."""
    kind, values = parse_scene(name)
    with st.expander("Scene settings"):
        st.caption(plain(kind.teaches))
        knobs(values, f"scene_{kind.name}_", lambda changed: set_clip(scene_text(kind.name, changed)))
        st.button(
            "Roll the seed", icon=":material/casino:", key="scene_roll", on_click=_roll, args=(kind.name, values),
            help="Another random world of the same kind; its number goes into the link.",
        )  # fmt: skip


def _roll(name: str, values: SceneParameters) -> None:
    """Choose another seed for the scene."""
    seed = values.field("seed")
    assert seed.low is not None and seed.high is not None
    others = [n for n in range(int(seed.low), int(seed.high) + 1) if n != values.seed]
    set_clip(scene_text(name, replace(values, seed=random.choice(others))))
