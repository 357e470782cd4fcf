"""What deciding for a fleet costs on this machine, measured on a few robots before a large fleet begins."""

import math
import time
from typing import Any

import torch

from policy.errors import InputError
from policy.learning.checkpoint import load_checkpoint
from robots.registry import make_unassisted_fleet

ROBOTS = 16
"""Measured on so many: one robot alone would be charged for what all share."""


def seconds_per_robot(path: Any, task: str) -> float:
    """CPU time of a decision, for each robot of a fleet [s], on one core; takes a few seconds."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        policy, _ = load_checkpoint(path)
        observations = make_unassisted_fleet(task, ROBOTS, 0).observe()
        policy.decide(observations, 0)  # Once without a clock, for what is made at the first call.
        begun = time.process_time()
        policy.decide(observations, 1)
        return (time.process_time() - begun) / ROBOTS
    finally:
        torch.set_num_threads(threads)


def told_cost(per_robot: float, robots: int, pace: float, longest_pace: float) -> str:
    """What a fleet costs, and which sizes and paces this machine keeps. Raises InputError for no robots."""
    if robots < 1 or pace <= 0:
        raise InputError(f"robots is {robots} and pace is {pace}; valid are at least 1 and above 0")
    step = per_robot * robots
    text = (
        f"{robots} robots: deciding takes about {step:.2g} s of one core per step, "
        f"{step / pace:.0%} of the pace"
    )
    if step <= pace:
        return f"{text} of {pace:g} s."
    fewer = max(1, math.floor(pace / per_robot))
    slower = math.ceil(10 * step) / 10
    mend = f"up to --robots {fewer} keep it"
    if slower <= longest_pace:
        mend += f", or --pace {slower:g}"
    return f"{text} of {pace:g} s: the fleet will be slower than its pace; {mend}."
