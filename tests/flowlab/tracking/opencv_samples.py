"""The loops of OpenCV's samples as they are published, without windows: what the presets must equal, bit for bit.

Each yields, frame by frame, the positions of the tracks it keeps, (N, 2) float32.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import numpy as np

Grey = np.ndarray

LK: dict[str, Any] = {
    "winSize": (15, 15), "maxLevel": 2, "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03),
}  # fmt: skip


def tutorial(frames: Iterable[Grey]) -> Iterator[np.ndarray]:
    """samples/python/tutorial_code/video/optical_flow/optical_flow.py."""
    old, p0 = None, None
    for grey in frames:
        if old is None:
            p0 = cv2.goodFeaturesToTrack(grey, mask=None, maxCorners=100, qualityLevel=0.3, minDistance=7, blockSize=7)
        elif p0 is not None and len(p0):
            p1, status, _ = cv2.calcOpticalFlowPyrLK(old, grey, p0, None, **LK)
            p0 = p1[status == 1].reshape(-1, 1, 2)
        old = grey
        yield np.zeros((0, 2), np.float32) if p0 is None else p0.reshape(-1, 2)


def lk_track(frames: Iterable[Grey]) -> Iterator[np.ndarray]:
    """samples/python/lk_track.py."""
    tracks: list[list[tuple[float, float]]] = []
    previous = None
    for index, grey in enumerate(frames):
        if tracks:
            p0 = np.float32([track[-1] for track in tracks]).reshape(-1, 1, 2)
            p1, _, _ = cv2.calcOpticalFlowPyrLK(previous, grey, p0, None, **LK)
            p0r, _, _ = cv2.calcOpticalFlowPyrLK(grey, previous, p1, None, **LK)
            good = abs(p0 - p0r).reshape(-1, 2).max(-1) < 1
            tracks = [
                [*track, (x, y)] for track, (x, y), kept in zip(tracks, p1.reshape(-1, 2), good, strict=True) if kept
            ]
        if index % 5 == 0:
            mask = np.full_like(grey, 255)
            for x, y in [np.int32(track[-1]) for track in tracks]:
                cv2.circle(mask, (int(x), int(y)), 5, 0, -1)
            found = cv2.goodFeaturesToTrack(
                grey, mask=mask, maxCorners=500, qualityLevel=0.3, minDistance=7, blockSize=7
            )
            if found is not None:
                tracks += [[(x, y)] for x, y in np.float32(found).reshape(-1, 2)]
        previous = grey
        yield np.array([track[-1] for track in tracks], np.float32).reshape(-1, 2)


def lk_homography(frames: Iterable[Grey]) -> Iterator[np.ndarray]:
    """samples/python/lk_homography.py, from the moment its space bar is pressed; the homography moves no point."""
    lk = LK | {"winSize": (19, 19)}
    points, previous = None, None
    for grey in frames:
        if points is None:
            found = cv2.goodFeaturesToTrack(grey, maxCorners=1000, qualityLevel=0.01, minDistance=8, blockSize=19)
            points = np.zeros((0, 1, 2), np.float32) if found is None else found
        elif len(points):
            p1, _, _ = cv2.calcOpticalFlowPyrLK(previous, grey, points, None, **lk)
            p0r, _, _ = cv2.calcOpticalFlowPyrLK(grey, previous, p1, None, **lk)
            points = p1[abs(points - p0r).reshape(-1, 2).max(-1) < 1.0]
        previous = grey
        yield points.reshape(-1, 2)
