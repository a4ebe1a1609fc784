"""Components made of plain files: HTML, CSS and JavaScript that lie beside the module, nothing to build."""

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


def component(name: str, scripts: tuple[str, ...], *, isolate_styles: bool = True) -> Any:
    """Register the component flowlab_NAME and return what mounts it.

    Args:
        name: NAME.html and NAME.css are its page and its style, where they exist.
        scripts: its JavaScript files. Streamlit takes one script a component, so they become one module
            in this order: they share one scope, and the last one holds the default export.
        isolate_styles: False where something writes its style sheet into the page's head.
    """
    html, css = (_text(f"{name}.{kind}") for kind in ("html", "css"))
    js = "\n".join(_text(script) for script in scripts)
    return st.components.v2.component(f"flowlab_{name}", html=html, css=css, js=js, isolate_styles=isolate_styles)


def _text(name: str) -> str | None:
    path = _HERE / name
    return path.read_text("utf-8") if path.exists() else None
