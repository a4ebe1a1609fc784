"""The convergence experiment on a cluster: its draws are shared out among worker processes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.engine.cluster import Cluster, Piece
from flowlab.engine.running import check_cancelled
from flowlab.errors import ParameterError
from flowlab.evaluation.convergence import (
    WAYS,
    Convergence,
    ConvergenceParameters,
    converge,
    convergence_seconds,
    joined,
    surroundings,
)
from flowlab.tracking.affine.choices import Photometry
from flowlab.tracking.affine.parameters import AlignParameters

Grey = NDArray[np.uint8]
Report = Callable[[int, int, int], None]

MOST_SECONDS = 120.0
"""What an experiment that a page asks for may take on one core."""

_PIECE_SECONDS = 1.0
_GRACE, _PATIENCE = 60.0, 20.0  # s a piece may take, and as many times what is expected


def check_experiment(box: Box, parameters: ConvergenceParameters) -> float:
    """Return the seconds it takes on one core; raises ParameterError where those are more than a page may ask for."""
    seconds, sigmas = convergence_seconds(box, parameters), len(parameters.sigmas)
    if seconds > MOST_SECONDS:
        raise ParameterError(
            f"{parameters.draws} draws for each of {sigmas} sigmas, {len(WAYS)} ways to align would take about "
            f"{seconds:.0f} s, more than the {MOST_SECONDS:g} s of a page: choose fewer draws or sigmas, or a smaller "
            "box"
        )
    return seconds


def run_experiment(
    cluster: Cluster, grey: Grey, box: Box, align: AlignParameters, parameters: ConvergenceParameters, report: Report,
    cancel: threading.Event,
) -> Convergence:  # fmt: skip
    """Return what `converge` does, computed by worker processes; in a piece at a time, whoever computes which.

    Args:
        cluster: the workers.
        grey: (H, W) uint8, the frame the template is taken from, and aligned to.
        box: where the template is, px.
        align: motion, brightness, blur and weights.
        parameters: of the experiment.
        report: told (done, in all, 0), in starts: draws of every sigma.
        cancel: set by somebody who does not want it any more.

    Raises:
        CancelledError: `cancel` was set.
        ParameterError: the template is too small, or too flat.
        EngineError: a process died of this work, or the cluster was lost.
    """
    around, inside = surroundings(grey, box, align)
    if align.photometry == Photometry.CLAHE:  # of the whole frame, and done
        align = replace(align, photometry=Photometry.NONE.value)
    each = convergence_seconds(box, parameters) / parameters.draws
    size = max(1, int(_PIECE_SECONDS / each))
    starts = range(0, parameters.draws, size)

    def pieces() -> Iterator[Piece]:
        for start in starts:
            stop = min(start + size, parameters.draws)
            arguments = around, inside, align, parameters, (start, stop)
            what = f"draws {start} to {stop - 1} of the experiment"
            yield Piece(str(start), converge_in_worker, arguments, what, _GRACE + _PATIENCE * each * size)

    cluster.start()
    total, found = parameters.draws * len(parameters.sigmas), dict[int, Convergence]()
    report(0, total, 0)
    with closing(cluster.run(pieces(), cancel)) as results:
        for piece, part in results:
            found[int(piece.key)] = part
            report(sum(one.draws for one in found.values()) * len(parameters.sigmas), total, 0)
    return joined([found[start] for start in starts])


def converge_in_worker(
    grey: Grey, box: Box, align: AlignParameters, parameters: ConvergenceParameters, draws: tuple[int, int]
) -> Convergence:
    """Return some of the draws; raises as `run_experiment`."""
    cv2.setNumThreads(1)  # the other processes have the other cores
    for _, result in converge(grey, box, align, parameters, draws=range(*draws)):
        if result is not None:
            return result
        check_cancelled()
    raise AssertionError("an experiment ends with a result or an error")
