"""Small data sets in the layouts of the real ones: a texture that moves by (2, 1) px, and its truth."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.media.flow_files import write_flow
from tests.hostile import moving_texture

HEIGHT, WIDTH = 96, 128
STEP = (2, 1)
HIDDEN = slice(90, None)  # rows of a KITTI pair whose points are hidden in the second picture
UNKNOWN = slice(0, 10)  # columns of a KITTI pair whose truth was not measured


def true_flow(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.float32]:
    return np.full((height, width, 2), STEP, np.float32)


def write_pair(first: Path, second: Path, height: int = HEIGHT, width: int = WIDTH) -> None:
    for path, rgb in zip((first, second), moving_texture(2, height, width), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(path.suffix, rgb[..., ::-1])[1].tobytes())


def write_truth(path: Path, flow: NDArray[np.float32]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_flow(path, flow)


def write_middlebury(folder: Path, *names: str, pictures: str = "other-data") -> Path:
    for name in names:
        write_pair(folder / pictures / name / "frame10.png", folder / pictures / name / "frame11.png")
        write_truth(folder / "other-gt-flow" / name / "flow10.flo", true_flow())
    return folder


def write_kitti(folder: Path, *names: str, pictures: str = "image_2") -> Path:
    training = folder / "training"
    truth = true_flow()
    truth[:, UNKNOWN] = np.nan
    visible = truth.copy()
    visible[HIDDEN] = np.nan
    for name in names:
        write_pair(training / pictures / f"{name}_10.png", training / pictures / f"{name}_11.png")
        write_truth(training / "flow_occ" / f"{name}_10.png", truth)
        write_truth(training / "flow_noc" / f"{name}_10.png", visible)
    return folder


def write_chairs(folder: Path, *names: str, naming: str = "{}-img0.ppm {}-img1.ppm {}-gt.flo") -> Path:
    for name in names:
        first, second, truth = (folder / part.replace("{}", name) for part in naming.split())
        write_pair(first, second)
        write_truth(truth, true_flow())
    return folder
