"""Checkpoints: weights as safetensors, with a JSON manifest in the same file; reading one runs no code."""

import hashlib
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import safetensors
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from policy.energy.config import PolicyConfig
from policy.errors import CheckpointError, InputError
from policy.explicit.mixture import MixturePolicy
from policy.explicit.policy import ExplicitPolicy
from policy.implicit import ImplicitPolicy
from policy.learning.files import write_whole
from policy.learning.trainer import Policy
from policy.sampling.descent import DescentConfig
from policy.sampling.importance import ImportanceConfig

C = TypeVar("C", ImportanceConfig, DescentConfig)

FORMAT = "iifl-policy"
VERSION = 1

Manifest = dict[str, Any]
"""format, version, kind, configuration, sampler, estimator and libraries are always there, and of an implicit
policy temperature, sampling and descent; what made the weights stands beside them: uncertainty_threshold
(valid for the estimator that stands there, and no other), data_hash, seed, updates, trained_on and so on."""


def save_checkpoint(path: str | os.PathLike[str], policy: Policy, **manifest: Any) -> Manifest:
    """Write a policy and what it was made from; the file appears whole or not at all.

    manifest: values that JSON can hold, such as uncertainty_threshold, data_hash, seed, updates.
    Returns the whole manifest. Raises CheckpointError where the file cannot be written, InputError for
    values that JSON cannot hold.
    """
    target = Path(path)
    written: Manifest = {
        **manifest,
        "format": FORMAT,
        "version": VERSION,
        "kind": policy.kind,
        "configuration": policy.config.to_dict(),
        "sampler": policy.sampler if isinstance(policy, ImplicitPolicy) else None,
        **(_how_it_decides(policy) if isinstance(policy, ImplicitPolicy) else {}),
        "mixture": policy.settings() if isinstance(policy, MixturePolicy) else None,
        "estimator": policy.estimator,
        "libraries": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "safetensors": safetensors.__version__,
        },
    }
    try:
        text = json.dumps(written, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"the manifest holds what JSON cannot: {error}") from error
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in policy.state_dict().items()}
    data = save_tensors(tensors, {"manifest": text, "sha256": _digest(tensors, text)})
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, data)
    except OSError as error:
        raise CheckpointError(f"{target} cannot be written: {error}; mend that and try again") from error
    return dict(json.loads(text))


def load_checkpoint(path: str | os.PathLike[str]) -> tuple[Policy, Manifest]:
    """The policy and the manifest of a file by `save_checkpoint`.

    Raises CheckpointError, with the reason, for a file that is missing, truncated, changed, of another format
    or version, whose weights do not fit its configuration, or whose threshold belongs to another estimator.
    Trying again helps for none of them.
    """
    source = Path(path)
    try:
        data = source.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{source} cannot be read: {error}") from error
    try:
        tensors, texts = load_tensors(data), _metadata(data)
    except Exception as error:  # safetensors raises a class of its own, and others for odd headers
        raise CheckpointError(
            f"{source} is truncated, or no checkpoint ({error}); make or copy it again"
        ) from error
    manifest = _checked_manifest(source, tensors, texts)
    return _rebuild(source, tensors, manifest), manifest


def _checked_manifest(source: Path, tensors: dict[str, Tensor], texts: dict[str, str]) -> Manifest:
    text, digest = texts.get("manifest"), texts.get("sha256")
    if text is None or digest is None:
        raise CheckpointError(f"{source} holds weights, but no manifest of {FORMAT}: it is another program's")
    if _digest(tensors, text) != digest:
        raise CheckpointError(
            f"{source} is corrupt: its contents are not those that were written; copy it again"
        )
    manifest: Manifest = json.loads(text)
    found = manifest.get("format"), manifest.get("version")
    if found != (FORMAT, VERSION):
        raise CheckpointError(f"{source} is {found[0]} version {found[1]}; valid is {FORMAT} {VERSION}")
    return manifest


def _rebuild(source: Path, tensors: dict[str, Tensor], manifest: Manifest) -> Policy:
    try:
        config = PolicyConfig.from_dict(manifest["configuration"])
        policy: Policy
        if manifest["kind"] == ImplicitPolicy.kind:
            policy = ImplicitPolicy(
                config,
                sampler=manifest["sampler"],
                temperature=manifest["temperature"],
                sampling=_rebuilt(ImportanceConfig, manifest.get("sampling")),
                descent=_rebuilt(DescentConfig, manifest.get("descent")),
            )
        elif manifest["kind"] == ExplicitPolicy.kind:
            policy = ExplicitPolicy(config)
        elif manifest["kind"] == MixturePolicy.kind:
            policy = MixturePolicy(config, **manifest["mixture"])
        else:
            raise InputError(f"kind is {manifest['kind']!r}; valid are implicit, explicit, mixture")
        policy.load_state_dict(tensors)
    except (InputError, RuntimeError) as error:
        raise CheckpointError(f"{source} does not fit what its manifest says: {error}") from error
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"{source} has a manifest with something missing or unknown: {error!r}"
        ) from error
    if manifest.get("estimator") != policy.estimator:
        raise CheckpointError(
            f"{source} was made with the estimator {manifest.get('estimator')}, and its policy now estimates "
            f"by {policy.estimator}: its threshold would mean something else; make it again"
        )
    broken = [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise CheckpointError(f"{source} holds weights that are not finite ({broken[0]}); use an earlier one")
    return policy


def _how_it_decides(policy: ImplicitPolicy) -> Manifest:
    return {
        "temperature": policy.temperature,
        "sampling": asdict(policy.sampling),
        "descent": asdict(policy.descent),
    }


def _rebuilt(kind: type[C], values: dict[str, Any] | None) -> C | None:
    """A configuration from its values; None where a manifest is older than they are, for the default."""
    return None if values is None else kind(**values)


def _digest(tensors: dict[str, Tensor], manifest: str) -> str:
    total = hashlib.sha256(manifest.encode())
    for name in sorted(tensors):
        array = tensors[name].detach().contiguous().numpy()
        total.update(f"{name}{array.dtype.str}{array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _metadata(data: bytes) -> dict[str, str]:
    """The texts in a safetensors header: 8 bytes of length, little-endian, then JSON."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return dict(header.get("__metadata__", {}))
