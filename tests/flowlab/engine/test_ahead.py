"""Working ahead in a thread: the same items, the same errors, and no thread left behind."""

import queue
import threading
import time
from collections.abc import Iterator

import pytest

from flowlab.engine.ahead import ahead
from tests.processes import wait_for


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("flowlab-ahead")}


def test_items_come_in_order_from_another_thread() -> None:
    makers = []

    def items() -> Iterator[int]:
        for n in range(50):
            makers.append(threading.get_ident())
            yield n

    assert list(ahead(items(), 3)) == list(range(50))
    assert set(makers).isdisjoint({threading.get_ident()})
    assert not threads()


def test_it_is_never_further_ahead_than_told() -> None:
    made = []

    def items() -> Iterator[int]:
        for n in range(20):
            made.append(n)
            yield n

    for taken in ahead(items(), 2):
        time.sleep(0.001)
        assert len(made) - taken <= 5  # two that wait, one in either hand, one being made
    assert len(made) == 20


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("damaged")

    got = []
    with pytest.raises(ValueError, match="damaged"):
        for item in ahead(items()):
            got.append(item)
    assert got == [1]
    assert not threads()


def test_left_early_the_thread_stops_and_closes_what_it_read() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from iter(int, 1)
        finally:
            closed.set()

    reading = ahead(items(), 2)
    next(reading)
    reading.close()
    assert closed.is_set()
    assert not threads()


def test_ctrl_c_while_it_waits_stops_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interrupt comes in `get`, when the thread has more to give than there is room for."""
    real = queue.Queue.get
    gets = []

    def get(self: "queue.Queue[object]", *arguments: object, **options: object) -> object:
        gets.append(1)
        if len(gets) == 3:
            wait_for("the thread to be as far ahead as it may", self.full)
            raise KeyboardInterrupt
        return real(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(queue.Queue, "get", get)
    got = []
    with pytest.raises(KeyboardInterrupt):
        for item in ahead(iter(int, 1), 2):
            got.append(item)
    assert got == [0, 0]
    assert not threads()


def test_steps_may_follow_one_another() -> None:
    doubled = (2 * n for n in ahead(range(100)))
    assert sum(ahead(doubled)) == 9900
    assert not threads()
