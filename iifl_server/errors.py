"""Errors of the server; every message names the value, what is valid and whether a retry helps."""


class ServerError(Exception):
    """Base of every error this package raises on purpose."""


class SettingsError(ServerError):
    """A setting from the environment is not valid."""


class RequestError(ServerError, ValueError):
    """Somebody asked for something that is not valid."""


class NotAllowedError(ServerError):
    """The person's role does not allow this."""


class LeaseLostError(ServerError):
    """Another runner drives the run now; this one must not touch it again."""


class NoAnswerError(ServerError):
    """A worker or the broker did not answer in time; trying again may help."""
