/** All keys and what they do, over the page; ? opens it, ? or Escape closes it. */

import { el } from "./dom.js";

const KEYS = [
  ["Click or drag", "aim: where the cube should end; nothing moves yet"],
  ["Arrow keys", "aim from the keyboard while the picture has the focus; Shift goes farther"],
  ["Enter", "send the push; so does a second click on the end circle"],
  ["Z, Escape", "undo the aim before it is sent"],
  ["R", "confirm that a robot in violation has been put back"],
  ["B", "hand the robot back"],
  ["P", "pause: keep the seat, be assigned nothing; again to end"],
  ["Shift + S", "stop the whole fleet, at once"],
  ["?", "this help"],
];

export class HelpOverlay extends HTMLElement {
  #dialog = el("dialog", { className: "help" });

  connectedCallback() {
    const rows = KEYS.map(([key, what]) =>
      el("div", {}, el("dt", {}, el("kbd", { textContent: key })), el("dd", { textContent: what })));
    const close = el("button", { type: "button", textContent: "Close" });
    close.onclick = () => this.#dialog.close();
    const text =
      "The allocation decides which robot you get. A push longer than the robot’s reach is clipped: the dashed " +
      "part is left out. The picture shows what was heard of your command, and nothing more.";
    const note = el("p", { className: "muted", textContent: text });
    this.#dialog.append(el("h2", { textContent: "Keys" }), el("dl", {}, ...rows), note, close);
    this.replaceChildren(this.#dialog);
  }

  get open() {
    return this.#dialog.open;
  }

  toggle() {
    if (this.#dialog.open) this.#dialog.close();
    else this.#dialog.showModal();
  }
}

customElements.define("iifl-help", HelpOverlay);
