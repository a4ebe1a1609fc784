"""Taking a tracked region away: as a table, as a picture, as a script."""

from functools import partial

import streamlit as st

from flowlab.core.clip import Frame
from flowlab.jobs.region_look import RegionLook, draw_region_frame
from flowlab.jobs.region_table import table_of
from flowlab.media.encode import encode_png
from flowlab.snippets import region_script

from .job_panel import stem
from .marks import factor_of
from .region_subject import RegionSubject
from .roi import to_clip

_SHARP = 800  # px: a picture narrower than this is drawn twice as large, so that lines are crisp


def offer_downloads(subject: RegionSubject, frame: Frame, look: RegionLook) -> None:
    """Show the download buttons; a file is made when its button is pressed."""
    name = stem(subject.info.name)
    with st.container(horizontal=True, gap="small"):
        files = st.popover("Download", icon=":material/download:", key="a_files", on_change="rerun")
        if files.open:
            with files:
                st.download_button(
                    "track.csv  Every frame up to this one", partial(table_of, subject.track),
                    file_name=f"{name}_track.csv", mime="text/csv", key="a_get_table", on_click="ignore",
                    width="stretch",
                )  # fmt: skip
                st.download_button(
                    ".png  This frame with the region", partial(_drawn, subject, frame, look),
                    file_name=f"{name}_{subject.frame:06d}.png", mime="image/png", key="a_get_view", on_click="ignore",
                    width="stretch",
                )  # fmt: skip
        script = st.popover("Copy as Python", icon=":material/code:", key="a_script", on_change="rerun")
        if script.open:
            script.code(_script(subject), language="python", wrap_lines=True)


def _drawn(subject: RegionSubject, frame: Frame, look: RegionLook) -> bytes:
    magnify = 2 if subject.info.width < _SHARP else 1
    return encode_png(draw_region_frame(frame.rgb, subject.track, subject.frame, look, magnify=magnify))


def _script(subject: RegionSubject) -> str:
    info = subject.info
    return region_script(
        info.content_hash, name=info.name, width=info.width if info.is_scaled else 0,
        frames=(subject.start, subject.frame + 1), tracker=subject.tracker.name,
        parameters=subject.parameters.changed(), box=to_clip(subject.box, info),
        keyframes={frame: to_clip(box, info) for frame, box in subject.keyframes.items() if frame <= subject.frame},
        factor=factor_of(info),
    )  # fmt: skip
