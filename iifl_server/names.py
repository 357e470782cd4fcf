"""Names that options and settings choose from, for whoever must know them without loading what they mean."""

TASKS = ("ant", "anymal", "ball_balance", "block_push", "franka_cube_stack", "navigation", "yumi_push")
"""Those that come with the project; others are named by what an installed package registers, or by place."""
SUPERVISOR_TASKS = ("ant", "anymal", "ball_balance")
"""Whose supervisors are trained by PPO."""
ALGORITHMS = ("bc", "ibc", "ifl", "iifl", "iifl-random")
HEADLESS_ALGORITHMS = (*ALGORITHMS, "iifl-nearest")
"""Of headless runs, which have one more to compare with."""
PRIORITIES = ("uncertainty_constraint", "constraint_uncertainty", "constraint_uncertainty_risk")
KINDS = ("implicit", "cloning")
SCALES = {
    "smoke": "the same code on a small size in a minute or two, which claims nothing",
    "desk": "a smaller fleet and fewer steps, three seeds",
    "paper": "the size of the paper",
}
"""Of a benchmark."""
BENCHMARKS = {
    "jeffreys": "Figure 2",
    "navigation": "Figure 1",
    "block_push": "Table 2",
    "does_it_learn": "block pushing with and without help, on the same updates",
    "franka_cube_stack": "Table 1",
    "ball_balance": "Figure 3",
    "ant": "Figure 3",
    "anymal": "Figure 3",
    "timing": "Table 5",
    "all": "all of them",
}
"""Experiments, and what of the paper each repeats."""
RECIPES = ("ours", "paper")
QUEUES = {"inference": 0, "training": 10, "experiments": 10}
"""Of workers → niceness."""
BENCHES = {
    "sampler": "one timestep of a fleet: actions and uncertainties, on a normal and on a sharp model",
    "training": "one gradient step, and what the weights are worth after some hundreds",
    "allocation": "priorities and assignment from 100 to 100,000 robots",
    "simulation": "every task beside its physics alone and a plain loop, and from 1 to 1,000 robots",
    "timing": "the paper's Table 5 beside ours",
    "loop": "one timestep of each task's own fleet, on the policy that its recipe trains",
    "warning": "who is about to fail: every measure of uncertainty on the same recorded rollouts",
}
LARGEST_SEED = 2**53 - 1
"""The largest whole number that JSON keeps everywhere."""
PUSH_PACE_S, PACE_S = 1.0, 0.2
"""One push is a whole motion; a step of the other tasks is a moment of one."""


def folder_of(task: str) -> str:
    """A task's name as part of a path, on any file system and in any archive: no name has an @."""
    return task.replace(":", "@")
