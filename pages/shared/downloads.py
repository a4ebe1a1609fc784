"""Taking the numbers away: the flow in each format, the view as a picture, the settings as a script."""

from functools import partial

import numpy as np
import streamlit as st

from flowlab.core.clip import ClipInfo
from flowlab.core.region import Selection
from flowlab.dense.outliers import OutlierParameters
from flowlab.jobs.answer import Answer
from flowlab.jobs.views import Look, View
from flowlab.media.encode import encode_png
from flowlab.media.flow_files import FORMATS, encode_flow
from flowlab.snippets import dense_flow_script


def offer_downloads(answer: Answer, view: View, look: Look, gap: int, script: str) -> None:
    """Show the download buttons; a file is made when its button is pressed."""
    with st.container(horizontal=True, gap="small"):
        # What a popover holds is made when it is opened, not with every frame.
        files = st.popover("Download", icon=":material/download:", key="d_files", on_change="rerun")
        if files.open:
            with files:
                _flow_files(answer, gap)
                _view_file(answer, view, look)
        with st.popover("Copy as Python", icon=":material/code:"):
            st.code(script, language="python", wrap_lines=True)


def _flow_files(answer: Answer, gap: int) -> None:
    index = answer.pair.first.index
    metadata = {"first_frame": index, "gap": gap}
    largest = float(np.nanmax(np.abs(answer.flow), initial=0))
    for name, row in FORMATS.items():
        holds = largest <= row.largest
        st.download_button(
            f"{row.suffix}  {row.description}",
            partial(encode_flow, answer.flow, name, metadata=metadata),
            file_name=f"flow_{index:06d}{row.suffix}",
            mime=row.mime,
            key=f"d_get_{name}",
            on_click="ignore",
            width="stretch",
            disabled=not holds,
            help=None if holds else f"It holds displacements up to {row.largest:g} px; this flow has {largest:.0f} px.",
        )


def _view_file(answer: Answer, view: View, look: Look) -> None:
    st.download_button(
        f".png  This view ({view.title.lower()}) as a picture",
        lambda: encode_png(view.draw(answer, look)),
        file_name=f"{view.name}_{answer.pair.first.index:06d}.png",
        mime="image/png",
        key="d_get_view",
        on_click="ignore",
        width="stretch",
    )


def page_script(
    info: ClipInfo, answer: Answer, gap: int, outliers: OutlierParameters | None, selection: Selection
) -> str:
    """Return the script that computes the flow the page shows."""
    return dense_flow_script(
        info.content_hash,
        name=info.name,
        width=info.width if info.is_scaled else 0,
        frame=answer.pair.first.index,
        gap=gap,
        method=answer.method.name,
        parameters=answer.settings.changed(),
        outliers=None if outliers is None else outliers.changed(),
        selection=None if selection.is_all else selection,
    )
