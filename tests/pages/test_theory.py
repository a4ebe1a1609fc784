"""The walk through the theory, step by step: every promise a step makes is kept by every step."""

import contextlib
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from flowlab.core.parameters import Parameters, Value
from flowlab.drawing.board import Panel
from flowlab.errors import FlowlabError
from pages.shared.board import board_data
from pages.shared.steps.step import AnyStep, Try
from pages.shared.steps.symbols import SYMBOLS
from pages.shared.steps.tex import Tex
from pages.shared.steps.walk import STEPS, new_symbols, number_of, step_named
from pages.shared.theory_step import prefix_of
from tests.pages import driving
from tests.pages.driving import run, said

EVERY = pytest.mark.parametrize("step", [pytest.param(step, id=step.name) for step in STEPS])
TRIES = pytest.mark.parametrize(
    ("step", "case"), [pytest.param(step, case, id=f"{step.name}-{case.name}") for step in STEPS for case in step.tries]
)
MOST_BYTES = 250_000


def open_page(**query: str) -> AppTest:
    return driving.open_page("theory", **query)


def open_step(step: AnyStep, **query: str) -> AppTest:
    return open_page(t_step=step.name, **query)


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click()
    run(app)


def shown(app: AppTest) -> dict[str, Any]:
    """Return what the board was given, but for the count of answers."""
    found: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)
    del found["turn"], found["heard"]
    return found


def equation(app: AppTest) -> str:
    return next(str(e.value) for e in app.markdown if str(e.value).startswith("$$"))


def words(app: AppTest) -> str:
    return " ".join(str(e.value) for e in app.markdown)


def link_of(step: AnyStep, chosen: Parameters) -> dict[str, str]:
    written = {name: str(value).lower() if isinstance(value, bool) else str(value)
               for name, value in chosen.changed().items()}  # fmt: skip
    return {prefix_of(step) + name: value for name, value in written.items()}


def other_values(kind: type[Parameters]) -> Iterator[tuple[str, Value]]:
    """Yield another value than the default for every parameter."""
    for field in kind.fields():
        if field.kind is bool:
            yield field.name, not field.default
        elif field.kind is str:
            yield field.name, next(choice for choice in field.choices if choice != field.default)
        else:
            assert field.low is not None
            assert field.high is not None
            step = field.step or (1 if field.kind is int else (field.high - field.low) / 10)
            value = float(field.default) + step if float(field.default) + step <= field.high else field.default - step
            yield field.name, field.kind(value)


# --- the frame ------------------------------------------------------------------------------------


def test_the_lab_opens_on_the_first_step() -> None:
    app = driving.open_page("")
    assert STEPS[0].claim in words(app)
    assert shown(app)["step"] == STEPS[0].name


def test_the_steps_stand_in_the_order_of_the_derivation() -> None:
    names = [step.name for step in STEPS]
    assert names == [
        "brightness", "linearise", "derivatives", "aperture", "neighbours", "least-squares", "corners", "iterate",
        "pyramid",
    ]  # fmt: skip


@EVERY
def test_a_step_shows_its_claim_equation_figures_and_what_goes_with_them(step: AnyStep) -> None:
    app = open_step(step)
    told = words(app)
    for part in (f"## {number_of(step)}. {step.title}", step.claim, step.pitfall, step.place(step.parameters()).words):
        assert part in told
    for name in step.symbols:
        symbol = SYMBOLS[name]
        explained = symbol.meaning if name in new_symbols(step) else symbol.short
        assert explained in told, "every symbol of the equation is explained"
    assert shown(app)["step"] == step.name
    assert app.code[0].value.strip() == step.call(step.parameters()).strip()
    assert [b.label for b in app.button if b.key.startswith("t_try_")] == [case.title for case in step.tries]
    assert 2 <= len(step.tries) <= 3


@EVERY
def test_the_equation_carries_numbers_in_the_colours_of_the_figures(step: AnyStep) -> None:
    light, dark = (step.equation(step.parameters(), step.compute(step.parameters()), Tex(d)) for d in (False, True))
    assert re.search(r"\d", light)
    assert light.count("{") == light.count("}")
    colours = [set(re.findall(r"\\textcolor\{(#\w+)\}", tex)) for tex in (light, dark)]
    assert len(colours[0]) >= 2
    assert not colours[0] & colours[1], "dark has its own colours"
    assert "nan" not in light


@EVERY
def test_a_figure_and_what_it_weighs(step: AnyStep) -> None:
    chosen = step.parameters()
    figures = step.board(chosen, step.compute(chosen))
    sent = json.dumps(board_data(figures, step=step.name, turn=1, dark=False), allow_nan=False)
    assert len(sent) < MOST_BYTES
    assert 2 <= sum(len(row) for row in figures.rows) <= 8
    links = [mark.link for row in figures.rows for p in row if isinstance(p, Panel) for mark in p.marks if mark.link]
    links += [r.link for row in figures.rows for p in row if not isinstance(p, Panel) for r in p.rows if r.link]
    assert len(links) > len(set(links)), "something lights up together"


