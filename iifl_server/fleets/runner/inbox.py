"""Commands of people on their way to the next step: judged when they come, claimed when it is taken."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from redis.exceptions import RedisError

from iifl_server.fleets.models import HelpKind, Intervention, InterventionStatus
from iifl_server.fleets.runner.assists import going_on
from iifl_server.fleets.runner.floor import Fallen
from iifl_server.fleets.runner.judging import Accepted, Refused, Standing, judge
from iifl_server.fleets.runner.session import Session
from iifl_server.fleets.services import decide_command
from iifl_server.live import inbox as stream
from iifl_server.live.announcements import announce_outcome
from iifl_server.live.protocol import Command, outcome
from robots.physical import Presence

CLAIMS = {
    "late": (InterventionStatus.LATE, "It expired before the fleet's next step."),
    "foreign": (InterventionStatus.REFUSED, "This robot is not yours any more."),
}
UNKNOWN = "The server was restarted while this was under way; look where the robot is and decide anew."


class Inbox:
    """Commands of one run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # Read from here on first, settle what is older second: nothing falls between.
        self._after = stream.newest_entry(session.id)
        self._waiting: list[Command] = []
        self._settle_unknown()

    def receive(self, wait_ms: int, *, stopped: bool) -> None:
        """Wait this long for commands; those that make no sense are answered at once."""
        commands, self._after = stream.read_commands(self._session.id, self._after, wait_ms)
        for command in commands:
            verdict = self._judge(command)
            if stopped and command.kind != HelpKind.SET_ASIDE:
                verdict = Refused(command, InterventionStatus.REFUSED, "The fleet is stopped.")
            if isinstance(verdict, Refused):
                self._settle(verdict)
            else:
                self._waiting.append(command)

    @property
    def waiting(self) -> bool:
        """Somebody has ordered something since the last step."""
        return bool(self._waiting)

    def claim_aside(self) -> list[Accepted]:
        """Who takes robots out or gives them back: that waits for no step."""
        found = [command for command in self._waiting if command.kind == HelpKind.SET_ASIDE]
        if not found:
            return []
        rest = [command for command in self._waiting if command.kind != HelpKind.SET_ASIDE]
        self._waiting = found
        claimed = self.claim()
        self._waiting = rest
        return claimed

    def claim(self) -> list[Accepted]:
        """The commands to carry out in this step, the newest of each robot, each claimed exactly once."""
        waiting, self._waiting = self._waiting, []
        newest = {command.robot: command for command in waiting}
        claimed: list[Accepted] = []
        for command in waiting:
            if newest[command.robot] is not command:
                reason = "A newer command took its place."
                self._settle(Refused(command, InterventionStatus.REFUSED, reason))
                continue
            verdict = self._judge(command)
            if isinstance(verdict, Accepted):
                word = stream.claim(self._session.id, command)
                if word == "claimed":
                    claimed.append(verdict)
                    continue
                verdict = Refused(command, *CLAIMS.get(word, (InterventionStatus.UNKNOWN, UNKNOWN)))
            self._settle(verdict)
        return claimed

    def executed(self, commands: Sequence[Accepted]) -> None:
        """Tell the people whose commands were carried out and committed."""
        for one in commands:
            command, seen = one.command, one.sighting
            anchor = seen.anchor if seen else None
            message = outcome(
                command.command, command.robot, "executed", clipped=one.clipped, anchor=anchor, end=one.end
            )
            self._tell(self._person(one), message)

    def fallen(self, motions: Sequence[Fallen]) -> None:
        """Tell the people whose motions did not come to their end."""
        for one in motions:
            if one.ordered.command is not None:
                status = InterventionStatus.REFUSED if one.known else InterventionStatus.UNKNOWN
                self._settle(Refused(one.ordered.command.command, status, one.reason))

    def refuse(self, one: Accepted, reason: str) -> None:
        """Answer a command that was claimed and came to nothing."""
        self._settle(Refused(one.command, InterventionStatus.REFUSED, reason))

    def settle_all(self, commands: Sequence[Accepted], reason: str) -> None:
        """Refuse commands that were claimed and are not carried out after all."""
        for one in commands:
            self._settle(Refused(one.command, InterventionStatus.REFUSED, reason))

    def _judge(self, command: Command) -> Accepted | Refused:
        session, robot = self._session, command.robot
        real, condition = session.real, session.conditions[robot]
        standing = Standing(
            assisted=robot in going_on(session.assists, session.leases, ()),
            moving=bool(real and (real.situation().busy | self._still)[robot]),
            away=condition.reason if condition.presence in (Presence.AWAY, Presence.STOPPED) else "",
            asks=robot in session.doubtful,
            violated=bool(session.state.violated[robot]),
            by_hand=session.floor.by_hand,
            real=real is not None,
        )
        return judge(command, session.leases.get(robot), session.sights, standing)

    def _settle(self, refused: Refused) -> None:
        row = Intervention.objects.filter(command_id=refused.command.command).values_list("pk", "person_id")
        found = row.first()
        if found is None:
            return
        decide_command(found[0], refused.status, refused.reason)
        if found[1] is not None:
            command = refused.command
            message = outcome(command.command, command.robot, refused.status.value, refused.reason)
            self._tell(found[1], message)

    @property
    def _still(self) -> NDArray[np.bool_]:
        """Robots that the step to come orders nothing: what has ended since is asked in the one after."""
        where = self._session.situation
        return np.zeros(self._session.run.robots, dtype=bool) if where is None else where.still

    def _person(self, one: Accepted) -> int | None:
        if one.lease is not None:
            return one.lease.person
        rows = Intervention.objects.filter(command_id=one.command.command)
        return rows.values_list("person_id", flat=True).first()

    def _settle_unknown(self) -> None:
        """A runner died with these under way: never replay a motion, ask the person again."""
        rows = Intervention.objects.filter(run=self._session.id, status=InterventionStatus.PENDING)
        for row in rows:
            if decide_command(row.pk, InterventionStatus.UNKNOWN, UNKNOWN) and row.person_id is not None:
                self._tell(row.person_id, outcome(row.command_id, row.robot, "unknown", UNKNOWN))

    def _tell(self, person: int | None, message: dict[str, object]) -> None:
        if person is None:
            return
        try:
            announce_outcome(person, message)
        except (RedisError, OSError):
            return  # The database has it; a page that comes back asks with the same command id.
