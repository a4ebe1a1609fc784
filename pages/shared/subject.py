"""What the panels below the picture look at, and what they share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from flowlab.core.clip import Clip
from flowlab.core.units import Units
from flowlab.dense.outliers import OutlierParameters
from flowlab.dense.trust import TrustParameters
from flowlab.jobs.answer import Answer
from flowlab.jobs.views import Look, View
from flowlab.media.tables import csv_table

from .marks import Marks, factor_of

PANEL = "d_closer"

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Subject:
    """What is looked at more closely.

    Attributes:
        clip, answer: the clip at its working width, and the pair's answer.
        gap: frames from the first to the second picture.
        marks, units, look: what was drawn, how displacements are told, and which colours they have.
        trust: thresholds; None where trust is off.
        view: what is shown.
        outliers: thresholds of the filter; None where it is off.
    """

    clip: Clip
    answer: Answer
    gap: int
    marks: Marks
    units: Units
    look: Look
    trust: TrustParameters | None
    view: View
    outliers: OutlierParameters | None

    @property
    def factor(self) -> tuple[float, float]:
        """Clip pixels per working pixel, in x and y."""
        return factor_of(self.clip.info)

    @property
    def counts(self) -> NDArray[np.bool_] | None:
        """(H, W) bool, True where a pixel counts; None: everywhere."""
        selection, info = self.marks.selection, self.clip.info
        return None if selection.is_all else selection.mask(info.height, info.width, self.factor)


def is_dark() -> bool:
    """Return whether the page is dark."""
    return bool(st.context.theme.type == "dark")


def course(u: Array, v: Array, units: Units) -> dict[str, Array]:
    """Return u, v and speed as they are told."""
    return {"u": u * units.factor, "v": v * units.factor, "speed": np.hypot(u, v) * units.factor}


def offer_table(name: str, columns: Mapping[str, NDArray[Any]]) -> None:
    """Show a button that downloads columns of numbers as CSV; the file is made when it is pressed."""
    st.download_button(
        f"Download {name}", lambda: csv_table(columns), file_name=name, mime="text/csv", key=f"d_{name}",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
