/** All keys and what they do, over the page; ? opens it, ? or Escape closes it. */

import { el } from "./dom.js";

const PUSH_KEYS = [
  ["Click or drag", "aim: where the push should end; nothing moves yet"],
  ["Arrow keys", "aim from the keyboard while the picture has the focus; Shift goes farther"],
  ["Enter", "send the push; so does a second click on the end circle"],
  ["Z, Escape", "undo the aim before it is sent"],
];
const RESET_KEY = ["R", "confirm that a robot in violation has been put back"];
const VERDICT_KEYS = ["Y, N, X", "where a camera is not sure: the goal was reached, not reached, or something is broken"];
const COMMON_KEYS = [
  ["B", "hand the robot back"],
  ["P", "pause: keep the seat, be assigned nothing; again to end"],
  ["Shift + S", "stop the whole fleet, at once"],
  ["?", "this help"],
];

export class HelpOverlay extends HTMLElement {
  #dialog = el("dialog", { className: "help" });

  connectedCallback() {
    this.replaceChildren(this.#dialog);
  }

  /** `means` and `byHand` as on the wire: the keys depend on how robots of this run are helped and put right. */
  show(means, byHand) {
    const modes = means.modes.map((name, index) => [
      String(index + 1), `${name}: the robot goes this supervisor’s way for ${means.steps} steps; with Shift for one`,
    ]);
    const rows = [...(means.push ? PUSH_KEYS : modes), VERDICT_KEYS, ...(byHand ? [] : [RESET_KEY]), ...COMMON_KEYS].map(([key, what]) =>
      el("div", {}, el("dt", {}, el("kbd", { textContent: key })), el("dd", { textContent: what })));
    const close = el("button", { type: "button", textContent: "Close" });
    close.onclick = () => this.#dialog.close();
    const how = means.push
      ? "A push longer than the robot’s reach is clipped: the dashed part is left out."
      : "What you choose is carried out by an algorithm from where the robot is at that moment; it counts as your help.";
    const text =
      `The allocation decides which robot you get. ${how} The picture shows what was heard of your command, and nothing more.`;
    const note = el("p", { className: "muted", textContent: text });
    this.#dialog.replaceChildren(el("h2", { textContent: "Keys" }), el("dl", {}, ...rows), note, close);
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
