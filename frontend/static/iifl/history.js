/** The course of a run for the charts: what the server kept, and what has come since. Pure. */

export const COLUMNS = [
  "step", "rohe", "successes", "autonomous_successes", "hard_resets", "calls", "mean_uncertainty", "human_actions",
];
const MOST_ROWS = 1200;

export class History {
  rows = [];
  retrainings = [];
  #version = null;

  /** Begin with what `GET /api/runs/<id>/history` answers; rows heard live meanwhile are kept behind it. */
  load({ columns, rows, retrainings }) {
    const places = COLUMNS.map((name) => columns.indexOf(name));
    const loaded = rows.map((row) => Object.fromEntries(COLUMNS.map((name, i) => [name, row[places[i]] ?? 0])));
    const last = loaded.at(-1)?.step ?? -1;
    this.rows = [...loaded, ...this.rows.filter((row) => row.step > last)];
    const known = new Set(retrainings.map((one) => one.version));
    this.retrainings = [...retrainings, ...this.retrainings.filter((one) => !known.has(one.version))];
  }

  /** A state of the run has arrived; returns true if it added anything. */
  add(state) {
    this.#mark(state);
    if (state.robots.length === 0 || state.step <= (this.rows.at(-1)?.step ?? -1)) return false;
    const sum = state.robots.reduce((total, robot) => total + robot.uncertainty, 0);
    const row = { ...state.metrics, step: state.step, mean_uncertainty: sum / state.robots.length };
    this.rows.push(Object.fromEntries(COLUMNS.map((name) => [name, row[name]])));
    if (this.rows.length > MOST_ROWS) this.#thin();
    return true;
  }

  /** The row at or before a step, or null. */
  at(step) {
    let found = null;
    for (const row of this.rows) {
      if (row.step > step) break;
      found = row;
    }
    return found;
  }

  #mark(state) {
    const { version, trained_on } = state.policy;
    const known = this.retrainings.some((one) => one.version === version);
    if (this.#version !== null && version !== this.#version && !known) {
      this.retrainings.push({ step: state.step, version, trained_on });
    }
    this.#version = version;
  }

  /** Every second row of the older half goes: recent steps stay sharp. */
  #thin() {
    const half = this.rows.length / 2;
    this.rows = this.rows.filter((_, index) => index >= half || index % 2 === 0);
  }
}

/** Round numbers for an axis from 0 or `low` to at least `high`: `{low, high}`. */
export function axis(low, high) {
  const floor = Math.min(0, low);
  const span = Math.max(high - floor, 1e-9);
  const unit = 10 ** Math.floor(Math.log10(span));
  const top = [1, 2, 2.5, 5, 10].map((factor) => factor * unit).find((value) => value >= span * 0.999);
  return { low: floor, high: floor + top };
}
