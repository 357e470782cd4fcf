/** Why this robot asks this person: how unsure it is, against the fleet and against its own recent past. */

import { UNCERTAINTY } from "./definitions.js";
import { el, setText } from "./dom.js";
import { fixed, percent } from "./format.js";
import { sparkline } from "./sparkline.js";

const KEPT = 20;

export class ReasonPanel extends HTMLElement {
  #sentence = el("p");
  #figures = el("p", { className: "muted", title: UNCERTAINTY });
  #chart = el("div");
  #lease = null;
  #values = [];
  #step = 0;

  connectedCallback() {
    this.replaceChildren(this.#sentence, this.#chart, this.#figures);
    this.show(null);
  }

  /** `lease` as on the wire, or null. */
  show(lease) {
    this.#lease = lease;
    this.#chart.hidden = this.#figures.hidden = lease === null;
    if (!lease) {
      setText(this.#sentence, "No robot asks you now.");
      this.#sentence.className = "muted";
      return;
    }
    this.#values = [...lease.history];
    this.#step = lease.step;
    this.#sentence.className = "";
    setText(this.#sentence, sentence(lease));
    this.#draw(lease.uncertainty, lease.threshold);
  }

  /** Follow the robot while it is mine. */
  state(state) {
    const robot = this.#lease && state.robots.find((one) => one.robot === this.#lease.robot);
    if (!robot || state.step <= this.#step) return;
    this.#step = state.step;
    this.#values = [...this.#values, robot.uncertainty].slice(-KEPT);
    this.#draw(robot.uncertainty, state.threshold);
  }

  #draw(uncertainty, threshold) {
    this.#chart.replaceChildren(sparkline(this.#values, threshold));
    const side = uncertainty > threshold ? "above" : "below";
    const now = `Now J ${fixed(uncertainty, 2)} nats, ${side} û ${fixed(threshold, 2)}.`;
    setText(this.#figures, `${now} Last ${this.#values.length} steps shown.`);
  }
}

function sentence(lease) {
  if (lease.kind === "hard_reset") {
    return `Robot ${lease.robot} broke a constraint. It stands still until a person has put it back.`;
  }
  if (lease.kind === "verdict") {
    return `Robot ${lease.robot}’s camera is not sure what its last motion came to. It waits for your answer, which becomes data.`;
  }
  return lease.uncertainty > lease.threshold
    ? `Robot ${lease.robot} was more unsure than ${percent(lease.percentile, 1)} of the fleet’s recent steps.`
    : `Robot ${lease.robot} is yours for at least the minimum intervention time.`;
}

customElements.define("iifl-reason", ReasonPanel);
