"""Type of options that name a task: one that comes with the project, or one from outside.

Whether there is such a task outside is for the command to find out: nothing of somebody else's is loaded
here.
"""

import re
from argparse import ArgumentTypeError

from iifl_server.names import BENCHMARKS, SUPERVISOR_TASKS, TASKS

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,98}[A-Za-z0-9_])?")
_PLACE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_LONGEST = 200
_OTHERS = "one that an installed package registers, or package.module:name"
WORDS = f"task of the robots: {', '.join(TASKS)}, {_OTHERS}"


def task(text: str) -> str:
    """Argument type: what can be a task's name or place."""
    if len(text) <= _LONGEST and (_NAME.fullmatch(text) or _PLACE.fullmatch(text)):
        return text
    raise ArgumentTypeError(f"{_shown(text)} is not valid; valid are {', '.join(TASKS)}, {_OTHERS}")


def experiment(text: str) -> str:
    """Argument type: an experiment of the paper, or what can be a task from outside."""
    if text in BENCHMARKS or (len(text) <= _LONGEST and (_NAME.fullmatch(text) or _PLACE.fullmatch(text))):
        return text
    raise ArgumentTypeError(
        f"{_shown(text)} is not valid; valid are {', '.join(BENCHMARKS)}, or a task from outside: {_OTHERS}"
    )


def taught_task(text: str) -> str:
    """Argument type: a task whose supervisor is trained by PPO."""
    if text in SUPERVISOR_TASKS:
        return text
    raise ArgumentTypeError(
        f"{_shown(text)} is not valid; valid are {', '.join(SUPERVISOR_TASKS)}. Other tasks' supervisors are "
        "scripts; one from outside comes with its package, as `supervisor` of its Task"
    )


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:60] + "…")
