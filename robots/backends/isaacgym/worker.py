"""The worker's side of the pipe: answers a fleet's questions with a simulated task, until the fleet is gone.

Started as a program by the interpreter of Isaac Gym (Python 3.8), which knows nothing of this project but
the files beside this one. Standard output belongs to the protocol: what
libraries print goes to standard error.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from robots.backends.isaacgym import protocol
else:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import protocol

PARENT_CHECKED_EVERY_S = 1.0


def serve(make_task: Callable[[str, int, int], Any], name: str) -> None:
    """Answer until the other side hangs up or says close.

    make_task: (task, robots, seed) to an object with observation_size, action_size and the methods

    - observe() -> (N, S) float32;
    - step(actions (N, A) float32, active (N,) bool) -> observation, reward (N,) float32, violation (N,) bool,
      success (N,) bool; it never resets a robot by itself, and leaves inactive ones where they are;
    - reset(ids (n,) int64): begin episodes of these;
    - snapshot() -> dict of arrays; restore(dict of arrays).

    name: of what simulates, shown to people and kept in snapshots.
    """
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    _end_with(os.getppid())
    decoder = protocol.Decoder()
    task = None
    while True:
        data = os.read(0, 1 << 20)
        if not data:
            return
        for message in decoder.feed(data):
            if message.kind == "close":
                return
            try:
                if message.kind == "hello":
                    task, answer = _greet(make_task, name, message)
                else:
                    answer = _answer(task, message)
            except Exception as error:
                answer = protocol.encode("error", {"text": "%s: %s" % (type(error).__name__, error)})  # noqa: UP031
            _send(out, answer)


def _greet(make_task: Callable[[str, int, int], Any], name: str, message: Any) -> Any:
    said = message.fields
    if said.get("version") != protocol.VERSION:
        raise ValueError(f"the fleet speaks version {said.get('version')}, this worker {protocol.VERSION}")
    task = make_task(said["task"], said["robots"], said["seed"])
    about = {
        "version": protocol.VERSION,
        "name": name,
        "observation_size": int(task.observation_size),
        "action_size": int(task.action_size),
    }
    return task, protocol.encode("ready", about, {"observation": _floats(task.observe())})


def _answer(task: Any, message: Any) -> bytes:
    if task is None:
        raise ValueError(f"{message.kind!r} came before hello")
    if message.kind == "step":
        observation, reward, violation, success = task.step(
            message.arrays["actions"], message.arrays["active"]
        )
        arrays = {
            "observation": _floats(observation),
            "reward": _floats(reward),
            "violation": np.asarray(violation, dtype=bool),
            "success": np.asarray(success, dtype=bool),
        }
        return protocol.encode("stepped", None, arrays)
    if message.kind == "snapshot":
        return protocol.encode("state", None, task.snapshot())
    if message.kind == "reset":
        task.reset(message.arrays["ids"])
    elif message.kind == "restore":
        task.restore(message.arrays)
    else:
        raise ValueError(f"there is no question {message.kind!r}")
    return protocol.encode("seen", None, {"observation": _floats(task.observe())})


def _floats(values: Any) -> Any:
    return np.asarray(values, dtype=np.float32)


def _send(out: Any, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[out.write(view) :]


def _end_with(parent: int) -> None:
    """Leave no orphan, even where the main thread hangs in a simulation."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECKED_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    from simulated import make_task  # type: ignore[import-not-found,unused-ignore]

    serve(make_task, "Isaac Gym")
