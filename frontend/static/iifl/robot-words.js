/** A robot's state in a shape, a word and a tone: never in colour alone. Pure. */

/** `{shape, word, tone}`; `tone` is quiet, needs (a person), helped, or mine. `me` is my seat or null. */
export function robotWords(robot, seats, me = null) {
  const holder = seats.find((seat) => seat.seat === robot.supervisor)?.holder ?? "a supervisor";
  const mine = me !== null && robot.supervisor === me;
  const who = mine ? "you" : holder;
  switch (robot.mode) {
    case "teleoperated":
      return { shape: "disc", word: `helped by ${who}`, tone: mine ? "mine" : "helped" };
    case "resetting":
      return { shape: "reset", word: `being reset by ${who}`, tone: mine ? "mine" : "helped" };
    case "waiting_reset":
      return { shape: "reset", word: "waits for a hard reset", tone: "needs" };
    default:
      return robot.queue === null
        ? { shape: "ring", word: "on its own", tone: "quiet" }
        : { shape: "diamond", word: "asks for help", tone: "needs" };
  }
}

/** Robots that call and have nobody yet, first in line first. */
export function queueOf(robots) {
  return robots.filter((robot) => robot.queue !== null).sort((a, b) => a.queue - b.queue);
}
