"""How far observations are from all that was learned from: no policy is asked how sure it is of itself."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from policy.errors import InputError

_TOGETHER = 1 << 22  # Distances held at once.


class NearestSample:
    """Distance to the nearest of many observations, components standardised by those it begins with.

    A component that never varied there is left out: in units of nothing, every change would be infinite.
    observations: (n, ...). Raises InputError for none.
    """

    def __init__(self, observations: NDArray[Any]) -> None:
        if not len(observations):
            raise InputError("there are no observations to be near to; valid is at least one")
        values = _flat(observations)
        spread = values.std(dim=0, correction=0)
        self._used = torch.nonzero(spread > 1e-6 * spread.amax().clamp_min(1e-30))[:, 0]
        self._mean, self._scale = values.mean(dim=0), spread
        self._samples = torch.empty(0)
        self.learn(observations)

    def learn(self, observations: NDArray[Any]) -> None:
        """All that is known from now on, (n, ...); how components are measured stays as it was."""
        self._samples = self._scaled(observations)
        self.learned = len(observations)
        """How many observations it knows."""

    @torch.no_grad()
    def __call__(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """(N, ...) to distances, (N,) [standard deviations]."""
        rows = max(1, _TOGETHER // len(self._samples))
        nearest = [
            torch.cdist(part, self._samples).amin(dim=1)
            for part in torch.split(self._scaled(observations), rows)
        ]
        found: NDArray[np.float64] = torch.cat(nearest).double().numpy()
        return found

    def _scaled(self, observations: NDArray[Any]) -> Tensor:
        values = (_flat(observations) - self._mean) / self._scale.clamp_min(1e-30)
        return values[:, self._used].contiguous()


def _flat(observations: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(observations, dtype=np.float32)).flatten(1)
