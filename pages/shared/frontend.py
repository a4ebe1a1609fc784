"""Components made of plain files: HTML, CSS and JavaScript that lie beside the module, nothing to build."""

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


def component(name: str, scripts: tuple[str, ...], *, isolate_styles: bool = True) -> Any:
    """Register the component flowlab_NAME and return what mounts it.

    Args:
        name: NAME.html is its page, NAME.css its style where there is one.
        scripts: its JavaScript files. Streamlit takes one script a component, so they become one module
            in this order: they share one scope, and the last one holds the default export.
        isolate_styles: False where something writes its style sheet into the page's head.
    """
    html, css = (_HERE / f"{name}.html", _HERE / f"{name}.css")
    js = "\n".join((_HERE / script).read_text("utf-8") for script in scripts)
    return st.components.v2.component(
        f"flowlab_{name}",
        html=html.read_text("utf-8"),
        css=css.read_text("utf-8") if css.exists() else None,
        js=js,
        isolate_styles=isolate_styles,
    )
