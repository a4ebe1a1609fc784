"""Taking tracks away: as a table, as a picture, as a script."""

from functools import partial

import streamlit as st

from flowlab.jobs.track_look import draw_frame
from flowlab.jobs.track_table import CONTRACT, TRACKPY, table_of
from flowlab.media.encode import encode_png
from flowlab.snippets import points_script

from .point_views import Shown
from .tracking import Asked

_TABLES = {CONTRACT: "tracks.csv  All tracks up to this frame", TRACKPY: "tracks_trackpy.csv  In trackpy's columns"}


def offer_downloads(shown: Shown, asked: Asked) -> None:
    """Show the download buttons; a file is made when its button is pressed."""
    with st.container(horizontal=True, gap="small"):
        files = st.popover("Download", icon=":material/download:", key="s_files", on_change="rerun")
        if files.open:
            with files:
                for columns, label in _TABLES.items():
                    st.download_button(
                        label, partial(table_of, shown.tracks, columns), file_name=label.partition(" ")[0],
                        mime="text/csv", key=f"s_get_{columns}", on_click="ignore", width="stretch",
                    )  # fmt: skip
                st.download_button(
                    ".png  This frame with its tracks", lambda: _drawn(shown),
                    file_name=f"tracks_{shown.frame.index:06d}.png", mime="image/png", key="s_get_view",
                    on_click="ignore", width="stretch",
                )  # fmt: skip
        with st.popover("Copy as Python", icon=":material/code:"):
            st.code(_script(shown, asked), language="python", wrap_lines=True)


def _drawn(shown: Shown) -> bytes:
    return encode_png(
        draw_frame(
            shown.frame.rgb,
            shown.tracks,
            shown.frame.index,
            shown.view.look,
            outline=shown.outline,
            errors=shown.errors,
        )
    )


def _script(shown: Shown, asked: Asked) -> str:
    info = shown.info
    return points_script(
        info.content_hash, name=info.name, width=info.width if info.is_scaled else 0,
        frames=(asked.start, shown.frame.index + 1), parameters=asked.parameters.question.changed(),
        selection=None if asked.selection.is_all else asked.selection,
    )  # fmt: skip
