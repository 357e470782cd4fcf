/** Robots that call and have nobody yet, in the order in which the allocation serves them. Not a choice. */

import "./camera-view.js";
import { UNCERTAINTY } from "./definitions.js";
import { el, keyed, setText } from "./dom.js";
import { duration } from "./format.js";
import { queueOf, robotWords } from "./robot-words.js";
import { setShape } from "./shapes.js";
import "./uncertainty-bar.js";

class QueueItem extends HTMLElement {
  #camera = el("iifl-camera");
  #shape = el("span");
  #word = el("span", { className: "word" });
  #wait = el("span", { className: "number wait" });
  #bar = el("iifl-uncertainty", { title: UNCERTAINTY });
  #name = el("strong");

  connectedCallback() {
    this.setAttribute("role", "listitem");
    const line = el("div", { className: "card-line" }, this.#shape, this.#name, this.#wait);
    this.replaceChildren(this.#camera, el("div", { className: "card-text" }, line, this.#word, this.#bar));
  }

  attach(cameras, robot) {
    this.dataset.testid = `queue-item-${robot}`;
    this.#camera.attach(cameras, robot);
    setText(this.#name, `Robot ${robot}`);
  }

  update(robot, state, byHand) {
    const { shape, word, tone } = robotWords(robot, state.seats, null, byHand);
    this.dataset.tone = tone;
    setShape(this.#shape, shape);
    setText(this.#word, word);
    setText(this.#wait, duration(robot.waited_s));
    this.#bar.show(robot.uncertainty, state.threshold);
  }

  tick(now) {
    this.#camera.tick(now);
  }
}

export class QueueList extends HTMLElement {
  #cameras = null;
  #list = el("div", { className: "queue-list", attributes: { role: "list" } });
  #empty = el("p", { className: "muted empty", textContent: "Nobody waits." });

  connectedCallback() {
    this.replaceChildren(this.#list, this.#empty);
  }

  attach(cameras) {
    this.#cameras = cameras;
  }

  /** Returns how many wait. `byHand` as in `robotWords`. */
  show(state, byHand = false) {
    const waiting = queueOf(state.robots);
    const make = (robot) => {
      const item = el("iifl-queue-item");
      item.attach(this.#cameras, robot.robot);
      return item;
    };
    keyed(this.#list, waiting, (robot) => robot.robot, make, (item, robot) => item.update(robot, state, byHand));
    this.#empty.hidden = waiting.length > 0;
    return waiting.length;
  }

  tick(now) {
    for (const item of this.#list.children) item.tick(now);
  }
}

customElements.define("iifl-queue-item", QueueItem);
customElements.define("iifl-queue", QueueList);
