"""Hot models: the checkpoints that an inference worker keeps loaded, by digest."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

from iifl_server.learning.services import file_digest
from policy.errors import CheckpointError
from policy.learning.checkpoint import load_checkpoint

KEPT = 4
"""Runs that a worker serves at once usually need one each, and two during a swap."""
_models: "OrderedDict[str, Any]" = OrderedDict()


def hot_policy(path: str, sha256: str) -> Any:
    """The policy of a checkpoint, loaded once.

    Raises CheckpointError where the file is missing, corrupt, or not the one that was entered.
    """
    if sha256 in _models:
        _models.move_to_end(sha256)
        return _models[sha256]
    file = Path(path)
    if not file.exists():
        raise CheckpointError(f"checkpoint {file} is missing; trying again does not help")
    found = file_digest(file)
    if found != sha256:
        raise CheckpointError(f"checkpoint {file} has SHA-256 {found[:12]}…, expected {sha256[:12]}…")
    policy, _manifest = load_checkpoint(file)
    _models[sha256] = policy
    while len(_models) > KEPT:
        _models.popitem(last=False)
    return policy
