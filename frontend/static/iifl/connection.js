/** One WebSocket to the server: opens, says hello, pings, and comes back by itself with growing patience. */

import { ServerClock, pageNow } from "./clock.js";
import { parseFrame } from "./frames.js";
import { PROTOCOL, decode, encode } from "./protocol.js";

const PING_MS = 2000;
const SILENCE_MS = 7000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8000;
const ASK_AGAIN_MS = 3000;
const SIGNED_OUT = 4401;

/**
 * Events: `status` (see `status`), `message` (detail: a checked message), `frame` (detail: a parsed frame).
 * Status: `connecting`, `open` (welcomed), `no-run`, `offline` (tries again), `refused` (does not try again).
 */
export class Connection extends EventTarget {
  clock = new ServerClock();
  status = "connecting";
  /** Why the status is what it is, as a sentence; empty where there is nothing to say. */
  reason = "";
  /** Page time of the next try while offline. [ms] */
  retryAt = 0;
  #url;
  #page;
  #run;
  #socket = null;
  #wait = FIRST_WAIT_MS;
  #heardAt = 0;
  #timers = [];

  constructor({ url, page, run = null }) {
    super();
    this.#url = url;
    this.#page = page;
    this.#run = run;
    addEventListener("online", () => this.#retryNow());
  }

  open() {
    this.#clear();
    this.clock.forget();
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#heardAt = pageNow();
    socket.onopen = () => this.#hello();
    socket.onmessage = (event) => socket === this.#socket && this.#hear(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#lost(event);
    this.#timers.push(setInterval(() => this.#beat(), PING_MS));
  }

  /** True if the message left the page; false, and nothing is kept for later, where there is no connection. */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(encode(message));
    return true;
  }

  /** Server time now. [ms] */
  now() {
    return this.clock.now(pageNow());
  }

  #hello() {
    this.send({ type: "hello", protocol: PROTOCOL, page: this.#page, run: this.#run });
    this.#ping();
  }

  #ping() {
    this.send({ type: "ping", sent_at: pageNow() });
  }

  #beat() {
    if (pageNow() - this.#heardAt > SILENCE_MS) {
      this.#socket.close();
      this.#lost({ code: 0, reason: "The server has been silent for seven seconds." });
    } else {
      this.#ping();
    }
  }

  #hear(data) {
    this.#heardAt = pageNow();
    let message;
    try {
      if (data instanceof ArrayBuffer) {
        this.dispatchEvent(new CustomEvent("frame", { detail: parseFrame(data) }));
        return;
      }
      message = decode(data);
    } catch (error) {
      if (error.name !== "ProtocolError") throw error;
      console.error(`The server said what this page cannot read: ${error.message}`);
      return;
    }
    this.#follow(message);
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  #follow(message) {
    if (message.type === "pong") {
      this.clock.add(message.sent_at, this.#heardAt, message.server_time);
    } else if (message.type === "welcome") {
      this.clock.guess(this.#heardAt, message.server_time);
      this.#wait = FIRST_WAIT_MS;
      this.#become("open", "");
    } else if (message.type === "error" && message.code === "no_run") {
      this.#become("no-run", message.message);
      this.#timers.push(setTimeout(() => this.#hello(), ASK_AGAIN_MS));
    } else if (message.type === "error" && ["protocol", "unknown_run"].includes(message.code)) {
      this.#refused(message.message);
    }
  }

  #lost(event) {
    this.#clear();
    // Signing out elsewhere closes every page of a person; one that is still signed in is welcomed again.
    if (event.code === SIGNED_OUT && this.status !== "open") {
      this.#refused("You are signed out. Sign in again to go on.");
      return;
    }
    const wait = this.#wait * (0.75 + Math.random() / 2);
    this.#wait = Math.min(LONGEST_WAIT_MS, this.#wait * 2);
    this.retryAt = pageNow() + wait;
    this.#timers.push(setTimeout(() => this.open(), wait));
    this.#become("offline", event.reason || "The connection to the server is lost.");
  }

  #refused(reason) {
    this.#clear();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#become("refused", reason);
  }

  #retryNow() {
    if (this.status === "offline") this.open();
  }

  #become(status, reason) {
    this.status = status;
    this.reason = reason;
    this.dispatchEvent(new Event("status"));
  }

  #clear() {
    this.#timers.forEach((timer) => clearInterval(timer));
    this.#timers = [];
  }
}

/** The address of the live socket beside this page. */
export function liveAddress(location) {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws/live/`;
}
