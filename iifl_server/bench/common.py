"""What all measurements share: options, medians, and the machine that they were taken on."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch

from iifl_server.experiments.results import machine

Show = Callable[[str], None]
"""Takes one line of output."""
Scale = Literal["smoke", "full"]


@dataclass(frozen=True)
class Options:
    """What decides one measurement."""

    scale: Scale = "full"
    """`smoke` runs the same code on a small size in seconds; its ratios are no claim."""
    seed: int = 0
    """Decides every draw."""
    repeats: int = 5
    """Of what is fast; a slow baseline may run fewer times, and then says so."""
    threads: int = 0
    """Of torch; 0 takes one for each core."""

    @property
    def smoke(self) -> bool:
        """Whether only the code is tried."""
        return self.scale == "smoke"


def prepare(options: Options, show: Show) -> dict[str, Any]:
    """Set the threads, print the machine and the seed; returns them for the figures."""
    if options.threads:
        torch.set_num_threads(options.threads)
    found = {**machine(), "threads": torch.get_num_threads(), "seed": options.seed, "scale": options.scale}
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    show(", ".join(f"{name} {value}" for name, value in found.items()))
    return found


def device() -> torch.device:
    """Where networks are measured: the GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def time_s(work: Callable[[], object]) -> float:
    """Seconds of one call, until the device has finished."""
    begun = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def medians_s(works: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each, taken in turns so that a busy moment of the machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            times[name].append(time_s(work))
    return {name: statistics.median(column) for name, column in times.items()}
