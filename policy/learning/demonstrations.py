"""Demonstrations that others recorded: npz files of whole episodes, split by episode into datasets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.errors import InputError
from policy.learning.dataset import Dataset

_NAMES = ("observations", "actions", "rewards", "dones")


@dataclass(frozen=True)
class Demonstrations:
    """T steps of whole episodes by one supervisor, one episode after the other."""

    supervisor: str
    observations: NDArray[Any]
    """(T, S) float32, or (T, H, W, 3) uint8."""
    actions: NDArray[np.float32]
    """(T, A), clipped to [-1, 1]."""
    rewards: NDArray[np.float32]
    """(T,)."""
    episodes: tuple[slice, ...]
    """Where each episode lies."""
    clipped: NDArray[np.bool_]
    """(T,), steps of which a component was outside [-1, 1] in the file."""

    def __len__(self) -> int:
        return len(self.observations)

    def dataset(self, episodes: Iterable[int] | None = None, *, skip: int = 0) -> Dataset:
        """Samples of some episodes, by number, or of all; provenance names supervisor, episode and clipping.

        skip: steps to leave out at the beginning of each episode, for recorders that begin with observations
        of before the reset. Raises InputError for episodes that there are not, or where nothing is left.
        """
        chosen = range(len(self.episodes)) if episodes is None else list(episodes)
        wrong = [number for number in chosen if not 0 <= number < len(self.episodes)]
        if wrong:
            raise InputError(
                f"episodes hold {wrong[0]}; valid for {self.supervisor} is 0 to {len(self.episodes) - 1}"
            )
        if skip < 0:
            raise InputError(f"skip is {skip}; valid is at least 0")
        rows = [np.arange(len(self))[self.episodes[number]][skip:] for number in chosen]
        index = np.concatenate([np.zeros(0, dtype=np.intp), *rows])
        if not len(index):
            raise InputError(f"no step of {self.supervisor} is left with episodes {chosen} and skip {skip}")
        number = np.repeat(chosen, [len(part) for part in rows])
        names = [
            f"{self.supervisor}, episode {episode}{', clipped' if clipped else ''}"
            for episode, clipped in zip(number, self.clipped[index], strict=True)
        ]
        return Dataset(self.observations[index], self.actions[index], np.array(names))


def read_demonstrations(
    path: str | Path, *, supervisor: str | None = None, largest_clipped_share: float = 0.01
) -> Demonstrations:
    """Read an npz file of arrays observations (T, S), actions (T, A), rewards (T,) and dones (T,), true at
    the last step of each episode. No code in a file can run.

    supervisor: named in provenance; the file's name without. largest_clipped_share: of steps that may lie
    outside [-1, 1]; they are clipped and marked. Where more are, the file most likely has other units, so it
    is refused. Raises InputError, with the array and the reason, for a file that cannot be read or used.
    """
    source = Path(path)
    arrays = _arrays(source)
    observations, actions, rewards, dones = (arrays[name] for name in _NAMES)
    _check(source, observations, actions, rewards, dones)
    outside = (np.abs(actions) > 1.0).any(axis=1)  # (T,)
    if outside.mean() > largest_clipped_share:
        raise InputError(
            f"{source}: actions lie outside [-1, 1] in {outside.sum()} of {len(actions)} steps (largest "
            f"{np.abs(actions).max():.3g}); valid is a share of {largest_clipped_share}. Scale them first"
        )
    ends = np.flatnonzero(dones) + 1
    return Demonstrations(
        supervisor=source.stem if supervisor is None else supervisor,
        observations=observations if observations.dtype == np.uint8 else observations.astype(np.float32),
        actions=np.clip(actions, -1.0, 1.0).astype(np.float32),
        rewards=rewards.astype(np.float32),
        episodes=tuple(slice(int(a), int(b)) for a, b in zip([0, *ends[:-1]], ends, strict=True)),
        clipped=outside,
    )


def split_episodes(
    count: int, shares: Sequence[float], generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Numbers 0 to count - 1 at random into parts of these shares, each of at least one episode.

    Steps of one episode are much alike, so splitting them singly would have a policy tested on what it has
    all but seen. Raises InputError where shares do not add up to 1 or there are fewer episodes than parts.
    """
    if not shares or min(shares) <= 0 or abs(sum(shares) - 1.0) > 1e-6:
        raise InputError(f"shares are {list(shares)}; valid are numbers above 0 that add up to 1")
    if count < len(shares):
        raise InputError(f"{count} episodes do not go into {len(shares)} parts; valid is one each at least")
    sizes = np.maximum(1, np.round(np.asarray(shares[1:]) * count).astype(int))
    while sizes.sum() >= count:
        sizes[sizes.argmax()] -= 1
    order = generator.permutation(count)
    return [np.sort(part) for part in np.split(order, np.cumsum([count - sizes.sum(), *sizes[:-1]]))]


def joined(datasets: Sequence[Dataset]) -> Dataset:
    """One dataset of all samples, in order; raises InputError for none, or where shapes disagree."""
    if not datasets:
        raise InputError("there are no datasets to join; valid is at least one")
    shapes = sorted({(part.observations.shape[1:], part.actions.shape[1]) for part in datasets})
    if len(shapes) > 1:
        raise InputError(f"datasets have samples of different shapes: {shapes}; valid is one shape")
    return Dataset(
        np.concatenate([part.observations for part in datasets]),
        np.concatenate([part.actions for part in datasets]),
        np.concatenate([part.provenance for part in datasets]),
    )


def _arrays(source: Path) -> dict[str, NDArray[Any]]:
    try:
        with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            missing = [name for name in _NAMES if name not in arrays.files]
            if missing:
                raise InputError(f"{source} lacks {', '.join(missing)}; valid files have {', '.join(_NAMES)}")
            return {name: arrays[name] for name in _NAMES}
    except InputError:
        raise
    except Exception as error:  # numpy, zipfile and zlib each have their own; an npy file has no `files`
        raise InputError(f"{source} holds no demonstrations that can be read ({error})") from error


def _check(
    source: Path,
    observations: NDArray[Any],
    actions: NDArray[Any],
    rewards: NDArray[Any],
    dones: NDArray[Any],
) -> None:
    steps = len(observations) if observations.ndim else 0
    for name, array, valid in (
        ("observations", observations, observations.ndim in (2, 4)),
        ("actions", actions, actions.ndim == 2),
        ("rewards", rewards, rewards.ndim == 1),
        ("dones", dones, dones.ndim == 1),
    ):
        if not valid or len(array) != steps or not array.size:
            raise InputError(
                f"{source}: {name} has shape {array.shape}; valid are observations (T, S) or (T, H, W, 3), "
                "actions (T, A), rewards (T,) and dones (T,), of the same T of at least 1"
            )
        number = array.dtype.kind in "fiu" if name != "dones" else array.dtype.kind == "b"
        if not number:
            raise InputError(
                f"{source}: {name} is {array.dtype}; valid are numbers, and true or false for dones"
            )
        finite = np.isfinite(array).reshape(steps, -1).all(axis=1)
        if not finite.all():
            raise InputError(f"{source}: {name} of step {np.flatnonzero(~finite)[0]} holds NaN or infinity")
    if not dones[-1]:
        raise InputError(
            f"{source}: dones is false at the last step; valid are whole episodes, so cut the last"
        )
