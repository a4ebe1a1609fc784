"""The experiment on a cluster: the same numbers as in one process, whoever computes which draws."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from flowlab.core.region import Box
from flowlab.engine.cluster import Cluster
from flowlab.errors import CancelledError, ParameterError
from flowlab.evaluation import convergence_run
from flowlab.evaluation.convergence import WAYS, ConvergenceParameters, converge
from flowlab.evaluation.convergence_run import check_experiment, run_experiment
from flowlab.tracking.affine.parameters import AlignParameters
from tests.flowlab.tracking.surfaces import waves

BOX = Box(120, 70, 50, 40)
ASKED = ConvergenceParameters(sigma_from=2, sigma_to=3, draws=7, picture_noise=3)
Y, X = np.mgrid[:220, :300].astype(np.float64)
GREY = np.rint(np.clip(waves(X / 2, Y / 2, seed=4), 0, 255)).astype(np.uint8)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(workers=1) as cluster:
        yield cluster


@pytest.mark.parametrize("photometry", ["none", "clahe"])
def test_the_pieces_make_what_one_process_makes(
    cluster: Cluster, photometry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convergence_run, "_PIECE_SECONDS", 1e-9)  # a draw each
    align = AlignParameters(photometry=photometry)
    seen: list[tuple[int, int, int]] = []
    found = run_experiment(cluster, GREY, BOX, align, ASKED, lambda *told: seen.append(told), threading.Event())
    *_, (_, expected) = converge(GREY, BOX, align, ASKED)
    assert expected is not None and found.draws == 7
    for way in WAYS:
        np.testing.assert_allclose(found.errors[way], expected.errors[way], atol=1e-4)
    assert seen[0] == (0, 14, 0) and seen[-1] == (14, 14, 0)
    assert [done for done, _, _ in seen] == list(range(0, 15, 2))
    assert all(seconds > 0 for seconds in found.seconds.values())


def test_who_cancels_stops_it(cluster: Cluster) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        run_experiment(cluster, GREY, BOX, AlignParameters(), ASKED, lambda *_: None, cancel)


def test_a_flat_template_is_refused_in_a_sentence(cluster: Cluster) -> None:
    flat = np.full_like(GREY, 90)
    with pytest.raises(ParameterError, match="texture measure"):
        run_experiment(cluster, flat, BOX, AlignParameters(), ASKED, lambda *_: None, threading.Event())


def test_more_than_a_page_may_ask_for_is_refused() -> None:
    assert 0 < check_experiment(BOX, ASKED) < 5
    with pytest.raises(ParameterError, match=r"5000 draws for each of 10 sigmas, .* choose fewer draws or sigmas"):
        check_experiment(BOX, ConvergenceParameters(draws=5000))
