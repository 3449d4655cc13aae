// How the scripts and the Go test talk: the task comes in the environment, what
// was seen goes out line by line, and time moves only when it is asked to.
import { createInterface } from 'node:readline';

export const task = JSON.parse(process.env.FOREIGN_TASK);

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// pass lets so many bars pass at the exchange.
export async function pass(bars) {
  console.log(`pass ${bars}`);
  const { value, done } = await answers.next();
  if (done || value !== 'passed') throw new Error(`the exchange said ${value}`);
}

// saw tells the test what the client got.
export function saw(what, value) {
  console.log(`saw\t${what}\t${JSON.stringify(value)}`);
}

// tried tells what a call gave, or that it failed, and goes on.
export async function tried(what, call) {
  try {
    const value = await call();
    saw(what, value);
    return value;
  } catch (e) {
    console.log(`failed\t${what}\t${e.stack ?? JSON.stringify(e)}`.replaceAll('\n', ' | '));
  }
}

// within fails where nothing comes for ten seconds.
export function within(what, promise) {
  let timer;
  const late = new Promise((_, no) => {
    timer = setTimeout(() => no(new Error(`${what}: nothing came`)), 10_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// run ends the process with the script's outcome; sockets would keep it open.
export function run(script) {
  script().then(
    () => process.exit(0),
    (e) => {
      console.error(e);
      process.exit(1);
    },
  );
}
