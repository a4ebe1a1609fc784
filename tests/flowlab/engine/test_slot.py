"""However many requests come while one computes, at most one more computes: the newest."""

import threading

import pytest

from flowlab.engine.slot import LatestSlot, SupersededError


def test_ten_requests_at_once_cost_at_most_two_computations_and_the_newest_wins() -> None:
    slot = LatestSlot()
    computed: list[int] = []
    dropped: list[int] = []
    first_runs, go_on = threading.Event(), threading.Event()

    def request(number: int) -> None:
        try:
            with slot.turn():
                computed.append(number)
                if number == 0:
                    first_runs.set()
                    assert go_on.wait(10)
        except SupersededError:
            dropped.append(number)

    threads = [threading.Thread(target=request, args=(0,))]
    threads[0].start()
    assert first_runs.wait(10)
    for number in range(1, 10):
        thread = threading.Thread(target=request, args=(number,))
        threads.append(thread)
        before = slot.requests
        thread.start()
        while slot.requests == before:
            pass
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert computed == [0, 9]
    assert sorted(dropped) == list(range(1, 9))


def test_requests_one_after_the_other_all_run() -> None:
    slot = LatestSlot()
    for _ in range(3):
        with slot.turn():
            pass


def test_an_error_inside_frees_the_slot() -> None:
    slot = LatestSlot()
    with pytest.raises(RuntimeError, match="inside"), slot.turn():
        raise RuntimeError("inside")
    with slot.turn():
        pass
