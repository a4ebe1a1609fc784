"""The house keeps its own rules: who may import whom, how large a room may be, what is written on its door."""

import ast
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS = (
    {"errors"},
    {"core"},
    {"dense", "tracking", "scenes", "media", "drawing", "store", "engine"},
    {"evaluation", "theory", "jobs", "snippets"},
    {"flowlab"},  # the package's front: the conventions and the public names
    {"cli", "pages"},
    {"__main__", "streamlit_app"},
)
ONLY_IN = {
    "streamlit": ("pages", "streamlit_app"),
    "plotly": (
        "flowlab.drawing.alignment_plots",
        "flowlab.drawing.curves",
        "flowlab.drawing.figures",
        "flowlab.drawing.plots",
        "flowlab.drawing.points_figure",
        "flowlab.drawing.region_plots",
        "flowlab.drawing.track_plots",
    ),
    "dask": ("flowlab.engine",),
    "distributed": ("flowlab.engine",),
    "av": ("flowlab.media",),
    "scipy.io": ("flowlab.media",),
}
NOT_IN_PAGES = ("cv2", "scipy", "numpy.linalg", "numpy.fft", "numpy.lib")
CALCULUS = {"convolve", "correlate", "einsum", "gradient", "linalg", "fft", "matmul", "meshgrid", "mgrid", "tensordot"}


# --- who imports whom ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Import:
    """One import statement: `importer` (dotted name of a module) asks for `target` (dotted too)."""

    importer: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: imports {self.target}"


def product_modules() -> dict[str, Path]:
    """Return dotted name -> file of everything that is shipped."""
    files = [*ROOT.glob("flowlab/**/*.py"), *ROOT.glob("pages/**/*.py"), *ROOT.glob("streamlit_app.py")]
    return {".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): f for f in sorted(files)}


def imports_of(module: str, source: str, is_package: bool = False) -> Iterator[Import]:
    """Yield what a module imports, wherever in it, by statement or by `import_module("...")`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(module, alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".") if is_package else module.split(".")[:-1]
                package = package[: len(package) - node.level + 1]
                base = ".".join([*package, base] if base else package)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield Import(module, inner if is_module(inner) else base, node.lineno)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield Import(module, node.args[0].value, node.lineno)


def is_module(dotted: str) -> bool:
    """Return whether a dotted name is a module: ours by its file, of others only those the rules name."""
    path = ROOT / dotted.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file() or dotted in {*ONLY_IN, *NOT_IN_PAGES}


def within(module: str, package: str) -> bool:
    """Return whether `module` is `package` or lies in it."""
    return module == package or module.startswith(package + ".")


def room(module: str) -> str:
    """Return the room of a module of ours: flowlab.dense.dis -> dense, pages.dense_flow -> pages."""
    parts = module.split(".")
    return parts[1] if parts[0] == "flowlab" and len(parts) > 1 else parts[0]


def floor(module: str) -> int:
    """Return the floor of a module of ours, from 0; a room that is on no floor fails the test."""
    for number, rooms in enumerate(FLOORS):
        if room(module) in rooms:
            return number
    raise AssertionError(f"{module} is in a room that design.md does not know: {room(module)}")


def complaint(imported: Import) -> str | None:
    """Return why an import is against the rules, or None."""
    importer, target = imported.importer, imported.target
    if target.split(".")[0] in ("flowlab", "pages", "streamlit_app"):
        # the front's own submodules stand below it: only the name `flowlab` itself is the front
        if room(importer) != room(target) and floor(target) >= floor(importer):
            return f"{imported}, which is not on a lower floor"
        if is_page(target) and target != importer:
            return f"{imported}, another page"
    for library, homes in ONLY_IN.items():
        if within(target, library) and not any(within(importer, home) for home in homes):
            return f"{imported}, which only {' and '.join(homes)} may"
    if importer.startswith("pages.") and any(within(target, library) for library in NOT_IN_PAGES):
        return f"{imported}: a page holds no algorithm"
    return None


def is_page(module: str) -> bool:
    """Return whether a module is a page's script: pages/NAME.py."""
    return bool(re.fullmatch(r"pages\.(?!shared$)\w+", module))


def all_imports() -> list[Import]:
    return [
        found
        for module, path in product_modules().items()
        for found in imports_of(module, path.read_text("utf-8"), path.name == "__init__.py")
    ]


def test_imports_go_down_the_floors_only() -> None:
    broken = [reason for found in all_imports() if (reason := complaint(found))]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("flowlab.core.clip", "import flowlab.dense.dis"),
        ("flowlab.dense.dis", "from flowlab.drawing import pixels"),
        ("flowlab.dense.dis", "from ..drawing import pixels"),
        ("flowlab.dense.dis", "from flowlab import media"),
        ("flowlab.dense.dis", "from flowlab import METHODS"),
        ("flowlab.jobs.open", "def late():\n    from flowlab.theory import steps"),
        ("flowlab.snippets", "import importlib\nimportlib.import_module('flowlab.cli')"),
        ("flowlab.cli", "import pages.shared"),
        ("flowlab.dense.dis", "import streamlit as st"),
        ("flowlab.drawing.pixels", "import plotly.graph_objects as go"),
        ("flowlab.jobs.open", "import av"),
        ("flowlab.evaluation.metrics", "from scipy import io"),
        ("flowlab.jobs.open", "from distributed import Client"),
        ("pages.dense_flow", "import cv2"),
        ("pages.shared.clips", "from scipy.ndimage import zoom"),
        ("pages.theory", "from pages import dense_flow"),
        ("pages.shared.clips", "import pages.dense_flow"),
    ],
)
def test_a_forbidden_import_is_noticed(module: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"flowlab.media", "pages.dense_flow", "flowlab.drawing.pixels", "scipy.io"}
    monkeypatch.setattr(sys.modules[__name__], "is_module", known.__contains__)
    assert any(complaint(found) for found in imports_of(module, source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("flowlab", "from flowlab.dense.methods import METHODS"),
        ("flowlab.dense.methods", "from flowlab.dense.dis import estimate"),
        ("flowlab.drawing.figures", "import plotly.graph_objects as go"),
        ("flowlab.media.flow_files", "import scipy.io"),
        ("flowlab.dense.dis", "from scipy.ndimage import zoom"),
        ("flowlab.cli", "import flowlab"),
        ("pages.dense_flow", "import numpy as np\nfrom pages.shared.clips import picker\nimport streamlit as st"),
        ("flowlab.__main__", "from flowlab.cli import main"),
    ],
)
def test_a_proper_import_is_let_pass(module: str, source: str) -> None:
    assert not [reason for found in imports_of(module, source) if (reason := complaint(found))]


