/** The server's clock as this page knows it, from pings and their answers. Pure: times come in as arguments. */

const KEPT = 8;

export class ServerClock {
  #samples = [];

  /** One answered ping: sent and received on the page's clock, answered on the server's. [ms] */
  add(sentAt, receivedAt, serverTime) {
    const roundTrip = Math.max(0, receivedAt - sentAt);
    const offset = serverTime - (sentAt + receivedAt) / 2;
    this.#samples.push({ roundTrip, offset });
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** A first guess, before any ping is answered: the one-way delay counts as zero. */
  guess(receivedAt, serverTime) {
    if (this.#samples.length === 0) this.#samples.push({ roundTrip: Infinity, offset: serverTime - receivedAt });
  }

  /** The last round trip, or null before the first answer. [ms] */
  get roundTrip() {
    const last = this.#samples.at(-1)?.roundTrip;
    return last === undefined || last === Infinity ? null : last;
  }

  /** Server time at a time of the page. The quickest of the last pings is the one whose offset is best known. */
  now(pageNow) {
    if (this.#samples.length === 0) return pageNow;
    const best = this.#samples.reduce((a, b) => (b.roundTrip < a.roundTrip ? b : a));
    return pageNow + best.offset;
  }

  /** A new connection may end at another server. */
  forget() {
    this.#samples = [];
  }
}

/** Milliseconds since 1970 on this page's clock, which never steps back while the page is open. */
export function pageNow() {
  return performance.timeOrigin + performance.now();
}
