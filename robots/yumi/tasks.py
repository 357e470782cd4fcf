"""Names of the tasks that YuMi arms do, for whoever needs no more than the name."""

PUSH = "yumi_push"
"""Block pushing on tables that cameras look at: each arm has a cube, an obstacle and four walls."""
NAMES = (PUSH,)