def test_pages_hold_no_algorithm() -> None:
    found = [
        f"{module}, line {node.lineno}: np.{node.attr}"
        for module, path in product_modules().items()
        if module.startswith("pages.")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("np", "numpy")
        and node.attr in CALCULUS
    ]
    assert not found, "this belongs into flowlab:\n" + "\n".join(found)


# --- how large a room may be, and what is written on its door ------------------------------------


def test_modules_and_pages_stay_small() -> None:
    lengths = {module: len(path.read_text("utf-8").splitlines()) for module, path in product_modules().items()}
    limits = {module: 130 if is_page(module) or module == "streamlit_app" else 320 for module in lengths}
    large = [f"{m} has {n} lines, {limits[m]} are too many" for m, n in lengths.items() if n >= limits[m]]
    assert not large, "\n".join(large)


def undocumented(module: str, source: str) -> Iterator[str]:
    """Yield the public functions, classes and methods of a module that have no docstring."""
    tree = ast.parse(source)
    if ast.get_docstring(tree) is None:
        yield module
    rooms: list[tuple[str, ast.Module | ast.ClassDef]] = [(module, tree)]
    while rooms:
        name, node = rooms.pop()
        for child in node.body:
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if child.name.startswith("_") or overload(child):
                continue
            if ast.get_docstring(child) is None:
                yield f"{name}.{child.name}"
            if isinstance(child, ast.ClassDef):
                rooms.append((f"{name}.{child.name}", child))


def overload(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "overload" for d in node.decorator_list)


def test_everything_public_has_a_docstring() -> None:
    modules = {m: p for m, p in product_modules().items() if within(m, "flowlab")}
    silent = [name for module, path in modules.items() for name in undocumented(module, path.read_text("utf-8"))]
    assert not silent, "without a docstring: " + ", ".join(silent)


def test_a_missing_docstring_is_noticed() -> None:
    source = '"""M."""\ndef a(): ...\ndef _b(): ...\nclass C:\n    """C."""\n    def d(self): ...\n'
    assert set(undocumented("m", source)) == {"m.a", "m.C.d"}


def test_all_lists_the_public_names() -> None:
    import flowlab

    handed_on = set()
    for node in ast.walk(ast.parse((ROOT / "flowlab/__init__.py").read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            handed_on |= {alias.asname for alias in node.names if alias.asname == alias.name}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            handed_on.add(node.name)
    assert len(flowlab.__all__) == len(set(flowlab.__all__))
    assert set(flowlab.__all__) == handed_on
    assert [name for name in flowlab.__all__ if not hasattr(flowlab, name)] == []


# --- what it stands on -----------------------------------------------------------------------------


USED_BY_OTHERS = {"cryptography": "distributed makes the local cluster's certificates with it, where it is there"}


def test_what_is_imported_is_required_and_what_is_required_is_imported() -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    required = {line.partition("==")[0] for line in lines if line and not line.startswith("#")}
    libraries = {found.target.partition(".")[0] for found in all_imports()}
    libraries -= {"flowlab", "pages", "streamlit_app", *sys.stdlib_module_names}
    distributions = importlib.metadata.packages_distributions()
    used = {name.lower() for library in libraries for name in distributions.get(library, [library])}
    assert used == required - USED_BY_OTHERS.keys()
