/** One robot that needs nothing, in a line: how it is, and a way to take it out before somebody works at it. */

import { el, setText } from "./dom.js";
import { robotWords } from "./robot-words.js";
import { setShape } from "./shapes.js";

/** Events, bubbling: `act` {name: "takeOut", robot}. */
export class StationRow extends HTMLElement {
  #robot = null;
  #shape = el("span");
  #name = el("strong");
  #word = el("span", { className: "word" });
  #outcome = el("span", { className: "outcome", attributes: { role: "status", "aria-live": "polite" } });
  #button = el("button", { type: "button", textContent: "Take it out", disabled: true });

  connectedCallback() {
    if (this.firstChild) return;
    this.setAttribute("role", "listitem");
    const words = el("div", { className: "card-text" }, el("div", { className: "card-line" }, this.#shape, this.#name, this.#word), this.#outcome);
    this.append(words, this.#button);
    this.#button.onclick = () =>
      this.dispatchEvent(new CustomEvent("act", { bubbles: true, detail: { name: "takeOut", robot: this.#robot } }));
  }

  attach(robot) {
    this.#robot = robot;
    this.dataset.testid = `fleet-row-${robot}`;
    this.#button.dataset.testid = `take-out-${robot}`;
    this.#button.setAttribute("aria-label", `Take it out: robot ${robot}`);
    setText(this.#name, `Robot ${robot}`);
  }

  update(robot, seats, byHand, outcome, able) {
    const { shape, word, tone } = robotWords(robot, seats, null, byHand);
    this.dataset.tone = tone;
    setShape(this.#shape, shape);
    setText(this.#word, word);
    setText(this.#outcome, outcome.text);
    this.#outcome.dataset.status = outcome.status;
    if (this.#button.disabled === able) this.#button.disabled = !able;
  }
}

customElements.define("iifl-station-row", StationRow);
