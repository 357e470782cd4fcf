/** What the numbers are called, what they mean, and how they are written. Pure. */

import { count, duration, fixed, percent } from "./format.js";

/** `{name, label, definition, show(metrics), width}`; width in characters, so that nothing moves while it counts. */
export const METRICS = [
  {
    name: "successes",
    label: "successes",
    definition: "Goals reached by all robots since the run began, supervised ones included.",
    show: (m) => count(m.successes),
    width: 5,
  },
  {
    name: "autonomous_successes",
    label: "autonomous",
    definition: "Successes of robots that had no supervisor since their goal was set.",
    show: (m) => count(m.autonomous_successes),
    width: 5,
  },
  {
    name: "supervised_successes",
    label: "supervised",
    definition: "Successes of robots that had a supervisor at some step since their goal was set.",
    show: (m) => count(m.successes - m.autonomous_successes),
    width: 5,
  },
  {
    name: "hard_resets",
    label: "hard resets",
    definition: "Times that a robot was put back after it broke a constraint.",
    show: (m) => count(m.hard_resets),
    width: 5,
  },
  {
    name: "calls",
    label: "calls",
    definition: "Times that a robot began to ask for a supervisor.",
    show: (m) => count(m.calls),
    width: 5,
  },
  {
    name: "interventions",
    label: "interventions",
    definition: "Actions that supervisors gave and robots carried out.",
    show: (m) => count(m.interventions),
    width: 6,
  },
  {
    name: "idle_share",
    label: "idle",
    definition: "Share of all robot-steps in which a robot held still: in violation, or waiting for its supervisor.",
    show: (m) => percent(m.idle_share, 1),
    width: 6,
  },
  {
    name: "wait_p95_s",
    label: "wait, p95",
    definition: "95 of 100 calls were answered by a supervisor within this time.",
    show: (m) => duration(m.wait_p95_s),
    width: 6,
  },
  {
    name: "rohe",
    label: "ROHE (Eq. 3)",
    definition:
      "Return on human effort: (M/N) · sum over steps of the mean reward over robots, divided by 1 + human actions. " +
      "Human actions are all robot-steps with a supervisor assigned, hard resets included.",
    show: (m) => fixed(m.rohe, 3),
    width: 6,
  },
  {
    name: "rohe_released",
    label: "ROHE released",
    definition: "The form that published tables print: total reward over all robots, divided by 1 + human actions.",
    show: (m) => fixed(m.rohe_released, 3),
    width: 6,
  },
];

export const metric = (name) => METRICS.find((one) => one.name === name);

/** Said wherever an uncertainty or a threshold is shown. */
export const UNCERTAINTY =
  "Jeffreys divergence J between the two members of the policy, in nats: how much they disagree about what to do. " +
  "A robot asks for help above û, the 99th percentile of an undisturbed fleet.";
