/** One robot in the wall: picture, state in shape and word, uncertainty against the threshold. */

import "./camera-view.js";
import { UNCERTAINTY } from "./definitions.js";
import { el, setText } from "./dom.js";
import { duration } from "./format.js";
import { robotWords } from "./robot-words.js";
import { setShape } from "./shapes.js";
import "./uncertainty-bar.js";

export class RobotCard extends HTMLElement {
  #camera = el("iifl-camera");
  #shape = el("span");
  #name = el("strong");
  #word = el("span", { className: "word" });
  #note = el("span", { className: "muted note" });
  #bar = el("iifl-uncertainty", { title: UNCERTAINTY });

  connectedCallback() {
    const line = el("div", { className: "card-line" }, this.#shape, this.#name);
    this.replaceChildren(this.#camera, el("div", { className: "card-text" }, line, this.#word, this.#bar, this.#note));
  }

  /** Bind to a robot once. */
  attach(cameras, robot) {
    this.dataset.testid = `robot-card-${robot}`;
    setText(this.#name, `Robot ${robot}`);
    this.#camera.attach(cameras, robot);
  }

  /** `robot` and `state` as on the wire, `me` my seat or null, `byHand` as in `robotWords`. */
  update(robot, state, me, byHand) {
    const { shape, word, tone } = robotWords(robot, state.seats, me, byHand);
    this.dataset.tone = tone;
    this.dataset.mode = robot.mode;
    this.dataset.presence = robot.presence;
    setShape(this.#shape, shape);
    setText(this.#word, word);
    this.#word.title = word;
    const helped = robot.helped ? "helped for this goal" : "";
    const note = robot.reason || (robot.queue === null ? helped : `waits ${duration(robot.waited_s)}`);
    setText(this.#note, note);
    this.#note.title = robot.reason;
    this.#bar.show(robot.uncertainty, state.threshold);
  }

  tick(now) {
    this.#camera.tick(now);
  }
}

customElements.define("iifl-robot-card", RobotCard);