@EVERY
def test_every_symbol_is_new_in_one_step_only(step: AnyStep) -> None:
    for name in new_symbols(step):
        assert all(name not in earlier.symbols for earlier in STEPS[: STEPS.index(step)])


@EVERY
def test_every_setting_of_a_link_changes_what_is_shown(step: AnyStep) -> None:
    """A link holds what is set: another value of any setting gives another page, whatever choice it belongs to."""
    prefix = prefix_of(step)
    choices = [(prefix + f.name, choice) for f in step.parameters.fields() for choice in f.choices]

    def page(query: dict[str, str]) -> tuple[Any, str]:
        app = open_step(step, **query)
        return shown(app), equation(app)

    for name, value in other_values(step.parameters):
        written = {prefix + name: str(value).lower() if isinstance(value, bool) else str(value)}
        bases: list[dict[str, str]] = [{}, *({key: choice} for key, choice in choices if key != prefix + name)]
        assert any(page(base) != page(base | written) for base in bases), name


@EVERY
def test_a_link_with_nonsense_falls_back(step: AnyStep) -> None:
    nonsense = {prefix_of(step) + field.name: "<b>9e999" for field in step.parameters.fields()}
    app = open_step(step, t_try="../..", t_said="99", **nonsense)
    assert shown(app) == shown(open_step(step))
    assert not said(app)


@EVERY
def test_the_corners_of_the_ranges_crash_nothing(step: AnyStep) -> None:
    """Every setting at its ends: an answer, or a sentence that says what to change."""
    for field in step.parameters.fields():
        ends = field.choices if field.kind is str else (True, False) if field.kind is bool else (field.low, field.high)
        for value in ends:
            assert value is not None
            written = str(field.kind(value)).lower() if field.kind is bool else str(field.kind(value))
            app = open_step(step, **{prefix_of(step) + field.name: written})
            assert said(app) or shown(app)["rows"], (field.name, value)


def any_settings(kind: type[Parameters]) -> st.SearchStrategy[dict[str, Value]]:
    """Return any values a link may hold: each in its range, whether they go together or not."""
    values: dict[str, st.SearchStrategy[Any]] = {}
    for field in kind.fields():
        if field.kind is bool:
            values[field.name] = st.booleans()
        elif field.kind is str:
            values[field.name] = st.sampled_from(field.choices)
        elif field.kind is int:
            step = 2 if field.step == 2 else 1
            values[field.name] = st.sampled_from(range(int(field.low or 0), int(field.high or 0) + 1, step))
        else:
            values[field.name] = st.floats(field.low, field.high) | st.sampled_from([field.low, field.high])
    return st.fixed_dictionaries(values)


@EVERY
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_link_sets_is_drawn_or_refused_in_words(step: AnyStep, data: st.DataObject) -> None:
    try:
        chosen = step.parameters(**data.draw(any_settings(step.parameters)))
        numbers = step.compute(chosen)
    except FlowlabError:
        return
    sent = json.dumps(board_data(step.board(chosen, numbers), step=step.name, turn=1, dark=True), allow_nan=False)
    assert len(sent) < MOST_BYTES
    tex = step.equation(chosen, numbers, Tex(False))
    assert "nan" not in tex
    assert tex.count("{") == tex.count("}")
    assert step.place(chosen).query["clip"]
    compile(step.call(chosen), step.name, "exec")


@EVERY
def test_what_a_hand_does_on_a_panel_becomes_a_setting_within_its_range(step: AnyStep) -> None:
    chosen = step.parameters()
    panels = [p for row in step.board(chosen, step.compute(chosen)).rows for p in row if isinstance(p, Panel)]
    gestures = [panel for panel in panels if panel.gesture]
    assert gestures, "something can be touched"
    for panel in gestures:
        moved = [step.moved(chosen, panel.gesture, x, y) for x in panel.x for y in panel.y]
        assert any(one != chosen for one in moved), panel.gesture
        for one in moved:
            numbers = step.compute(one)
            assert step.board(one, numbers).rows


@EVERY
def test_the_call_computes_the_step_with_flowlab_alone(step: AnyStep) -> None:
    source = step.call(step.parameters())
    assert "streamlit" not in source
    assert "pages" not in source
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, step.name, "exec"), {})
    assert re.search(r"\d", printed.getvalue())


@EVERY
def test_the_measure_page_of_a_step_opens_on_its_scene(step: AnyStep) -> None:
    place = step.place(step.parameters())
    page = place.page.removeprefix("pages/").removesuffix(".py")
    app = driving.open_page(page, **place.query)
    assert not app.error, said(app)
    assert driving.clip_of(app) == place.query["clip"]


