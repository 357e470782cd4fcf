// The pure decisions of the pages: aiming, commands under way, modes, clock, history. Exits 1 on any failure.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const load = (name) => import(join(here, "../../frontend/static/iifl", name));
const example = (type, index = 0) => JSON.parse(readFileSync(join(here, `${type}.json`), "utf8"))[index].message;

const { Aim, clipPush, distance } = await load("aim.js");
const { Outbox, describe, showsDone } = await load("outbox.js");
const { consoleMode } = await load("console-mode.js");
const { whyNoChoice, whyNoPush } = await load("orders.js");
const { ServerClock } = await load("clock.js");
const { History, axis } = await load("history.js");
const { queueOf, robotWords } = await load("robot-words.js");
const { age, duration, stopwatch } = await load("format.js");

const frame = (anchor, robot = 3) => ({ robot, frame: 1, step: 1, anchor, reach: 0.1 });
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);
const push = example("push");
const outcome = (status, more = {}) => ({ ...example("outcome"), status, ...more });
const open = { status: "open", reason: "" };
const running = example("state");
const pushes = example("welcome").run.means;
const ways = { push: false, modes: ["first faces", "other faces"], steps: 5 };

const tests = {
  "a push within reach ends at the click": () => {
    assert.deepEqual(clipPush([0.5, 0.5], [0.55, 0.5], 0.1), { end: [0.55, 0.5], clipped: false, share: distance([0.5, 0.5], [0.55, 0.5]) / 0.1 });
  },
  "a longer push is clipped along its direction, in pixels": () => {
    const { end, clipped } = clipPush([0.5, 0.5], [0.8, 0.9], 0.1);
    assert.ok(clipped);
    near(distance([0.5, 0.5], end), 0.1);
    near((end[1] - 0.5) / (end[0] - 0.5), 0.4 / 0.3);
  },
  "an arrow follows a cube that drifts, and goes with one that moved by more than a push": () => {
    const aim = new Aim();
    aim.place(frame([0.5, 0.5]), 0.55, 0.5);
    assert.equal(aim.follow(frame([0.53, 0.5])), "");
    assert.deepEqual(aim.arrow(frame([0.53, 0.5])).anchor, [0.53, 0.5]);
    assert.deepEqual(aim.click, [0.55, 0.5]);
    assert.match(aim.follow(frame([0.61, 0.5])), /moved/);
    assert.equal(aim.click, null);
  },
  "an arrow goes with its robot": () => {
    const aim = new Aim();
    aim.place(frame([0.5, 0.5]), 0.55, 0.5);
    assert.notEqual(aim.follow(frame([0.5, 0.5], 2)), "");
  },
  "aiming stays on the image": () => {
    const aim = new Aim();
    aim.place(frame([0.5, 0.5]), 1.4, -0.2);
    assert.deepEqual(aim.click, [1, 0]);
  },
  "a second click sends only on the end circle": () => {
    const aim = new Aim();
    aim.place(frame([0.5, 0.5]), 0.6, 0.5);
    assert.ok(aim.touches(0.61, 0.5));
    assert.ok(!aim.touches(0.5, 0.5));
  },
  "a command says only what was heard": () => {
    const box = new Outbox();
    box.add(push, null, 0);
    assert.equal(describe(box.latest).status, "sent");
    box.hear(outcome("accepted"), 50);
    assert.match(describe(box.latest).text, /accepted/);
    assert.ok(box.busy);
    box.hear(outcome("executed", { clipped: true }), 900);
    assert.equal(describe(box.latest).status, "clamped");
    assert.ok(!box.busy);
  },
  "three seconds of silence mean unknown, and a late word still counts": () => {
    const box = new Outbox();
    box.add(push, null, 0);
    box.tick(2999);
    assert.equal(box.latest.status, "sent");
    box.tick(3001);
    assert.match(describe(box.latest).text, /unknown, no answer/);
    assert.equal(box.unsettled.length, 1);
    box.hear(outcome("executed"), 4000);
    assert.equal(describe(box.latest).status, "executed");
    assert.equal(box.unsettled.length, 0);
  },
  "a slow fleet has longer to move, not to answer": () => {
    const box = new Outbox();
    box.add(push, null, 0);
    box.hear(outcome("accepted"), 10);
    box.tick(5000, 10000);
    assert.equal(box.latest.status, "accepted");
  },
  "an executed push is shown done when the cube is there, or a step later": () => {
    const box = new Outbox();
    box.add(push, { end: [0.45, 0.5] }, 0);
    const seen = (captured_at, anchor) => ({ ...frame(anchor), captured_at });
    assert.ok(!showsDone(box.latest, seen(500, [0.45, 0.5]), 1000));
    box.hear(outcome("executed"), 400);
    assert.ok(!showsDone(box.latest, seen(300, [0.45, 0.5]), 1000));
    assert.ok(!showsDone(box.latest, seen(500, [0.4, 0.5]), 1000));
    assert.ok(showsDone(box.latest, seen(500, [0.452, 0.5]), 1000));
    assert.ok(showsDone(box.latest, seen(1500, [0.4, 0.5]), 1000));
  },
  "a confirmed hard reset is waited for, under its own lease only": () => {
    const box = new Outbox();
    const reset = example("hard_reset");
    box.add(reset, null, 0);
    assert.ok(!box.resetting({ token: reset.lease }));
    box.hear(outcome("executed"), 50);
    assert.ok(box.resetting({ token: reset.lease }));
    assert.ok(!box.resetting({ token: "another" }));
    assert.equal(box.recent({ token: "another" }, 5000), box.latest);
    assert.equal(box.recent({ token: "another" }, 7000), null);
  },
  "an outcome of somebody else's command changes nothing": () => {
    const box = new Outbox();
    box.add(push, null, 0);
    assert.equal(box.hear(outcome("refused", { command: "ffffffff-6a8f-4d0e-9a3f-5f6f7b1c2d3e" }), 1), null);
    assert.equal(box.latest.status, "sent");
  },
  "the banner puts the connection first, then the stop, then the robot": () => {
    const lease = example("lease").lease;
    const seat = example("seat");
    const mode = (more) =>
      consoleMode({ connection: open, state: running, lease: null, seat, means: pushes, busy: false, ...more }).mode;
    assert.equal(mode({}), "own");
    assert.equal(mode({ lease }), "mine");
    assert.equal(mode({ lease, busy: true }), "waiting");
    assert.equal(mode({ lease: { ...lease, kind: "hard_reset" } }), "reset");
    assert.equal(mode({ lease: { ...lease, kind: "hard_reset" }, resetting: true }), "waiting");
    assert.equal(mode({ lease, state: { ...running, status: "stopped" } }), "stopped");
    assert.equal(mode({ lease, state: { ...running, status: "held" } }), "held");
    assert.equal(mode({ lease, connection: { status: "offline", reason: "" } }), "offline");
    assert.equal(mode({ connection: { status: "no-run", reason: "" } }), "no-run");
    assert.equal(mode({ seat: { ...seat, paused: true } }), "paused");
    assert.equal(mode({ seat: { ...seat, seat: null, reason: "taken" } }), "no-seat");
  },
  "a robot that follows a chosen way says whose and for how long": () => {
    const lease = { ...example("lease").lease, assist: { mode: "first faces", left: 4 } };
    const shown = (more) => consoleMode({ connection: open, state: running, lease, seat: example("seat"), means: ways, busy: false, ...more });
    assert.equal(shown({}).mode, "assisting");
    assert.match(`${shown({}).title} ${shown({}).detail}`, /FIRST FACES.*4 more steps/);
    assert.equal(shown({ busy: true }).mode, "waiting");
    assert.equal(shown({ state: { ...running, status: "stopped" } }).mode, "stopped");
    const free = shown({ lease: { ...lease, assist: null } });
    assert.equal(free.mode, "mine");
    assert.match(free.detail, /1 chooses “first faces”, 2 “other faces”/);
  },
  "an assist is waited for until the state after its first step": () => {
    const box = new Outbox();
    box.add(example("assist"), null, 0);
    assert.ok(box.busy && !box.goesOn(7));
    box.hear(outcome("executed"), 50, 7);
    assert.ok(!box.busy && box.goesOn(7));
    assert.ok(!box.goesOn(8));
    assert.match(describe(box.latest).text, /“first faces”: the first step is taken/);
    const once = new Outbox();
    once.add(example("assist", 1), null, 0);
    once.hear(outcome("executed"), 50, 7);
    assert.ok(!once.goesOn(7));
  },
  "what a run does not offer is refused on the page, with the keys that it has": () => {
    const lease = example("lease").lease;
    const now = { mode: "mine", lease, frame: frame(null), stale: false, busy: false };
    assert.match(whyNoPush({ means: ways, ...now }), /means nothing here: 1 chooses “first faces”, 2 “other faces”/);
    assert.equal(whyNoChoice({ means: ways, index: 1, ...now }), "");
    assert.match(whyNoChoice({ means: ways, index: 2, ...now }), /no way 3/);
    assert.match(whyNoChoice({ means: pushes, index: 0, ...now }), /push on the picture/);
    assert.match(whyNoChoice({ means: ways, index: 0, ...now, stale: true }), /too old/);
    assert.match(whyNoChoice({ means: ways, index: 0, ...now, lease: { ...lease, kind: "hard_reset" } }), /hard reset/);
    assert.match(whyNoChoice({ means: ways, index: 0, ...now, mode: "stopped" }), /stopped/);
    assert.match(whyNoChoice({ means: ways, index: 0, ...now, busy: true }), /Wait/);
  },
  "the quickest ping tells the clock": () => {
    const clock = new ServerClock();
    assert.equal(clock.now(7), 7);
    clock.add(0, 400, 1000 + 390);
    clock.add(1000, 1010, 2005);
    near(clock.now(5000), 6000);
    assert.equal(clock.roundTrip, 10);
  },
  "history joins what was kept with what came live, once": () => {
    const history = new History();
    history.add({ ...running, step: 6 });
    history.load({ columns: ["step", "rohe"], rows: [[4, 0.1], [5, 0.2]], retrainings: [] });
    history.add({ ...running, step: 6 });
    history.add({ ...running, step: 7, policy: { ...running.policy, version: 8 } });
    assert.deepEqual(history.rows.map((row) => row.step), [4, 5, 6, 7]);
    assert.deepEqual(history.retrainings.map((one) => one.version), [8]);
    assert.equal(history.at(5.5).step, 5);
  },
  "a long run is thinned and keeps its ends": () => {
    const history = new History();
    for (let step = 0; step < 5000; step += 1) history.add({ ...running, step });
    assert.ok(history.rows.length <= 1200);
    assert.equal(history.rows[0].step, 0);
    assert.equal(history.rows.at(-1).step, 4999);
  },
  "axes are round and hold their data": () => {
    assert.deepEqual(axis(0, 36), { low: 0, high: 50 });
    assert.deepEqual(axis(0, 0.41), { low: 0, high: 0.5 });
    assert.ok(axis(-1, 4).low === -1);
  },
  "the queue is in its order and words follow the mode": () => {
    assert.deepEqual(queueOf(running.robots).map((robot) => robot.robot), [1, 2]);
    const words = (index) => robotWords(running.robots[index], running.seats, 0);
    assert.equal(words(1).tone, "needs");
    assert.equal(words(3).word, "helped by you");
    assert.equal(robotWords(running.robots[3], running.seats, 1).word, "helped by ana");
  },
  "times are readable": () => {
    assert.equal(age(61.4), "61 ms");
    assert.equal(age(1400), "1.4 s");
    assert.equal(duration(62), "1:02");
    assert.equal(stopwatch(3665), "1:01:05");
  },
};

let failed = 0;
for (const [name, run] of Object.entries(tests)) {
  try {
    run();
  } catch (error) {
    failed += 1;
    console.error(`FAILED ${name}\n  ${error.message}`);
  }
}
console.log(`${Object.keys(tests).length} decisions, ${failed} failures`);
process.exit(failed ? 1 : 0);
