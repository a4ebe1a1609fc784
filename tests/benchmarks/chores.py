"""What the benchmarks have worker processes do; they import it by name, and little with it."""

import time
from pathlib import Path


def spin(seconds: float) -> None:
    """Keep a core busy for exactly so long."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def forget_peak() -> None:
    """Make the memory this process has now its peak so far (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_megabytes() -> float:
    """Return the most memory this process had at once since `forget_peak` (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
