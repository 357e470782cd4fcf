/** What a valid message is: the tables of docs/wire.md, made executable. Pure. */

/** A message that breaks the protocol. `code` is one of the codes of the wire's `error`. */
export class ProtocolError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "ProtocolError";
    this.code = code;
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function refuse(path, value, valid) {
  const shown = (JSON.stringify(value) ?? "missing").slice(0, 60);
  throw new ProtocolError("malformed", `${path} is ${shown}; valid is ${valid}. Sending it again changes nothing.`);
}

const must = (holds, valid) => (value, path) => {
  if (!holds(value)) refuse(path, value, valid);
};

const text = (least, most) =>
  must((v) => typeof v === "string" && v.length >= least && v.length <= most && v.isWellFormed(), `a text of ${least} to ${most} characters`);
const whole = (most, least = 0) =>
  must((v) => Number.isInteger(v) && v >= least && v <= most, `a whole number from ${least} to ${most}`);
const real = (least = -Infinity, most = Infinity) =>
  must((v) => typeof v === "number" && Number.isFinite(v) && v >= least && v <= most, `a number from ${least} to ${most}`);
const oneOf = (...choices) => must((v) => choices.includes(v), choices.join(", "));
const nullable = (check) => (value, path) => {
  if (value !== null) check(value, path);
};
const listOf = (check, least, most) => (value, path) => {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    refuse(path, value, `a list of ${least} to ${most}`);
  }
  value.forEach((item, index) => check(item, `${path}[${index}]`));
};

/** An object with these fields. A closed one has no others; an open one ignores what a newer server adds. */
function record(fields, closed) {
  return (value, path) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) refuse(path, value, "an object");
    for (const [name, check] of Object.entries(fields)) {
      if (!Object.hasOwn(value, name)) refuse(`${path}.${name}`, undefined, "not to leave it out");
      check(value[name], `${path}.${name}`);
    }
    const unknown = closed && Object.keys(value).find((name) => !Object.hasOwn(fields, name));
    if (unknown) refuse(`${path}.${unknown}`, value[unknown], Object.keys(fields).join(", "));
  };
}

const open = (fields) => record(fields, false);
const closed = (fields) => record({ type: text(1, 40), ...fields }, true);

const yes = must((v) => typeof v === "boolean", "true or false");
const robot = whole(0xffff);
const count = whole(Number.MAX_SAFE_INTEGER);
const number32 = whole(0xffffffff);
const size = oneOf("full", "thumb");
const fleetSize = must((v) => Number.isInteger(v) && v > 0, "at least 1");
const command = must((v) => typeof v === "string" && UUID.test(v), "a UUID");
const lease = text(1, 128);
const mode = text(1, 60);
const sentence = text(0, 4096);
const point = nullable(listOf(real(), 2, 2));
const beside = { command, robot, expires_at: real() };
const order = { ...beside, lease };

/** Checks of what a browser says, by type. */
export const FROM_BROWSER = {
  hello: closed({ protocol: count, page: oneOf("console", "fleet", "station"), run: nullable(count) }),
  ping: closed({ sent_at: real() }),
  watch: closed({ cameras: listOf(record({ robot, size }, true), 0, 128) }),
  frame_ack: closed({ robot, size, frame: number32 }),
  push: closed({ ...order, frame: number32, x: real(0, 1), y: real(0, 1) }),
  assist: closed({ ...order, frame: number32, mode, steps: whole(1000, 1) }),
  hard_reset: closed({ ...order, frame: number32 }),
  hand_back: closed(order),
  verdict: closed({ ...order, said: oneOf("reached", "not_reached", "broken") }),
  put_right: closed(beside),
  set_aside: closed({ ...beside, aside: yes }),
  pause: closed({ paused: yes }),
  stop: closed({}),
  motors_off: closed({}),
  start: closed({}),
};

const robotState = open({
  robot,
  mode: oneOf("autonomous", "teleoperated", "waiting_reset", "resetting"),
  supervisor: nullable(count),
  uncertainty: real(),
  queue: nullable(count),
  waited_s: real(0),
  helped: yes,
  presence: oneOf("ready", "moving", "away", "stopped"),
  reason: sentence,
  asks: yes,
  aside: yes,
});
const seatState = open({
  seat: count,
  kind: oneOf("person", "algorithm"),
  holder: sentence,
  paused: yes,
  robot: nullable(robot),
  last_intervention_s: nullable(real(0)),
});
const metrics = open({
  successes: count,
  autonomous_successes: count,
  hard_resets: count,
  calls: count,
  human_actions: count,
  teleoperation_actions: count,
  idle_robot_steps: count,
  idle_share: real(0, 1),
  switches: count,
  interventions: count,
  reward_total: real(),
  rohe: real(),
  rohe_released: real(),
  wait_p95_s: real(0),
});
const retraining = open({
  status: oneOf("idle", "queued", "running", "failed"),
  progress: real(0, 1),
  from_step: nullable(number32),
  message: sentence,
});

const means = open({ push: yes, modes: listOf(mode, 0, 9), steps: whole(1000, 1) });

/** Checks of what a server says, by type. */
export const FROM_SERVER = {
  welcome: open({
    protocol: count,
    server_time: real(),
    user: open({
      name: text(1, 200),
      role: oneOf("supervisor", "technician", "administrator", "researcher", "viewer"),
    }),
    run: open({
      id: count,
      task: text(1, 200),
      robots: fleetSize,
      supervisors: count,
      pace: real(0),
      means,
      by_hand: yes,
    }),
    limits: open({ expires_ms: real(0), message_bytes: count, stale_ms: real(0), seat_grace_ms: real(0) }),
  }),
  pong: open({ sent_at: real(), server_time: real() }),
  state: open({
    run: count,
    step: number32,
    server_time: real(),
    status: oneOf("starting", "running", "stopped", "held", "ended"),
    status_reason: sentence,
    threshold: real(),
    robots: listOf(robotState, 0, 0xffff),
    seats: listOf(seatState, 0, 0xffff),
    metrics,
    policy: open({ version: count, trained_on: count, retraining }),
  }),
  lease: open({
    lease: nullable(
      open({
        robot,
        token: lease,
        kind: oneOf("teleoperation", "hard_reset", "verdict"),
        step: number32,
        uncertainty: real(),
        threshold: real(),
        percentile: real(0, 1),
        history: listOf(real(), 0, 20),
        confirmed: yes,
        assist: nullable(open({ mode, left: count })),
      }),
    ),
  }),
  seat: open({ seat: nullable(count), paused: yes, reason: sentence }),
  outcome: open({
    command,
    robot,
    status: oneOf("accepted", "executed", "refused", "late", "unknown"),
    reason: sentence,
    clipped: yes,
    anchor: point,
    end: point,
  }),
  error: open({
    code: oneOf("malformed", "too_large", "too_fast", "unknown_type", "unknown_run", "no_run", "forbidden", "protocol"),
    message: sentence,
    retry: yes,
  }),
};
