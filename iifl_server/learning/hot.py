"""Hot models: the checkpoints that an inference worker keeps loaded, by digest."""

from collections import OrderedDict
from typing import Any

from iifl_server.learning.stored import sound_file
from policy.learning.checkpoint import load_checkpoint

KEPT = 4
"""Runs that a worker serves at once usually need one each, and two during a swap."""
_models: "OrderedDict[str, Any]" = OrderedDict()


def hot_policy(path: str, sha256: str) -> Any:
    """The policy of a checkpoint, loaded once.

    Raises AwayError and CheckpointError as `sound_file` does.
    """
    if sha256 in _models:
        _models.move_to_end(sha256)
        return _models[sha256]
    policy, _manifest = load_checkpoint(sound_file(path, sha256))
    _models[sha256] = policy
    while len(_models) > KEPT:
        _models.popitem(last=False)
    return policy
