"""A whole clip's points, from question to files: the names of `follow_clip` as those say who follow points only."""

from flowlab.jobs.follow_clip import PRELOAD as PRELOAD
from flowlab.jobs.follow_clip import FollowFiles as PointsFiles
from flowlab.jobs.follow_clip import FollowOutcome as PointsOutcome
from flowlab.jobs.follow_clip import FollowWorkshop as PointsWorkshop

__all__ = ["PRELOAD", "PointsFiles", "PointsOutcome", "PointsWorkshop"]
