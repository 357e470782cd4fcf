"""What a fleet achieved and what it cost in human effort, with every definition named."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Totals:
    """Cumulative counts of one run."""

    reward_total: float = 0.0
    """Sum of rewards over robots and steps."""
    successes: int = 0
    """Goals reached or episodes completed, as the task reports them."""
    autonomous_successes: int = 0
    """Successes with no supervisor assigned since the episode (or goal) began."""
    violations: int = 0
    """Constraint violations; each waits for a hard reset."""
    hard_resets: int = 0
    """Hard resets completed."""
    calls: int = 0
    """Assignments begun: a supervisor was given a robot that called for help."""
    human_actions: int = 0
    """Robot-steps with a supervisor assigned, hard-reset steps included: the sum of Eq. 3's norm."""
    teleoperation_actions: int = 0
    """`human_actions` without the hard-reset steps."""
    interventions: int = 0
    """Supervisor actions that a robot executed."""
    idle_robot_steps: int = 0
    """Robot-steps in which a robot held still, waiting for a supervisor or for a reset."""
    switches: int = 0
    """Times a supervisor was given another robot than the one before."""


def rohe(totals: Totals, robots: int, supervisors: int) -> float:
    """Return on human effort, Eq. 3: (M / N) * sum of the mean reward over robots / (1 + human actions)."""
    return supervisors / robots * (totals.reward_total / robots) / (1 + totals.human_actions)


def rohe_released(totals: Totals) -> float:
    """Total reward / (1 + human actions): what the published tables print."""
    return totals.reward_total / (1 + totals.human_actions)


def average_reward(totals: Totals, robots: int, steps: int, episode_length: int) -> float:
    """Reward per robot per episode length."""
    return totals.reward_total * episode_length / (steps * robots) if steps else 0.0


def summarise(
    totals: Totals, *, robots: int, supervisors: int, steps: int, episode_length: int
) -> dict[str, float]:
    """Every count and derived figure by name, after `steps` fleet steps."""
    return {
        **asdict(totals),
        "average_reward": average_reward(totals, robots, steps, episode_length),
        "idle_share": totals.idle_robot_steps / (steps * robots) if steps else 0.0,
        "rohe": rohe(totals, robots, supervisors),
        "rohe_released": rohe_released(totals),
    }
