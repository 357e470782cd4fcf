/** Who sits on the supervisors' seats, what they do, and when they last did something. */

import { el, keyed, setText } from "./dom.js";
import { duration } from "./format.js";

const HEADS = [["seat", "Who sits on a supervisor’s seat"], ["does", ""], ["last acted", "Time since the last intervention"]];
const KINDS = { person: "a person", algorithm: "an algorithm, while no person takes the seat" };
const CELLS = ["holder", "doing", "last"];

export class PeopleList extends HTMLElement {
  #body = el("tbody");
  #table;
  #empty = el("p", { className: "muted empty", textContent: "Nobody yet." });

  connectedCallback() {
    const heads = HEADS.map(([text, title]) => el("th", { scope: "col", textContent: text, title }));
    this.#table = el("table", { hidden: true }, el("thead", {}, el("tr", {}, ...heads)), this.#body);
    this.replaceChildren(this.#table, this.#empty);
  }

  show(state) {
    const make = (seat) => {
      const cells = CELLS.map((name) => el("td", { className: name }));
      return el("tr", { data: { testid: `seat-${seat.seat}` } }, ...cells);
    };
    keyed(this.#body, state.seats, (seat) => seat.seat, make, (row, seat) => {
      const [holder, doing, last] = row.children;
      row.dataset.kind = seat.kind;
      setText(holder, seat.holder);
      holder.title = `${seat.holder}, ${KINDS[seat.kind]}`;
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
