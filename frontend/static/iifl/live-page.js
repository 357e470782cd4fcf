/** What both pages share: a connection, the cameras, the newest state, the strip at the top, and the stop button. */

import { Cameras } from "./cameras.js";
import { Connection, liveAddress } from "./connection.js";
import "./status-strip.js";
import "./stop-button.js";

const TICK_MS = 100;
/** Cameras watched at once: a `watch` of more would outgrow one message. */
export const MOST_CAMERAS = 100;

export class LivePage extends HTMLElement {
  connection;
  cameras;
  /** The last welcome and state, or null. */
  welcome = null;
  state = null;
  #strip;
  #stop;

  /** Begin; `page` is the name in `hello`. Subclasses hear `heard(message)`, `changed()` and `tick(now)`. */
  begin(page) {
    const run = new URLSearchParams(location.search).get("run");
    this.connection = new Connection({ url: liveAddress(location), page, run: run === null ? null : Number(run) });
    this.cameras = new Cameras((message) => this.connection.send(message));
    this.#strip = this.querySelector("iifl-status-strip");
    this.#stop = this.querySelector("iifl-stop-button");
    this.#stop.attach((message) => this.connection.send(message), this.dataset.role);
    this.connection.addEventListener("frame", (event) => this.cameras.receive(event.detail));
    this.connection.addEventListener("message", (event) => this.#hear(event.detail));
    this.connection.addEventListener("status", () => this.#status());
    document.addEventListener("visibilitychange", () => this.watchNow());
    setInterval(() => this.#beat(), TICK_MS);
    this.connection.open();
  }

  /** Watch what the page wants to see; nothing at all while nobody can see the page. */
  watchNow() {
    this.cameras.watch(document.hidden || !this.state ? [] : this.wanted().slice(0, MOST_CAMERAS));
  }

  stop() {
    this.#stop.stop();
  }

  #hear(message) {
    if (message.type === "welcome") {
      this.welcome = message;
      this.#strip.welcome(message);
      this.#stop.arms(message.run.by_hand);
    } else if (message.type === "state") {
      this.state = message;
      this.#strip.state(message);
      this.#stop.show(message.status);
    }
    if (message.type !== "error" || message.code !== "no_run") this.heard(message);
    if (message.type === "state") this.watchNow();
  }

  #status() {
    const { status } = this.connection;
    if (status !== "open") this.cameras.forget();
    this.dataset.connection = status;
    this.#strip.connection(status, this.connection.clock.roundTrip);
    this.#stop.connection(status);
    if (status === "refused" && !this.querySelector(".sign-in-again")) this.#offerSignIn();
    this.changed();
  }

  #offerSignIn() {
    const link = document.createElement("a");
    link.className = "sign-in-again";
    link.textContent = "Sign in";
    link.href = `${this.dataset.signIn}?next=${encodeURIComponent(location.pathname)}`;
    this.#strip.append(link);
  }

  #beat() {
    this.#strip.connection(this.connection.status, this.connection.clock.roundTrip);
    this.tick(this.connection.now());
  }
}
