/** What takes the stage while no robot is mine: a sentence, since when, and the fleet's pictures. */

import { setText } from "./dom.js";

export class CalmView extends HTMLElement {
  #title = null;
  #detail = null;

  connectedCallback() {
    this.#title = this.querySelector(".calm-title");
    this.#detail = this.querySelector(".calm-detail");
  }

  show(title, detail) {
    setText(this.#title, title);
    setText(this.#detail, detail);
  }
}

customElements.define("iifl-calm", CalmView);
