"""The lab's front door: page configuration and navigation. `streamlit run streamlit_app.py`."""

from pathlib import Path

import streamlit as st

SHARED = Path(__file__).parent / "pages" / "shared"

st.set_page_config(page_title="flowlab", page_icon="🌀", layout="wide")
# Before anything heavy is imported: on a cold server an automatic sidebar would flash otherwise.
page = st.navigation([st.Page("pages/dense_flow.py", title="Dense flow", default=True)], position="top")
st.logo(SHARED / "logo.svg", size="large")
st.html(SHARED / "style.css")
page.run()
