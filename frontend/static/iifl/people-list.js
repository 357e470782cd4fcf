/** Who sits on the supervisors' seats, what they do, and when they last did something. */

import { el, keyed, setText } from "./dom.js";
import { duration } from "./format.js";

const CELLS = ["holder", "doing", "last"];

export class PeopleList extends HTMLElement {
  #body = el("tbody");
  #table;
  #empty = el("p", { className: "muted empty", textContent: "Nobody yet." });

  connectedCallback() {
    const heads = ["seat", "does", "last intervention"].map((text) => el("th", { scope: "col", textContent: text }));
    this.#table = el("table", { hidden: true }, el("thead", {}, el("tr", {}, ...heads)), this.#body);
    this.replaceChildren(this.#table, this.#empty);
  }

  show(state) {
    const make = (seat) => el("tr", { data: { testid: `seat-${seat.seat}` } }, ...CELLS.map((name) => el("td", { className: name })));
    keyed(this.#body, state.seats, (seat) => seat.seat, make, (row, seat) => {
      const [holder, doing, last] = row.children;
      row.dataset.kind = seat.kind;
      setText(holder, seat.kind === "person" ? seat.holder : `${seat.holder} (algorithm)`);
      setText(doing, whatItDoes(seat));
      setText(last, seat.last_intervention_s === null ? "none yet" : `${duration(seat.last_intervention_s)} ago`);
    });
    this.#table.hidden = state.seats.length === 0;
    this.#empty.hidden = !this.#table.hidden;
  }
}

function whatItDoes(seat) {
  if (seat.paused) return "paused";
  return seat.robot === null ? "free" : `has robot ${seat.robot}`;
}

customElements.define("iifl-people", PeopleList);
