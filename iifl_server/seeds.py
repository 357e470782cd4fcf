"""Where the seeds of simulated fleets begin, so that no two purposes ever share starts.

A run's own seed (0, 1, 2 …) is added to the first number of its purpose.
"""

DEMONSTRATIONS = 0
"""Initial data that policies are trained on."""
HELD_OUT_DEMONSTRATIONS = 10_000
"""Held-out errors."""
CALIBRATION = 20_000
"""Uncertainty thresholds."""
OFFLINE = 30_000
"""New pushes that the benchmark's offline arm learns from."""
VALIDATION = 40_000
"""Demonstrations and fleets that recipes are chosen on, and nothing is ever reported on."""
EVALUATION = 50_000
"""Fleets that nobody helps, for the benchmark's figures."""
RUNS = 100_000
"""Supervised runs, headless and live."""
