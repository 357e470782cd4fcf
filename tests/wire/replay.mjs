// Replays the examples beside this file through the browser's codec; prints each failure, exits 1 on any.
// A count of zero examples is a failure too. Usage: node replay.mjs [DIRECTORY of examples]

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "../../frontend/static/iifl");
const { FROM_BROWSER, FROM_SERVER, MESSAGE_BYTES, check, decode, encode } = await import(join(source, "protocol.js"));
const { parseFrame } = await import(join(source, "frames.js"));

const folder = process.argv[2] ?? here;
const failures = [];
let replayed = 0;

function hear(file, example, act) {
  replayed += 1;
  let fault = null;
  try {
    act();
  } catch (error) {
    if (error.name !== "ProtocolError") throw error;
    fault = error;
  }
  const name = `${file}: ${example.name}`;
  if (example.valid && fault) failures.push(`${name}: refused: ${fault.message}`);
  if (!example.valid && !fault) failures.push(`${name}: taken, but it is invalid`);
  if (!example.valid && fault && example.code && example.code !== fault.code) {
    failures.push(`${name}: code ${fault.code} instead of ${example.code}`);
  }
}

function same(file, example, got, expected) {
  const [a, b] = [got, expected].map((value) => JSON.stringify(value, Object.keys(expected).sort()));
  if (a !== b) failures.push(`${file}: ${example.name}: read ${a} instead of ${b}`);
}

function replayFrame(file, example) {
  hear(file, example, () => {
    const { jpeg, ...fields } = parseFrame(new Uint8Array(Buffer.from(example.hex, "hex")).buffer);
    same(file, example, { ...fields, jpeg: Buffer.from(jpeg).toString("hex") }, example.fields ?? {});
  });
}

function replayMessage(file, example) {
  const type = example.message.type;
  const table = [FROM_BROWSER, FROM_SERVER].find((one) => Object.hasOwn(one, type));
  if (!table || `${type}.json` !== file) {
    failures.push(`${file}: ${example.name}: type ${type} does not belong here`);
    return;
  }
  hear(file, example, () => {
    check(example.message, table);
    decode(JSON.stringify(example.message), table);
    if (table === FROM_BROWSER) encode(example.message);
  });
}

const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
for (const file of files) {
  for (const example of JSON.parse(readFileSync(join(folder, file), "utf8"))) {
    if (file === "frames.json") replayFrame(file, example);
    else if (file === "text.json") hear(file, example, () => decode(example.text, FROM_BROWSER, MESSAGE_BYTES));
    else replayMessage(file, example);
  }
}
for (const type of [...Object.keys(FROM_BROWSER), ...Object.keys(FROM_SERVER)]) {
  if (!files.includes(`${type}.json`)) failures.push(`${type}: no examples`);
}
if (replayed === 0) failures.push("no examples");
failures.forEach((line) => console.error(line));
console.log(`${replayed} examples, ${failures.length} failures`);
process.exit(failures.length ? 1 : 0);
