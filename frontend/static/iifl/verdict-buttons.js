/** One button and one key for each thing that a motion can have come to, where the robot's camera is not sure. */

import { el } from "./dom.js";

export const VERDICTS = [
  { said: "reached", key: "Y", word: "Reached", means: "the goal was reached" },
  { said: "not_reached", key: "N", word: "Not reached", means: "nothing is broken, but the goal was not reached" },
  { said: "broken", key: "X", word: "Broken", means: "a constraint is broken: the robot stands still until it is put right" },
];

/** Events: `answer` {said}. For tests: data-testid verdict-reached, verdict-not_reached, verdict-broken. */
export class VerdictButtons extends HTMLElement {
  #buttons = [];

  connectedCallback() {
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "What the last motion came to");
    this.#buttons = VERDICTS.map(({ said, key, word, means }) => {
      const button = el("button", { type: "button", className: "needs", disabled: true, data: { testid: `verdict-${said}` } },
        el("kbd", { textContent: key }), el("span", { textContent: word }));
      button.title = `${key}: ${means}`;
      button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("answer", { detail: { said } })));
      return button;
    });
    this.replaceChildren(...this.#buttons);
  }

  /** `asked`: a robot of mine asks; `able`: the answer can be given now. */
  show(asked, able) {
    this.hidden = !asked;
    for (const button of this.#buttons) if (button.disabled === able) button.disabled = !able;
  }
}

customElements.define("iifl-verdict", VerdictButtons);
