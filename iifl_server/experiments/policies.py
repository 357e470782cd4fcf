"""The policies that experiments begin with: shipped where there is one, else trained once and kept."""

import sys

from iifl_server.learning.making import initial_dataset
from iifl_server.learning.weights import ensure_weights
from policy.learning.checkpoint import load_checkpoint
from policy.learning.dataset import Dataset
from policy.learning.trainer import Policy


def initial_policy(task: str, algorithm: str) -> tuple[Policy, float, Dataset]:
    """Policy, uncertainty threshold and dataset that a run of an algorithm begins with."""
    path = ensure_weights(task, algorithm, lambda sentence: print(sentence, file=sys.stderr))  # noqa: T201
    policy, manifest = load_checkpoint(path)
    return policy, float(manifest["uncertainty_threshold"]), initial_dataset(task)
