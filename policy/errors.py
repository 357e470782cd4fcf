"""Errors of the policy library; every message names the value, what is valid and whether a retry helps."""


class PolicyError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(PolicyError, ValueError):
    """An argument is not valid."""


class CheckpointError(PolicyError):
    """A checkpoint is missing, truncated, corrupt or made for something else."""
