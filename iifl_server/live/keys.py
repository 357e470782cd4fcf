"""Names of keys and channels in the broker, and of groups in the channel layer: all in one place."""

from uuid import UUID


def presence(run: int) -> str:
    """Hash: person → who sits at a console, with a heartbeat."""
    return f"iifl:presence:{run}"


def lease(run: int, robot: int) -> str:
    """Hash: who may command this robot now."""
    return f"iifl:lease:{run}:{robot}"


def leases(run: int) -> str:
    """Set: robots that have a lease."""
    return f"iifl:leases:{run}"


def command(command_id: UUID | str) -> str:
    """Hash: what became of a command."""
    return f"iifl:command:{command_id}"


def commands(run: int) -> str:
    """Stream of commands on their way to the runner."""
    return f"iifl:commands:{run}"


def live(run: int) -> str:
    """The newest live message of a run, for pages that arrive between two steps."""
    return f"iifl:live:{run}"


def watched(run: int) -> str:
    """Sorted set: camera → until when somebody watches it [ms]."""
    return f"iifl:watched:{run}"


def frame(run: int, robot: int, size: str) -> str:
    """The newest frame of a camera, and the channel on which it is announced."""
    return f"iifl:frame:{run}:{robot}:{size}"


def retraining(retraining_id: int, attempt: int) -> str:
    """Hash: heartbeat and progress of one attempt."""
    return f"iifl:retraining:{retraining_id}:{attempt}"


def run_group(run: int) -> str:
    """Everybody who looks at a run."""
    return f"run.{run}"


def person_group(person: int) -> str:
    """All pages of one person."""
    return f"person.{person}"
