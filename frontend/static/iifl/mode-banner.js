/** The banner that says in words, shape and colour who has the robot. */

import { el, setText } from "./dom.js";
import { setShape } from "./shapes.js";

const SHAPES = {
  own: "ring", mine: "disc", assisting: "play", waiting: "bars", reset: "reset", stopped: "square", held: "pause",
  offline: "cross", paused: "pause", "no-seat": "eye", "no-run": "ring", starting: "ring", ended: "square",
  verdict: "diamond", moving: "bars", away: "cross", hands: "reset",
};

export class ModeBanner extends HTMLElement {
  #shape = el("span", { className: "banner-shape" });
  #subject = el("span", { className: "banner-subject" });
  #title = el("strong", { className: "banner-title" });
  #detail = el("span", { className: "banner-detail" });
  #time = el("span", { className: "banner-time" });

  connectedCallback() {
    const words = el("div", { className: "banner-words", attributes: { role: "status", "aria-live": "assertive" } });
    words.append(el("div", {}, this.#subject, this.#title), this.#detail);
    this.replaceChildren(this.#shape, words, this.#time);
  }

  /** `banner` as `consoleMode` gives it; `subject` for instance "Robot 3", or empty. */
  show({ mode, title, detail }, subject) {
    this.dataset.mode = mode;
    setShape(this.#shape, SHAPES[mode]);
    setText(this.#subject, subject ? `${subject} · ` : "");
    setText(this.#title, title);
    setText(this.#detail, detail);
  }

  /** A running time beside the words, outside of what is read aloud. */
  set time(text) {
    setText(this.#time, text);
  }
}

customElements.define("iifl-banner", ModeBanner);
