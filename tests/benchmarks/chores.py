"""What the benchmarks have worker processes do; they import it by name, and little with it."""

import time
from pathlib import Path

import cv2
import numpy as np


def filter_for(seconds: float) -> float:
    """Filter a picture again and again, as jobs do: outside the interpreter; return for how long."""
    start = time.perf_counter()
    picture = np.zeros((360, 640), np.float32)
    while time.perf_counter() - start < seconds:
        cv2.GaussianBlur(picture, (0, 0), 5)
    return time.perf_counter() - start


def forget_peak() -> None:
    """Make the memory this process has now its peak so far (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_megabytes() -> float:
    """Return the most memory this process had at once since `forget_peak` (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
