/** All robots as cards, in their order. */

import { el, keyed } from "./dom.js";
import "./robot-card.js";

export class FleetWall extends HTMLElement {
  #cameras = null;

  attach(cameras) {
    this.#cameras = cameras;
  }

  /** `me`: my seat or null; `byHand`: robots are put right by somebody at their side. */
  show(state, me = null, byHand = false) {
    const make = (robot) => {
      const card = el("iifl-robot-card");
      card.attach(this.#cameras, robot.robot);
      return card;
    };
    keyed(this, state.robots, (robot) => robot.robot, make, (card, robot) => card.update(robot, state, me, byHand));
  }

  tick(now) {
    for (const card of this.children) card.tick(now);
  }
}

customElements.define("iifl-wall", FleetWall);
