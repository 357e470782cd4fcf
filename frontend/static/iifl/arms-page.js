/** The page of arms that are there: their limits as the server knows them, and how each is, live. */

import { setText } from "./dom.js";
import { LivePage } from "./live-page.js";

const WORDS = { ready: "Ready.", moving: "Moving.", away: "Away.", stopped: "Stopped." };

export class ArmsPage extends LivePage {
  connectedCallback() {
    this.begin("fleet");
    this.changed();
  }

  wanted() {
    return [];
  }

  heard(message) {
    if (message.type === "state") this.#show(message.robots);
    else if (message.type === "error") this.#notice(message.message);
  }

  /** While nothing is heard, nothing is claimed. */
  changed() {
    const { status, reason } = this.connection;
    const away = { connecting: "Connecting.", offline: `Offline. ${reason}`, "no-run": reason, refused: reason };
    this.#notice(away[status] ?? "");
    if (status in away) {
      for (const card of this.querySelectorAll("[data-robot]")) this.#say(card, "unknown", "Not known now.");
    }
  }

  tick() {}

  #show(robots) {
    for (const robot of robots) {
      const card = this.querySelector(`[data-robot="${robot.robot}"]`);
      if (card) this.#say(card, robot.presence, `${WORDS[robot.presence]} ${robot.reason}`.trim());
    }
  }

  #say(card, presence, text) {
    card.dataset.presence = presence;
    setText(card.querySelector("[data-part=presence]"), text);
  }

  #notice(text) {
    const notice = this.querySelector("[data-part=notice]");
    notice.hidden = text === "";
    setText(notice, text);
  }
}

customElements.define("iifl-arms", ArmsPage);
