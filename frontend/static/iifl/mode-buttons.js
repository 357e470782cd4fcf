/** One button and one key for each way of a supervisor that a robot can take; nothing where people push. */

import { el } from "./dom.js";

/** Events: `choose` {index, once}. For tests: data-testid mode-1, mode-2 … and aria-pressed on the way under way. */
export class ModeButtons extends HTMLElement {
  #buttons = [];
  #names = "";

  connectedCallback() {
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "Ways that the robot can take");
  }

  /** `means` as on the wire; `able`: whether a way can be chosen now; `running`: name of the one under way, or null. */
  show(means, able, running) {
    this.hidden = means.modes.length === 0;
    if (this.#names !== JSON.stringify(means)) this.#build(means);
    means.modes.forEach((name, index) => {
      const button = this.#buttons[index];
      if (button.disabled === able) button.disabled = !able;
      const pressed = String(name === running);
      if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
    });
  }

  #build(means) {
    this.#names = JSON.stringify(means);
    const steps = `${means.steps} ${means.steps === 1 ? "step" : "steps"}`;
    this.#buttons = means.modes.map((name, index) => {
      const key = index + 1;
      const button = el("button", { type: "button", className: "primary", disabled: true, data: { testid: `mode-${key}` } },
        el("kbd", { textContent: String(key) }), el("span", { textContent: name }));
      button.title = `${name}: the robot goes this supervisor’s way for ${steps}. With Shift for one step.`;
      button.addEventListener("click", (event) => this.#choose(index, event.shiftKey));
      return button;
    });
    this.replaceChildren(...this.#buttons);
  }

  #choose(index, once) {
    this.dispatchEvent(new CustomEvent("choose", { detail: { index, once } }));
  }
}

customElements.define("iifl-modes", ModeButtons);