# --- predict, reveal, check -------------------------------------------------------------------------


@TRIES
def test_a_try_asks_first_then_shows_and_tells_why(step: AnyStep, case: Try) -> None:  # type: ignore[type-arg]
    app = open_step(step)
    press(app, f"t_try_{step.name}_{case.name}")
    assert case.question in words(app)
    assert shown(app) == shown(open_step(step, **link_of(step, case.before))), "the question's own settings"
    before, after = step.compute(case.before), step.compute(case.after)
    right = case.right(before, after)
    why = case.why(before, after)
    assert re.search(r"\d", why), "the reason has its numbers"
    assert why not in words(app), "nothing is given away"
    assert step.pitfall not in words(app), "nor by what goes wrong here"
    press(app, f"t_say_{right}")
    assert "**Right.**" in words(app)
    assert why in words(app)
    assert step.pitfall in words(app)
    answered = shown(app)
    assert answered == shown(open_step(step, **link_of(step, case.after))), "the picture answers"
    linked = open_step(step, t_try=case.name, t_said=str(right + 1), **link_of(step, case.after))
    assert shown(linked) == answered
    assert why in words(linked)


@TRIES
def test_a_wrong_answer_is_told_the_right_one(step: AnyStep, case: Try) -> None:  # type: ignore[type-arg]
    before, after = step.compute(case.before), step.compute(case.after)
    right = case.right(before, after)
    assert 0 <= right < len(case.choices)
    wrong = next(n for n in range(len(case.choices)) if n != right)
    app = open_step(step, t_try=case.name, t_said=str(wrong + 1))
    assert f"Not so: {case.choices[right][0].lower()}{case.choices[right][1:]}." in words(app)


def test_a_question_can_be_put_away() -> None:
    app = open_page(t_try=STEPS[0].tries[0].name)
    press(app, "t_close")
    assert STEPS[0].tries[0].question not in words(app)
    assert "t_try" not in app.query_params


# --- going through it ---------------------------------------------------------------------------------


def test_from_the_first_step_to_the_last_and_back() -> None:
    app = open_page()
    for step in STEPS[1:]:
        press(app, "t_Next")
        assert shown(app)["step"] == step.name
        assert app.query_params["t_step"] == step.name
    assert app.button(key="t_Next").disabled
    for step in reversed(STEPS[:-1]):
        press(app, "t_Previous")
        assert shown(app)["step"] == step.name
    assert app.button(key="t_Previous").disabled
    assert "t_step" not in app.query_params


def test_the_contents_list_leads_to_every_step() -> None:
    app = open_page()
    for step in STEPS[1:]:
        press(app, f"t_contents_{step.name}")
        assert shown(app)["step"] == step.name
        assert app.button(key=f"t_contents_{step.name}").disabled, "where one is"


def test_a_step_left_is_found_as_it_was_and_its_settings_leave_the_address() -> None:
    first = STEPS[0]
    app = open_page(t_brightness_light="-20.0")
    before = shown(app)
    press(app, "t_Next")
    assert not [name for name in app.query_params if name.startswith(prefix_of(first))]
    press(app, "t_Previous")
    assert shown(app) == before
    press(app, f"{prefix_of(first)}reset")
    assert shown(app) == shown(open_page())


def test_a_control_changes_the_figures_and_the_link() -> None:
    app = open_page()
    before = shown(app)
    app.slider(key="t_brightness_set_light").set_value(-30.0)
    run(app)
    assert app.query_params["t_brightness_light"] == "-30.0"
    assert shown(app) != before


def test_a_step_that_does_not_exist_is_the_first_one() -> None:
    assert shown(open_page(t_step="<script>"))["step"] == STEPS[0].name
    assert step_named("") is STEPS[0]


def test_an_older_link_still_leads_to_dense_flow() -> None:
    """The lab's first page was Dense flow once, and links to it are out there."""
    app = driving.open_page("", clip=driving.SMALL, d_frame="3", d_view="magnitude")
    assert driving.picture(app)["frame"] == 3
    assert driving.clip_of(app) == driving.SMALL


def test_the_numbers_of_a_step_are_those_of_flowlab() -> None:
    """One number followed by hand: brightness at (11, 15) and where it went, in the equation."""
    from flowlab import open_clip

    step = STEPS[0]
    clip = open_clip(step.place(step.parameters()).query["clip"])
    first, second = clip.frame(0).grey, clip.frame(8).grey
    written = equation(open_page())
    assert rf"\underset{{{float(first[15, 11]):.1f}}}" in written
    assert rf"\underset{{{np.float32(second[23, 16]):.1f}}}" in written
