"""MATLAB's `.mat` (version 5, what MATLAB's `save` writes by default), as PIV tools lay it out.

    u, v          (H, W) single: displacement in pixels, u to the right, v DOWN, NaN where unknown
    x, y          (H, W) double: where each vector stands, counted from 1 as MATLAB does
                  (x runs 1 .. W along a row, y runs 1 .. H down a column)
    first_frame,  (1, 1), optional: index of the frame the flow starts from (counted from 0, as
    gap           everywhere in flowlab), and frames from there to the second one

so that `load flow.mat; imshow(frame); hold on; quiver(x, y, u, v, 0)` draws each arrow on its pixel.

Reading accepts any real numeric u and v of one size; x and y need not be there, and where they show a
coarser grid (PIV: a vector every 16 px) the file is refused, since it holds no vector for each pixel.
"""

import io

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import FlowFileError
from flowlab.media.flow_field import Flow, Metadata, as_float32
from flowlab.media.matlab5 import TEXT_SIZE, read_matrices

# scipy writes the time and the machine's system here; equal flows shall be equal files.
_DESCRIPTION = b"MATLAB 5.0 MAT-file, optical flow written by flowlab"


def write_mat(flow: Flow, metadata: Metadata) -> bytes:
    """Return a checked flow (H, W, 2) and its metadata as the bytes of a MATLAB 5 file."""
    from scipy.io import savemat  # here, because it takes longer to import than most sessions ever need it

    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(1.0, width + 1), np.arange(1.0, height + 1))
    variables = {"u": flow[..., 0], "v": flow[..., 1], "x": x, "y": y}
    variables |= {name: np.array([[float(value)]]) for name, value in metadata.items()}
    buffer = io.BytesIO()
    savemat(buffer, variables, do_compression=True)  # type: ignore[arg-type]  # the stubs know paths only
    return _DESCRIPTION.ljust(TEXT_SIZE) + buffer.getvalue()[TEXT_SIZE:]


def read_mat(data: bytes) -> Flow:
    """Return the flow (H, W, 2) made of the matrices u and v of a MATLAB 5 file.

    Raises:
        FlowFileError: no MATLAB 5 file, damaged, without u and v, or with ones that are no dense flow.
    """
    matrices = read_matrices(data, ("u", "v", "x", "y"), needed=("u", "v"))
    u, v = matrices["u"], matrices["v"]
    if u.shape != v.shape:
        raise FlowFileError(f"its u is {_size(u)} and its v {_size(v)}: save both at one size")
    for name, axis in (("x", 1), ("y", 0)):
        if name in matrices and matrices[name].shape == u.shape:
            _check_step(name, matrices[name], axis)
    return np.stack([as_float32(u), as_float32(v)], axis=2)


def _check_step(name: str, grid: NDArray[np.generic], axis: int) -> None:
    """Raise FlowFileError where positions do not step by one pixel along `axis` of their first row or column."""
    positions = grid[0, :] if axis == 1 else grid[:, 0]
    with np.errstate(all="ignore"):
        steps = np.diff(positions.astype(np.float64))
    wrong = steps[steps != 1]
    if wrong.size:
        raise FlowFileError(f"its {name} steps by {wrong[0]:g} px: give a flow with one vector for each pixel")


def _size(matrix: NDArray[np.generic]) -> str:
    return f"{matrix.shape[1]}x{matrix.shape[0]}"
