"""The controls of the Dense flow page, top to bottom of its sidebar."""

from dataclasses import dataclass, replace

import streamlit as st

from flowlab.core.clip import Clip, ClipInfo
from flowlab.core.parameters import Parameters
from flowlab.core.truth import SceneObject, Truth
from flowlab.core.units import UnitParameters, Units, units
from flowlab.dense.estimator import Method
from flowlab.dense.methods import DEFAULT_METHOD, METHODS, method
from flowlab.dense.outliers import OutlierParameters
from flowlab.dense.trust import TrustParameters
from flowlab.errors import FlowlabError, ParameterError
from flowlab.jobs.glitch import MOST_FRAMES
from flowlab.jobs.scales import Scales
from flowlab.jobs.views import Look

from .folded import folded, from_address
from .marks import Marks, offer_marks
from .url import BOUND, set_text, whole_number
from .widgets import one_of, parameters

MOST_GAP = 100  # frames
_TRUST, _OUTLIERS, _UNITS = "d_trust_", "d_nmt_", "d_unit_"
_GLITCH = "d_glitch"


def choose_gap(frame_count: int) -> int:
    """Show the control of the gap between the frames of a pair; a clip of few frames allows less."""
    about = "How many frames later the second picture is: a larger gap sees slower motion."
    gap = int(st.number_input("Gap between frames", 1, MOST_GAP, 1, key="d_gap", help=about, **BOUND))
    most = max(1, frame_count - 1)
    if gap > most:
        st.caption(f"This clip allows {most} at most, which is used.")
    return min(gap, most)


def choose_method() -> tuple[Method, Parameters]:
    """Show the methods and the parameters of the one chosen."""
    st.caption("METHOD")
    chosen = method(one_of("Method", list(METHODS), DEFAULT_METHOD, "d_method"))
    st.caption(f"{chosen.title}: good at {chosen.good_at}; bad at {chosen.bad_at}.", help=chosen.citation)
    return chosen, parameters(chosen.parameters, f"d_{chosen.key}_")


def choose_look(automatic: Scales) -> tuple[Look, bool]:
    """Show the controls of the view; return them, and whether the frame lies beneath it."""
    st.caption("VIEW")
    about = "Lay the first frame beneath the view, and uncover it with the slider under the picture."
    swipe = st.toggle("Frame beneath, to swipe", True, key="d_swipe", help=about, **BOUND)
    about = f"Speed at the rim of the wheel and the end of the scale. Automatic (0) is {automatic.speed:g} px here."
    scale = st.number_input("Full colour at (px)", 0.0, 500.0, 0.0, 0.5, key="d_scale", help=about, **BOUND)
    about = "Distance between arrows, and between streamlines."
    spacing = st.slider("Arrow spacing (px)", 4, 64, 16, 2, key="d_spacing", help=about, **BOUND)
    about = "Length of an arrow at full colour, in spacings: 1 reaches the next arrow."
    reach = st.slider("Arrow length", 0.25, 5.0, 1.5, 0.25, key="d_reach", help=about, **BOUND)
    look = Look.of(automatic)
    thresholds = from_address(TrustParameters, _TRUST)
    return replace(look, scale=scale or look.scale, spacing=spacing, reach=reach, trust=thresholds), swipe


@dataclass(frozen=True)
class Measure:
    """How the flow is judged and told.

    Attributes:
        trust: thresholds; None where trust is off.
        outliers: of the normalised median test; None where it is off.
        units: how displacements are told.
        objects: what is known to stand in the first frame, where it is to be shown.
        refused: why displacements cannot be told as was asked, or "".
    """

    trust: TrustParameters | None
    outliers: OutlierParameters | None
    units: Units
    objects: tuple[SceneObject, ...] = ()
    refused: str = ""


def choose_measure(clip: Clip, gap: int, marks: Marks) -> Measure:
    """Show trust, outlier filter, region and units."""
    st.caption("MEASURE")
    about = (
        "Test every vector: forward and backward, texture, brightness. Costs one more estimation, after the picture."
    )
    trusting = st.toggle("Trust", True, key="d_trusted", help=about, **BOUND)
    about = (
        "Take out vectors that stand out from their neighbours: the normalised median test (Westerweel & Scarano 2005)."
    )
    filtering = st.toggle("Outlier filter", False, key="d_filter", help=about, **BOUND)
    thresholds = folded(TrustParameters, _TRUST, "Trust thresholds") if trusting else None
    outliers = folded(OutlierParameters, _OUTLIERS, "Outlier thresholds") if filtering else None
    offer_marks()
    told, refused = choose_units(clip.info, gap, marks, _UNITS)
    return Measure(thresholds, outliers, told, _objects(clip), refused)


def choose_units(info: ClipInfo, gap: int, marks: Marks, prefix: str) -> tuple[Units, str]:
    """Offer units under a fold; return them, and why they are not those asked for where they are not."""
    chosen = folded(UnitParameters, prefix, "Units")
    try:
        return units(chosen, ruler=marks.ruler, fps=info.fps, gap=gap, px_per_working_px=float(info.factor[0])), ""
    except ParameterError as error:
        return Units(), str(error)


def _objects(clip: Clip) -> tuple[SceneObject, ...]:
    """Offer to outline the objects a clip knows; return them where that is wanted."""
    if not isinstance(clip, Truth):
        return ()
    index = whole_number("d_frame", 0, max(0, clip.info.frame_count - 1))
    try:
        objects = clip.objects(index)
    except FlowlabError:
        return ()
    if not objects:
        return ()
    about = "Outline the objects this scene knows: " + ", ".join(thing.name for thing in objects)
    return objects if st.toggle("Outline objects", False, key="d_objects", help=about, **BOUND) else ()


def glitch_start(stop: int) -> int:
    """Show where the carried picture starts and return it: at most MOST_FRAMES before frame `stop`."""
    first = max(0, stop - MOST_FRAMES)
    start = whole_number(_GLITCH, 0, 10**9)
    inside = min(max(start, first), stop - 1)

    def here() -> None:
        set_text(_GLITCH, str(stop - 1))

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Start the glitch here", key="d_glitch_here", on_click=here)
        moved = (
            "" if inside == start else f" (frame {start} is out of reach: it runs over at most {MOST_FRAMES} frames)"
        )
        st.caption(f"Carried along from frame {inside} to {stop}{moved}.")
    return inside
