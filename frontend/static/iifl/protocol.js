/** Text messages of the wire: JSON in, checked objects out, and back. Pure; docs/wire.md is the authority. */

import { FROM_BROWSER, FROM_SERVER, ProtocolError } from "./schema.js";

export { FROM_BROWSER, FROM_SERVER, ProtocolError };

/** Version of the protocol that this page speaks. */
export const PROTOCOL = 1;
/** Longest text message that a server takes. [bytes] */
export const MESSAGE_BYTES = 4096;

/** Check an object against a table; throws ProtocolError with a code of the wire's `error`. */
export function check(message, table) {
  if (message === null || typeof message !== "object" || Array.isArray(message)) {
    throw new ProtocolError("malformed", "The message is not a JSON object.");
  }
  if (typeof message.type !== "string") {
    throw new ProtocolError("malformed", "The message has no type in words.");
  }
  if (!Object.hasOwn(table, message.type)) {
    const known = Object.keys(table).join(", ");
    throw new ProtocolError("unknown_type", `The type ${message.type} is unknown; valid are ${known}.`);
  }
  table[message.type](message, message.type);
  return message;
}

function tooLarge(bytes, limit) {
  return new ProtocolError("too_large", `The message has ${bytes} bytes; at most ${limit} are taken.`);
}

/** A checked object from text. `limit`, in bytes, is what a server enforces. Throws ProtocolError. */
export function decode(text, table = FROM_SERVER, limit = Infinity) {
  if (Number.isFinite(limit)) {
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > limit) throw tooLarge(bytes, limit);
  }
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    throw new ProtocolError("malformed", "The message is not JSON.");
  }
  return check(message, table);
}

/** Text of a message that a browser sends. Throws ProtocolError, so that a fault shows here and not over there. */
export function encode(message) {
  const text = JSON.stringify(check(message, FROM_BROWSER));
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MESSAGE_BYTES) throw tooLarge(bytes, MESSAGE_BYTES);
  return text;
}
