/** A robot's state in a shape, a word and a tone: never in colour alone. Pure. */

/**
 * `{shape, word, tone}`; `tone` is quiet, needs (a person), helped, mine, or away. `me` is my seat or null, `byHand`:
 * robots of this run are put right by somebody at their side.
 */
export function robotWords(robot, seats, me = null, byHand = false) {
  const waits = `waits for ${byHand ? "hands" : "a hard reset"}`;
  const violated = robot.mode === "waiting_reset";
  if (robot.presence === "away") return { shape: "cross", word: violated ? `away, ${waits}` : "away", tone: violated ? "needs" : "away" };
  if (violated) return { shape: "reset", word: waits, tone: "needs" };
  if (robot.presence === "stopped") return { shape: "square", word: "stopped", tone: "away" };
  const mine = me !== null && robot.supervisor === me;
  const tone = mine ? "mine" : "helped";
  const holder = seats.find((seat) => seat.seat === robot.supervisor)?.holder ?? "a supervisor";
  const who = mine ? "you" : holder;
  const moving = robot.presence === "moving" ? ", moving" : "";
  if (robot.mode === "resetting") return { shape: "reset", word: `being reset by ${who}`, tone };
  if (robot.mode === "teleoperated") {
    const word = robot.asks ? `waits for an answer by ${who}` : `helped by ${who}${moving}`;
    return { shape: "disc", word, tone };
  }
  if (robot.asks) return { shape: "diamond", word: "waits for an answer", tone: "needs" };
  if (robot.queue !== null) return { shape: "diamond", word: "asks for help", tone: "needs" };
  return { shape: "ring", word: `on its own${moving}`, tone: "quiet" };
}

/** Robots that call and have nobody yet, first in line first. */
export function queueOf(robots) {
  return robots.filter((robot) => robot.queue !== null).sort((a, b) => a.queue - b.queue);
}

/** How many robots, and what takes some of them out of the supervisors' work: “4 · 1 waits for hands · 2 away”. */
export function countsOf(robots, byHand = false) {
  const parts = [String(robots.length)];
  const hands = byHand ? robots.filter((robot) => robot.mode === "waiting_reset").length : 0;
  const tell = (count, words) => count && parts.push(`${count} ${words}`);
  tell(hands, `${hands === 1 ? "waits" : "wait"} for hands`);
  tell(robots.filter((robot) => robot.presence === "away").length, "away");
  tell(robots.filter((robot) => robot.presence === "stopped").length, "stopped");
  return parts.join(" · ");
}
