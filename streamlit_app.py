"""The lab's front door: page configuration and navigation. `streamlit run streamlit_app.py`."""

from pathlib import Path

import streamlit as st

from pages.shared.front_door import navigation

SHARED = Path(__file__).parent / "pages" / "shared"

st.set_page_config(page_title="flowlab", page_icon="🌀", layout="wide")
# Before anything heavy is imported: on a cold server an automatic sidebar would flash otherwise.
page = navigation()
st.logo(SHARED / "logo.svg", size="large")
st.html(SHARED / "style.css")
page.run()
