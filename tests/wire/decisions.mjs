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
const { consoleMode, ownDetail } = await load("console-mode.js");
const { whyNoChoice, whyNoPush, whyNoVerdict } = await load("orders.js");
const { ServerClock } = await load("clock.js");
const { History, axis } = await load("history.js");
const { countsOf, queueOf, robotWords } = await load("robot-words.js");
const { handsQueue, headline, needOf, waitingIn, whatIsAble } = await load("robot-needs.js");
const { noticeOf } = await load("notices.js");
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
  "how a robot is stands before what it does, in words": () => {
    const [alone, calling, violated, helped] = running.robots;
    const word = (robot, more, byHand = false) => robotWords({ ...robot, ...more }, running.seats, 0, byHand);
    assert.deepEqual(word(alone, { presence: "away" }), { shape: "cross", word: "away", tone: "away" });
    assert.equal(word(alone, { presence: "moving" }).word, "on its own, moving");
    assert.equal(word(helped, { presence: "moving" }).word, "helped by you, moving");
    assert.equal(word(alone, { presence: "stopped" }).word, "stopped");
    assert.equal(word(calling, { asks: true }).word, "waits for an answer");
    assert.equal(word(helped, { asks: true }).word, "waits for an answer by you");
    assert.equal(word(violated, {}).word, "waits for a hard reset");
    assert.equal(word(violated, { presence: "stopped" }, true).word, "waits for hands");
    assert.deepEqual(word(violated, { presence: "away" }, true), { shape: "cross", word: "away, waits for hands", tone: "needs" });
    assert.equal(countsOf([alone, violated, { ...alone, presence: "away" }], true), "3 · 1 waits for hands · 1 away");
    assert.equal(countsOf(running.robots), "4");
  },
  "a calm console claims that all robots are on their own only where they are": () => {
    const [alone, calling, violated, helped] = running.robots;
    const told = (robots, byHand) => ownDetail({ ...running, robots }, byHand);
    assert.equal(told([alone]), "All robots are on their own.");
    assert.equal(told([{ ...alone, presence: "away" }, { ...alone, presence: "moving" }]), "Robot 0 is away.");
    assert.equal(told([violated, helped], true), "Ana has robot 3; robot 2 waits for hands.");
    assert.equal(told([{ ...calling, asks: true }, violated]), "Robot 1 waits for an answer; robot 2 waits for a hard reset.");
  },
  "a robot that asks what a motion came to takes nothing else, and one answer": () => {
    const lease = { ...example("lease").lease, kind: "verdict" };
    const shown = (more) =>
      consoleMode({ connection: open, state: running, lease, seat: example("seat"), means: pushes, busy: false, ...more });
    assert.match(`${shown({}).title} ${shown({}).detail}`, /LAST PUSH COME TO.*Y reached, N not reached, X broken/);
    assert.match(shown({ means: ways }).title, /LAST MOTION/);
    assert.equal(shown({ busy: true }).mode, "waiting");
    assert.equal(shown({ answered: true }).mode, "waiting");
    assert.equal(shown({ state: { ...running, status: "stopped" } }).mode, "stopped");
    const now = { means: pushes, mode: "verdict", lease, robot: null, frame: frame([0.5, 0.5]), stale: false, busy: false };
    assert.match(whyNoPush(now), /First say/);
    assert.match(whyNoChoice({ ...now, means: ways, index: 0 }), /First say/);
    assert.equal(whyNoVerdict(now), "");
    assert.match(whyNoVerdict({ ...now, stale: true }), /too old/);
    assert.match(whyNoVerdict({ ...now, busy: true }), /Wait/);
    assert.match(whyNoVerdict({ ...now, answered: true }), /already/);
    assert.match(whyNoVerdict({ ...now, lease: example("lease").lease }), /does not ask/);
    const box = new Outbox();
    box.add({ ...example("verdict"), lease: lease.token }, null, 0);
    assert.ok(!box.answered(lease));
    box.hear(outcome("accepted"), 10);
    assert.ok(box.answered(lease) && !box.answered({ token: "another" }));
    box.hear(outcome("executed"), 20);
    assert.match(describe(box.latest).text, /“reached” is on record/);
  },
  "a robot in motion or away takes no push, and says which": () => {
    const lease = example("lease").lease;
    const now = { means: pushes, mode: "mine", lease, frame: frame([0.5, 0.5]), stale: false, busy: false };
    const like = (more) => ({ ...running.robots[3], ...more });
    assert.equal(whyNoPush({ ...now, robot: like({}) }), "");
    assert.match(whyNoPush({ ...now, robot: like({ presence: "moving" }) }), /moving/);
    assert.match(whyNoPush({ ...now, robot: like({ presence: "away", reason: "Its cable is out." }) }), /away. Its cable/);
    assert.match(whyNoChoice({ ...now, means: ways, index: 0, robot: like({ presence: "stopped" }) }), /stopped/);
    const shown = (robot, more = {}) => {
      const state = { ...running, robots: [robot] };
      return consoleMode({ connection: open, state, lease, seat: example("seat"), means: pushes, busy: false, ...more });
    };
    assert.equal(shown(like({ presence: "moving" })).mode, "moving");
    assert.equal(shown(like({ presence: "moving" }), { busy: true }).mode, "waiting");
    assert.equal(shown(like({ presence: "away", reason: "Its cable is out." })).detail, "Its cable is out.");
    assert.equal(shown(like({}), { lease: { ...lease, kind: "hard_reset" }, byHand: true }).mode, "hands");
  },
  "what is done at a robot's side says only what was heard, and a refusal stays": () => {
    const box = new Outbox();
    const put = example("put_right");
    box.add(put, null, 0);
    assert.equal(box.latestOf(3).message.type, "put_right");
    assert.equal(box.latestOf(4), null);
    box.hear(outcome("accepted"), 10);
    assert.match(describe(box.latestOf(3)).text, /Waiting for the robot’s camera to agree/);
    box.hear(outcome("refused", { reason: "The cube is not there." }), 100);
    assert.match(describe(box.besides(3, 50, 60000)).text, /refused. The cube is not there/);
    assert.equal(box.besides(3, 200, 60000), null);
    box.add({ ...example("set_aside"), command: "ffffffff-6a8f-4d0e-9a3f-5f6f7b1c2d3e", robot: 4 }, null, 300);
    assert.equal(describe(box.besides(4, 0, 400)).status, "sent");
    assert.equal(describe(box.besides(3, 50, 400)).status, "refused");
    box.hear(outcome("executed", { command: "ffffffff-6a8f-4d0e-9a3f-5f6f7b1c2d3e" }), 500);
    assert.match(describe(box.besides(4, 0, 600)).text, /out of the fleet/);
    assert.equal(box.besides(4, 0, 7000), null);
    box.hear(outcome("executed"), 800);
    assert.match(describe(box.besides(3, 0, 900)).text, /camera agrees/);
  },
  "hands are needed by violations of fleets that are put right by hand, and by robots that are away or stopped": () => {
    const [alone, , violated] = running.robots;
    const kind = (robot, byHand = true, state = running) => needOf(robot, state, byHand)?.kind ?? null;
    assert.equal(kind(alone), null);
    assert.equal(kind(violated), "violation");
    assert.equal(kind(violated, false), null);
    assert.equal(kind({ ...alone, presence: "moving" }), null);
    assert.equal(kind({ ...alone, presence: "stopped" }), "stopped");
    assert.equal(kind({ ...alone, presence: "stopped" }, true, { ...running, status: "stopped" }), null);
    assert.equal(kind({ ...violated, presence: "stopped" }, true, { ...running, status: "stopped" }), "violation");
    const away = needOf({ ...alone, presence: "away", reason: "Its cable is out." }, running, false);
    assert.deepEqual([away.kind, away.reason, away.acts], ["away", "Its cable is out.", { putRight: false, takeOut: true, giveBack: true }]);
  },
  "those who came first stay first, and one that was served stays where it was for a moment": () => {
    const of = (robots) => ({ ...running, robots });
    const like = (robot, more) => ({ ...running.robots[0], robot, ...more });
    const broken = { mode: "waiting_reset" };
    const never = () => false;
    const order = (queue) => queue.map(({ robot }) => robot);
    const one = handsQueue([], of([like(0, { presence: "away" }), like(3, broken)]), true, never, 10);
    assert.deepEqual(order(one), [3, 0]);
    const two = handsQueue(one, of([like(0, { presence: "away" }), like(1, broken), like(3, broken)]), true, never, 20);
    assert.deepEqual(order(two), [3, 1, 0]);
    assert.deepEqual(two.map(({ since }) => since), [10, 20, 10]);
    const after = of([like(0, { presence: "away" }), like(1, broken), like(3)]);
    const three = handsQueue(two, after, true, () => true, 30);
    assert.deepEqual(order(three), [3, 1, 0]);
    assert.equal(three[0].need.kind, "served");
    assert.equal(waitingIn(three), 2);
    assert.deepEqual(order(handsQueue(three, after, true, never, 40)), [1, 0]);
    const again = handsQueue(three, of([like(3, broken)]), true, never, 50);
    assert.equal(again[0].since, 50);
  },
  "a robot can be taken out whatever else is under way, since that stops it": () => {
    const box = new Outbox();
    const able = () => Object.entries(whatIsAble(true, box.pendingOf(3))).filter(([, can]) => can).map(([name]) => name);
    assert.deepEqual(able(), ["putRight", "giveBack", "takeOut"]);
    assert.deepEqual(whatIsAble(false, []), { putRight: false, giveBack: false, takeOut: false });
    box.add(example("put_right"), null, 0);
    assert.deepEqual(able(), ["takeOut"]);
    box.add({ ...example("set_aside"), command: "ffffffff-6a8f-4d0e-9a3f-5f6f7b1c2d3e" }, null, 10);
    assert.deepEqual(able(), []);
    box.hear(outcome("executed", { command: "ffffffff-6a8f-4d0e-9a3f-5f6f7b1c2d3e" }), 20);
    assert.deepEqual(able(), ["takeOut"]);
  },
  "a heading never reassures without a connection": () => {
    assert.equal(headline("open", running, 0), "Nothing needs hands");
    assert.equal(headline("open", running, 1), "1 robot needs hands");
    assert.equal(headline("offline", running, 2), "Last heard: 2 robots need hands");
    assert.equal(headline("offline", running, 0), "Not connected");
    assert.equal(headline("refused", null, 0), "Not connected");
    assert.equal(headline("open", null, 0), "Connecting");
    assert.equal(headline("no-run", null, 0), "No run yet");
    assert.match(noticeOf({ status: "offline", reason: "Lost." }, running, "All is old.").text, /Lost. All is old/);
    assert.equal(noticeOf(open, running, "").text, "");
    assert.match(noticeOf(open, { ...running, status: "held", status_reason: "No worker." }, "").text, /No worker/);
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
