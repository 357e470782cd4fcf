"""Names that options and settings choose from, for whoever must know them without loading what they mean."""

TASKS = ("ant", "anymal", "ball_balance", "block_push", "franka_cube_stack", "navigation")
SUPERVISOR_TASKS = ("ant", "anymal", "ball_balance")
"""Whose supervisors are trained by PPO."""
ALGORITHMS = ("bc", "ibc", "ifl", "iifl", "iifl-random")
PRIORITIES = ("uncertainty_constraint", "constraint_uncertainty", "constraint_uncertainty_risk")
KINDS = ("implicit", "cloning")
SCALES = {"smoke": 3, "desk": 10, "paper": 30}
"""Of a benchmark → seeds."""
QUEUES = {"inference": 0, "training": 10, "experiments": 10}
"""Of workers → niceness."""
BENCHES = {
    "sampler": "one timestep of a fleet: actions and uncertainties, on a normal and on a sharp model",
    "training": "one gradient step, and what the weights are worth after some hundreds",
    "allocation": "priorities and assignment from 100 to 100,000 robots",
    "simulation": "every task beside its physics alone and a plain loop, and from 1 to 1,000 robots",
    "timing": "the paper's Table 5 beside ours",
}
LARGEST_SEED = 2**53 - 1
"""The largest whole number that JSON keeps everywhere."""
PUSH_PACE_S, PACE_S = 1.0, 0.2
"""One push is a whole motion; a step of the other tasks is a moment of one."""
