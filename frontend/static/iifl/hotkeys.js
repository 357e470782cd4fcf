/** Keys of the console. They work wherever the mouse was last, and leave text fields and open dialogs alone. */

const KEYS = { enter: "send", z: "undo", escape: "undo", r: "reset", b: "back", p: "pause", "?": "help" };
const SAID = { y: "reached", n: "not_reached", x: "broken" };

/** The keys of digits by their place, so that Shift and layouts without plain digits change nothing. */
const DIGIT = /^(?:Digit|Numpad)([1-9])$/;

/**
 * Calls `act(name, choice)` for a key: send, undo, reset, back, pause, help, stop, choose with {index, once}, or
 * verdict with {said}.
 */
export function listenForKeys(act) {
  addEventListener("keydown", (event) => {
    const digit = DIGIT.exec(event.code)?.[1];
    const letter = event.shiftKey && event.key.toLowerCase() === "s" ? "stop" : KEYS[event.key.toLowerCase()];
    const said = SAID[event.key.toLowerCase()];
    const name = digit ? "choose" : said ? "verdict" : letter;
    if (!name || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select")) return;
    if (document.querySelector("dialog[open]") && name !== "stop" && name !== "help") return;
    // Enter belongs to a button or link that was reached from the keyboard, unless a dialog has just taken it away.
    if (name === "send" && event.target.closest?.("button, a")?.checkVisibility()) return;
    event.preventDefault();
    act(name, digit ? { index: Number(digit) - 1, once: event.shiftKey } : said ? { said } : null);
  });
  // A button that was clicked gives the focus back, so that the next Enter sends instead of pressing it again. This
  // comes before the button's own listeners: a dialog returns the focus to whoever had it when it opened.
  const giveBack = (event) => {
    if (event.detail > 0) event.target.closest?.("button")?.blur();
  };
  addEventListener("click", giveBack, { capture: true });
}
