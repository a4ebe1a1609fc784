"""Driving a page without a browser: opening links, reading what is shown."""

import json
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "streamlit_app.py")
SMALL = "scene:two-layers?width=192&height=128&frames=12"


def open_page(page: str = "dense_flow", **query: str) -> AppTest:
    """Open a page (its script's name; "": the first one) at a link and let it run."""
    app = AppTest.from_file(APP, default_timeout=60)
    if page:
        app.switch_page(f"pages/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def picture(app: AppTest) -> dict[str, Any]:
    """Return what the picture component was given; its key tells one picture from another."""
    found: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)
    return found


def numbers(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def clip_of(app: AppTest) -> str:
    """Return the clip in the address: what the page wrote is text, what a link brought a list."""
    name = app.query_params["clip"]
    return name if isinstance(name, str) else name[0]


def said(app: AppTest) -> str:
    return " ".join(str(e.value) for e in [*app.error, *app.warning, *app.info])
