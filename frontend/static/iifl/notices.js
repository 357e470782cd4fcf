/** Why nothing moves in a run, or why nothing new comes from it, in a sentence above everything else. Pure. */

const HALTS = {
  stopped: "■ The fleet is stopped. No robot moves until it is started.",
  held: "The server holds every robot still and goes on by itself.",
  starting: "The fleet is being set up.",
  ended: "This run has ended. Its figures stay.",
};

/**
 * `{kind, text}`; the text is empty where there is nothing to say. `connection` {status, reason}, `state` as on the
 * wire or null, `known`: what is left to see without a connection.
 */
export function noticeOf({ status, reason }, state, known) {
  if (status === "connecting") return { kind: status, text: "Connecting." };
  if (status === "offline") return { kind: status, text: `Offline. ${reason} ${known}` };
  if (status === "no-run") return { kind: status, text: `${reason} This page begins by itself as soon as a run does.` };
  if (status === "refused") return { kind: status, text: reason };
  if (!state) return { kind: "starting", text: "" };
  const halt = HALTS[state.status];
  return { kind: state.status, text: halt ? `${halt} ${state.status_reason}`.trim() : "" };
}
