/** An uncertainty as a bar with a mark at the threshold, and as a number. */

import { el, setText } from "./dom.js";
import { fixed } from "./format.js";

/** The mark stands at this share of the bar, so that bars of all robots compare. */
const MARK = 0.6;

export class UncertaintyBar extends HTMLElement {
  #fill = el("i", { className: "fill" });
  #number = el("span", { className: "number" });

  connectedCallback() {
    const bar = el("span", { className: "bar" }, this.#fill, el("i", { className: "mark" }));
    this.replaceChildren(bar, this.#number);
  }

  /** Both in nats. A threshold of zero or less (Franka) calls at any uncertainty: the bar is full then. */
  show(uncertainty, threshold) {
    const share = threshold > 0 ? (MARK * Math.max(0, uncertainty)) / threshold : 1;
    this.#fill.style.width = `${Math.min(100, 100 * share)}%`;
    this.dataset.over = uncertainty > threshold;
    setText(this.#number, `J ${fixed(uncertainty, 2)}`);
  }
}

customElements.define("iifl-uncertainty", UncertaintyBar);
