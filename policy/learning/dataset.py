"""What supervisors did, as an append-only dataset."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.errors import InputError
from policy.learning.files import write_arrays


@dataclass(frozen=True)
class Dataset:
    """n samples in the order in which they came; a hard reset is none of them.

    `append` returns a longer dataset and leaves this one alone; nothing is ever changed or removed.
    """

    observations: NDArray[Any]
    """(n, H, W, 3) uint8 or (n, S) float32."""
    actions: NDArray[np.float32]
    """(n, A) as executed, in [-1, 1]."""
    provenance: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype="<U1"))
    """(n,), who did it: "scripted 1", "person ana". A single text given stands for all."""
    initial: int = -1
    """Samples that the dataset began with, before anything was appended."""
    _room: "_Room | None" = field(default=None, repr=False, compare=False)
    """Where its samples lie with room behind them; None before anything was appended."""

    def __post_init__(self) -> None:
        observations, actions = np.array(self.observations), np.array(self.actions, dtype=np.float32)
        provenance = np.array(self.provenance, dtype=np.str_)
        if not provenance.ndim:
            provenance = np.full(len(observations), provenance)
        if actions.ndim != 2 or not len(observations) == len(actions) == len(provenance):
            raise InputError(
                f"observations {observations.shape}, actions {actions.shape} and provenance "
                f"{provenance.shape} must have one row per sample, actions shape (n, A)"
            )
        if observations.dtype not in (np.uint8, np.float32):
            raise InputError(
                f"observations are {observations.dtype}; valid is uint8 (images) or float32 (states)"
            )
        outside = np.flatnonzero(~(np.abs(actions) <= 1.0 + 1e-6).all(axis=1))
        if len(outside):
            raise InputError(
                f"actions of sample {outside[0]} are {actions[outside[0]].tolist()}; valid is [-1, 1] "
                f"({len(outside)} samples lie outside or are NaN)"
            )
        if observations.dtype == np.float32 and not np.isfinite(observations).all():
            row = int(
                np.flatnonzero(~np.isfinite(observations).reshape(len(observations), -1).all(axis=1))[0]
            )
            raise InputError(f"observations of sample {row} are not finite; leave it out")
        for name, array in (("observations", observations), ("actions", actions), ("provenance", provenance)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if not -1 <= self.initial <= len(observations):
            raise InputError(
                f"initial is {self.initial}; valid is 0 to {len(observations)}, the samples there are"
            )
        object.__setattr__(self, "initial", len(observations) if self.initial < 0 else self.initial)

    def __len__(self) -> int:
        return len(self.observations)

    def append(
        self, observations: NDArray[Any], actions: NDArray[np.float32], provenance: str | Sequence[str]
    ) -> "Dataset":
        """This dataset with new samples after the old ones; raises InputError where they do not fit.

        Only new samples are checked and copied: both datasets lie in memory with room behind them, and a
        thousandth append costs what the first one did.
        """
        new = Dataset(observations, actions, np.asarray(provenance, dtype=np.str_))
        if (
            new.observations.shape[1:] != self.observations.shape[1:]
            or new.actions.shape[1] != self.actions.shape[1]
        ):
            raise InputError(
                f"new samples have shapes {new.observations.shape[1:]} and {new.actions.shape[1:]}; "
                f"the dataset's are {self.observations.shape[1:]} and {self.actions.shape[1:]}"
            )
        room = self._room
        if room is None or not room.continues(self, new):
            room = _Room.of(self, new)
        room.put(new)
        return room.dataset(self.initial)

    def digest(self) -> str:
        """SHA-256 of all samples, in hexadecimal: equal datasets have equal digests."""
        total = hashlib.sha256(str(self.initial).encode())
        for array in (self.observations, self.actions, np.char.encode(self.provenance, "utf-8")):
            total.update(f"{array.dtype.kind}{array.shape}".encode())
            total.update(b"\0".join(array.tolist()) if array.dtype.kind == "S" else array.tobytes())
        return total.hexdigest()

    def save(self, path: Path) -> None:
        """Write an npz file that holds arrays only."""
        arrays = {
            "observations": self.observations,
            "actions": self.actions,
            "provenance": self.provenance,
            "initial": np.array(self.initial),
        }
        write_arrays(path, arrays, compressed=True)

    @classmethod
    def load(cls, path: Path) -> "Dataset":
        """Inverse of `save`; no code in a file can run. Raises InputError for a file that is not one."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls(
                    arrays["observations"], arrays["actions"], arrays["provenance"], int(arrays["initial"])
                )
        except InputError:
            raise
        except Exception as error:  # numpy, zipfile and zlib each have their own
            raise InputError(f"{path} is no dataset that can be read ({error}); collect it again") from error


class _Room:
    """Arrays that are longer than what they hold, so that samples can come without a copy of the old ones.

    Several datasets may lie in one, each at its beginning; only the longest one goes on in it.
    """

    def __init__(self, arrays: tuple[NDArray[Any], NDArray[Any], NDArray[Any]], used: int) -> None:
        self._arrays = arrays
        self._used = used

    @classmethod
    def of(cls, dataset: Dataset, new: Dataset) -> "_Room":
        """A copy of a dataset, with room for twice as many samples."""
        used = len(dataset)
        size = 2 * (used + len(new))
        arrays = []
        for old, more in zip(_parts(dataset), _parts(new), strict=True):
            wide = np.empty((size, *old.shape[1:]), np.promote_types(old.dtype, more.dtype))
            wide[:used] = old
            arrays.append(wide)
        return cls((arrays[0], arrays[1], arrays[2]), used)

    def continues(self, dataset: Dataset, new: Dataset) -> bool:
        """Whether new samples can be put behind this dataset here."""
        fits = self._used + len(new) <= len(self._arrays[0])
        names = np.promote_types(self._arrays[2].dtype, new.provenance.dtype) == self._arrays[2].dtype
        return self._used == len(dataset) and fits and names

    def put(self, new: Dataset) -> None:
        """Behind what is there."""
        for array, more in zip(self._arrays, _parts(new), strict=True):
            array[self._used : self._used + len(new)] = more
        self._used += len(new)

    def dataset(self, initial: int) -> Dataset:
        """All that is here; its parts were checked when they came."""
        made = object.__new__(Dataset)
        for name, array in zip(("observations", "actions", "provenance"), self._arrays, strict=True):
            view = array[: self._used]
            view.flags.writeable = False
            object.__setattr__(made, name, view)
        object.__setattr__(made, "initial", initial)
        object.__setattr__(made, "_room", self)
        return made


def _parts(dataset: Dataset) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    return dataset.observations, dataset.actions, dataset.provenance
