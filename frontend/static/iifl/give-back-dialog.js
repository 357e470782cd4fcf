/** Asks before a robot that somebody worked at may move again, as the start of a fleet is asked about. */

import { el, setText } from "./dom.js";

export class GiveBackDialog extends HTMLElement {
  #robot = null;
  #title = el("h2");
  #no = el("button", { type: "button", textContent: "Leave it out" });
  #yes = el("button", { type: "button", className: "primary", textContent: "Give it back", data: { testid: "give-back-confirm" } });
  #dialog = el("dialog", { className: "ask" }, this.#title,
    el("p", { textContent: "It may move at once. Make sure that nobody is within its reach." }),
    el("div", { className: "row" }, this.#no, this.#yes));

  connectedCallback() {
    this.replaceChildren(this.#dialog);
    this.#no.onclick = () => this.#dialog.close();
    this.#yes.onclick = () => {
      this.#dialog.close();
      this.dispatchEvent(new CustomEvent("confirm", { detail: { robot: this.#robot } }));
    };
  }

  ask(robot) {
    this.#robot = robot;
    setText(this.#title, `Give robot ${robot} back?`);
    this.#dialog.showModal();
  }

  /** What was asked about may have changed meanwhile: `holds(robot)` says whether the question still makes sense. */
  keepWhile(holds) {
    if (this.#dialog.open && !holds(this.#robot)) this.#dialog.close();
  }
}

customElements.define("iifl-give-back", GiveBackDialog);
