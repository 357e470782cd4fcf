"""How a controller is: what it says of itself, and the sentence for whoever has to mend it."""

from dataclasses import dataclass

from robots.yumi.handshake import MODULE, PROTOCOL

_STATES = {
    "motoroff": "The motors of {who} are off. Switch them on at the controller (both arms share them).",
    "guardstop": "The guard stop of {who} is open. Close the guard, then switch the motors on.",
    "emergencystop": "The emergency stop of {who} is pressed. Make the cell safe, release it, switch the "
    "motors on, and set the program pointer to main.",
    "emergencystopreset": "The emergency stop of {who} was released but not confirmed. Switch the motors on.",
    "init": "The controller of {who} is starting. Wait until its pendant shows the program.",
    "sysfail": "The controller of {who} is in system failure. Read its event log on the pendant and "
    "restart it.",
}
_MODES = {
    "MANR": "manual mode with reduced speed",
    "MANF": "manual mode with full speed",
    "AUTO_CH": "the middle of a change to automatic mode",
    "MANF_CH": "the middle of a change to manual mode",
    "INIT": "start-up",
    "UNDEF": "an unknown mode",
}


@dataclass(frozen=True)
class LogEntry:
    """One entry of the controller's event log."""

    number: int
    kind: int
    """1 information, 2 warning, 3 error."""
    code: int
    at: str
    """By the controller's clock."""
    title: str


@dataclass(frozen=True)
class Status:
    """What one controller and one arm's task said at one moment."""

    controller: str
    """motoron, motoroff, guardstop, emergencystop, emergencystopreset, init or sysfail."""
    mode: str
    """AUTO, MANR, MANF, …"""
    speed_ratio: float
    """How much of the programmed speed is driven [%]."""
    execution: str
    """running or stopped."""
    task: str
    """The arm's RAPID task."""
    task_there: bool
    task_active: bool
    protocol: int | None
    """`iifl_protocol` of the module in that task; None where it is not loaded."""
    last_error: LogEntry | None = None
    """The newest error of the event log, where the program stands still."""

    def trouble(self) -> str:
        """Why the arm takes no motion, in a sentence with the mend; empty where it takes one."""
        who = f"the robot with {self.task}"
        if self.controller != "motoron":
            unknown = "The controller of {who} is in the state " + self.controller + ". Look at its pendant."
            return _STATES.get(self.controller, unknown).format(who=who)
        if self.mode != "AUTO":
            mode = _MODES.get(self.mode, self.mode)
            return f"The controller of {who} is in {mode}. Switch it to automatic mode on the pendant."
        if not self.task_there:
            return f"The controller has no task {self.task}. YuMi's are T_ROB_L and T_ROB_R; check --arm."
        if self.protocol is None:
            return (
                f"The RAPID module {MODULE} is not loaded in {self.task}: another program is. Load "
                f"{MODULE}.mod there, and set the program pointer to main."
            )
        if self.protocol != PROTOCOL:
            return (
                f"{MODULE} in {self.task} speaks protocol {self.protocol}, and this agent {PROTOCOL}. Load "
                f"the {MODULE}.mod that comes with the agent."
            )
        if not self.task_active:
            return f"{self.task} is switched off in the task panel. Switch it on, and start the program."
        if self.execution != "running":
            return (
                f"The RAPID program of {who} is stopped{self._why()}. Set its pointer to main and start it."
            )
        if self.speed_ratio < 1.0:
            return f"The speed of {who} is turned down to {self.speed_ratio:g} %. Turn it up on the pendant."
        return ""

    def facts(self) -> dict[str, str]:
        """What people may want to read."""
        return {
            "controller": self.controller,
            "mode": self.mode,
            "speed": f"{self.speed_ratio:g} %",
            "program": self.execution,
        }

    def _why(self) -> str:
        if self.last_error is None:
            return ""
        entry = self.last_error
        return f" (its newest error: {entry.code} {entry.title}, {entry.at})"
