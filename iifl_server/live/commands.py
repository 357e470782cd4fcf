"""A person's command on its way in: checked, committed, then handed to the runner, exactly once."""

import json
from typing import Any

from redis.exceptions import RedisError

from iifl_server.errors import RequestError
from iifl_server.fleets import services
from iifl_server.fleets.models import Intervention, InterventionStatus
from iifl_server.live import keys
from iifl_server.live.broker import run_script
from iifl_server.live.clock import now_ms
from iifl_server.live.protocol import EXPIRES_MS, Command, outcome

REFUSALS = {
    "foreign": "This robot is not yours now.",
    "kind": "The robot needs something else from you now: see the banner.",
    "late": "This came too late: it had expired before it reached the fleet.",
}
TOLERANCE_MS = 250
"""A page's estimate of the server's clock may be this far ahead."""


def submit(run: int, person: int, command: Command) -> dict[str, Any]:
    """Take a command in and say what became of it so far.

    The intervention is committed before the broker sees it, and so before anybody hears "accepted". A
    repeated command id is answered with the status of the first and submitted no second time.
    """
    if command.expires_at > now_ms() + EXPIRES_MS + TOLERANCE_MS:
        return _answer(command, "refused", f"A command may expire at most {EXPIRES_MS} ms ahead.")
    try:
        intervention, fresh = services.record_command(run, person, command)
    except RequestError as error:
        return _answer(command, "refused", str(error))
    if not fresh:
        return first_answer(intervention)
    names = [keys.command(command.command), keys.lease(run, command.robot), keys.commands(run)]
    try:
        verdict, _detail = run_script(
            "submit",
            names,
            [
                str(command.command),
                command.lease,
                str(person),
                command.expires_at,
                command.kind,
                encode_command(command),
            ],
        )
    except RedisError:
        return _answer(command, "unknown", "The broker did not answer; what became of this is not known.")
    known = verdict.decode()
    if known == "accepted":
        return _answer(command, "accepted")
    status = InterventionStatus.LATE if known == "late" else InterventionStatus.REFUSED
    reason = REFUSALS.get(known, "This command is known already.")
    services.decide_command(intervention.pk, status, reason)
    return _answer(command, status.value, reason)


def first_answer(intervention: Intervention) -> dict[str, Any]:
    """The status that a command with this id has already."""
    pending = intervention.status == InterventionStatus.PENDING
    status = "accepted" if pending else intervention.status
    return outcome(
        intervention.command_id,
        intervention.robot,
        status,
        intervention.reason,
        clipped=intervention.clipped,
    )


def encode_command(command: Command) -> str:
    """As it travels in the stream."""
    values = {**command.__dict__, "command": str(command.command)}
    return json.dumps(values)


def _answer(command: Command, status: str, reason: str = "") -> dict[str, Any]:
    return outcome(command.command, command.robot, status, reason)
