"""What is written down holds: README, requirements, settings, and what no file may contain."""

import importlib
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import streamlit.config
from click.testing import CliRunner

from tests.box_sets import write_keyframes, write_otb
from tests.flow_sets import write_middlebury
from tests.hostile import moving_texture, write_video

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

# --- README: commands -----------------------------------------------------------------------------


def code_blocks(language: str) -> list[str]:
    """Return the README's code blocks in a language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)


def command_line() -> click.Group:
    """Return the outermost group of flowlab.cli: what `flowlab` runs."""
    groups = [x for x in vars(importlib.import_module("flowlab.cli")).values() if isinstance(x, click.Group)]
    inner = {id(command) for group in groups for command in group.commands.values()}
    (outermost,) = {id(group): group for group in groups if id(group) not in inner}.values()
    return outermost


def command_names(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield ("evaluate", "flow") for every command that does something."""
    if not isinstance(command, click.Group):
        yield words
        return
    for word, child in command.commands.items():
        yield from command_names(child, (*words, word))


def shown_calls() -> list[list[str]]:
    """Return the words after `flowlab` of every call the README shows."""
    lines = "".join(code_blocks("sh")).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("flowlab ")]


def test_the_readme_shows_every_command_and_no_other() -> None:
    known = set(command_names(command_line()))
    shown = {next((name for name in known if tuple(call[: len(name)]) == name), tuple(call)) for call in shown_calls()}
    assert shown == known


@pytest.mark.parametrize("call", shown_calls(), ids=" ".join)
def test_a_command_in_the_readme_runs_as_shown(
    call: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_middlebury(tmp_path / "middlebury", "Venus")
    write_keyframes(write_otb(tmp_path / "otb", "Car"), Car={"3": [36, 22, 76, 54]})
    (tmp_path / "clips").mkdir()
    write_video(tmp_path / "clips" / "one.mp4", moving_texture(21))
    words = ["scene:translation" if word == "clip.mp4" else word for word in call]
    result = CliRunner().invoke(command_line(), words, prog_name="flowlab")
    assert result.exit_code == 0, result.output
    if "-o" in words:
        assert (tmp_path / words[words.index("-o") + 1]).exists()


def test_the_python_in_the_readme_runs(tmp_path: Path) -> None:
    (script,) = code_blocks("python")
    command = [sys.executable, "-W", "error", "-c", script]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"\d+\.\d px at most, in \d+ ms\n", result.stdout)


def test_the_readme_names_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^ *|`)make ([a-z]+)", README, re.MULTILINE))
    assert {"app", "test", "check", "bench"} <= named <= targets


# --- README: everything else ----------------------------------------------------------------------


def names(requirements: list[str]) -> set[str]:
    """Return the names in lines such as `numpy==2.4.6`."""
    return {line.partition("==")[0] for line in requirements}


def pinned() -> list[str]:
    """Return the lines of requirements.txt that require something."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_dependency_is_pinned() -> None:
    lines = [*pinned(), *PROJECT["project"]["optional-dependencies"]["test"]]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


def test_the_readme_gives_every_dependency_its_reason() -> None:
    rows = re.findall(r"^\| `([\w.-]+)` \| (.+?) \|$", README, re.MULTILINE)
    wanted = names(pinned()) | names(PROJECT["project"]["optional-dependencies"]["test"])
    assert {name for name, reason in rows if len(reason.split()) >= 3} == wanted


def test_the_readme_points_only_at_files_that_exist() -> None:
    links = re.findall(r"\]\(([^)#\s]+)", README)
    assert [link for link in links if "://" not in link and not (ROOT / link).is_file()] == []


def test_the_changelog_knows_this_version() -> None:
    import flowlab

    assert PROJECT["project"]["version"] == flowlab.__version__
    assert f"\n## {flowlab.__version__} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


# --- what no file may contain ---------------------------------------------------------------------

# Written in pieces, so that this file does not contain what it forbids.
HOSTS = tuple(map(".".join, (("pypi", "org"), ("files", "pythonhosted"), ("registry", "npmjs"), ("deb", "debian"))))
MACHINE_PATH = re.compile(r"(?<![\w.~*}\]-])/(?:" + "|".join(("work", "root", "home", "Users")) + r")/")
NOT_OURS = re.compile(r"(^|/)(\.venv|\.git|\.\w+_cache|\.hypothesis|__pycache__|build|[^/]*\.egg-info)/")


def project_files() -> list[Path]:
    """Return the files that are, or would be, in git; without git, all but what was made here."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        everything = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*"))
        listed = [name for name in everything if not NOT_OURS.search(name)]
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def machine_words(text: str) -> list[str]:
    """Return what in a text belongs to one machine only: registries and absolute paths."""
    return [host for host in HOSTS if host in text] + MACHINE_PATH.findall(text)


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = {}
    for path in project_files():
        content = path.read_bytes()
        if b"\0" not in content and (words := machine_words(content.decode("utf-8", "replace"))):
            found[path.relative_to(ROOT).as_posix()] = words
    assert found == {}


def test_a_word_of_one_machine_is_noticed() -> None:
    assert machine_words("open('/" + "root/clip.mp4')") == ["/" + "root/"]
    assert machine_words("https://" + HOSTS[0] + "/simple") == [HOSTS[0]]
    assert machine_words("ROOT/root/clip.mp4, ../work/x, https://example.org/home/") == []


# --- settings -------------------------------------------------------------------------------------


def settings() -> dict[str, object]:
    """Return section.name -> value of .streamlit/config.toml."""
    flat: dict[str, object] = {}
    waiting = list(tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8")).items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{name}.{inner}", deeper) for inner, deeper in value.items()]
        else:
            flat[name] = value
    return flat


def test_streamlit_knows_every_setting() -> None:
    assert set(settings()) <= set(streamlit.config.get_config_options())


def test_the_lab_is_private_unless_asked_otherwise() -> None:
    chosen = settings()
    assert chosen["server.address"] == "127.0.0.1"
    assert chosen["server.allowedHosts"] == ["localhost", "127.0.0.1"]
    assert chosen["browser.gatherUsageStats"] is False
    assert chosen["client.showErrorDetails"] == "none"
    assert chosen["server.maxUploadSize"] == 500
    assert not {"server.enableCORS", "server.enableXsrfProtection"} & set(chosen), "they are on: leave them on"
