// A thin layer over uvu that runs the same in Node, Deno and a browser page, and that is red whenever something is wrong.
// uvu alone stays green when a hook throws, when a test throws what is no Error, and when a suite is never run; and it waits
// forever for a test that hangs.

declare global {
  // uvu reads and fills these two.
  var UVU_DEFER: 0 | 1 | undefined;
  var UVU_QUEUE: QueueEntry[][] | undefined;
  /** Set by the page that runs the bundle in a browser: command-line arguments, and where the exit code goes. */
  var testPage: { args: string[]; watched?: boolean; exit(code: number): void } | undefined;
}

type QueueEntry = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>;
type Handler = () => unknown;

export interface TestOptions {
  /** How long it may take before it counts as hanging. */
  readonly seconds?: number;
}

export interface Suite {
  (name: string, test: Handler, options?: TestOptions): void;
  /** Leaves a test out, visibly. */
  skip(name: string, reason: string): void;
  before: { (hook: Handler): void; each(hook: Handler): void };
  after: { (hook: Handler): void; each(hook: Handler): void };
  /** Not needed: every suite is run. It is here so that files read like any other uvu test. */
  run(): void;
}

// uvu would otherwise start its own run after the first suite; it looks at this when it loads.
globalThis.UVU_DEFER = 1;
const uvu = await import('uvu');

export * as assert from 'uvu/assert';

interface Registered {
  name: string;
  queue(): void;
  tests: number;
}

/** The suites of the file that is being loaded, and how many of its tests the filter left out. */
let suites: Registered[] = [];
let filteredOut = 0;
let currentFile = '';
let filters: readonly string[] = [];
const failures: string[] = [];
const skipped: string[] = [];
let passed = 0;
let failed = 0;
/** Failures that the program that watches this one has not heard of. */
let untold: string[] = [];
/** What has ended of the suite that is running: uvu tells of a suite as a whole. */
let ended = { passed: 0, failures: [] as string[] };
const durations: { test: string; seconds: number }[] = [];

/** What a run of tests tells of itself before each of its parts. */
interface Status {
  running: string;
  /** How long that may take. */
  seconds: number;
  passed: number;
  failed: number;
  /** Those since the last time. */
  failures: string[];
  /** Whether all is said. */
  isOver: boolean;
}

/** Enough for any test where several programs share a slow processor. */
const SECONDS = 120;

class Skip extends Error {}

/** Ends the running test as skipped, for reasons that show only while it runs (a feature the adapter lacks). */
export function skip(reason: string): never {
  throw new Skip(reason);
}

/** A named group of tests. Hooks and tests may be asynchronous and may throw anything. */
export function suite(name: string): Suite {
  const inner = uvu.suite(name);
  const registered: Registered = { name, tests: 0, queue: () => inner.run() };
  const file = currentFile;
  suites.push(registered);
  const isWanted = (test: string) => matches(`${file} ${name} ${test}`);
  const hook = (label: string, handler: Handler) => async () => {
    try {
      await limited(`${file}, ${name}, ${label} hook`, SECONDS, handler);
    } catch (thrown) {
      fail(describe(`${name}, ${label} hook`, thrown));
      // uvu does not survive a throwing "after"; the others have to keep their tests from running.
      if (label !== 'after') throw toError(thrown);
    }
  };
  const add = (test: string, handler: Handler, { seconds = SECONDS }: TestOptions = {}) => {
    if (!isWanted(test)) {
      filteredOut += 1;
      return;
    }
    registered.tests += 1;
    inner(test, async () => {
      const start = performance.now();
      const where = `${file}, ${name}, ${test}`;
      try {
        await limited(where, seconds, handler);
        ended.passed += 1;
      } catch (thrown) {
        if (!(thrown instanceof Skip)) {
          ended.failures.push(describe(where, thrown));
          untold.push(describe(where, thrown));
          throw toError(thrown);
        }
        ended.passed += 1;
        skipped.push(`${name}, ${test}: ${thrown.message}`);
      } finally {
        durations.push({ test: where, seconds: (performance.now() - start) / 1000 });
      }
    });
  };
  return Object.assign(add, {
    skip: (test: string, reason: string) => add(test, () => skip(reason)),
    before: Object.assign((handler: Handler) => inner.before(hook('before', handler)), {
      each: (handler: Handler) => inner.before.each(hook('before each', handler)),
    }),
    after: Object.assign((handler: Handler) => inner.after(hook('after', handler)), {
      each: (handler: Handler) => inner.after.each(hook('after each', handler)),
    }),
    run: () => {},
  });
}

/**
 * Runs a part of a test file. Where it takes longer than it may, the run ends: what hangs cannot be stopped, and what comes
 * after it might hang as well. One that never gives the event loop a turn is ended by the program that watches this one.
 */
async function limited(what: string, seconds: number, part: Handler): Promise<unknown> {
  tell(what, seconds);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>(() => {
    timer = setTimeout(() => {
      failures.push(
        ...ended.failures,
        `FAIL ${what}\n    It took longer than ${seconds} seconds, so the run ends here.`,
      );
      passed += ended.passed;
      failed += ended.failures.length + 1;
      sumUp();
      exitNow(1);
    }, 1000 * seconds);
  });
  try {
    return await Promise.race([part(), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

const isWatched = watched();

/** Whether a program reads what this one tells; those that tests start are not watched. */
function watched(): boolean {
  if (globalThis.testPage) return globalThis.testPage.watched === true;
  if (typeof process === 'undefined') return false;
  const { TEST_WATCHED } = process.env;
  delete process.env.TEST_WATCHED;
  return TEST_WATCHED === '1';
}

/** Tells the program that watches this one, if any, what runs from now on and how things stand; test/watch.mjs reads it. */
function tell(running: string, seconds: number, isOver = false): void {
  if (!isWatched) return;
  const status: Status = {
    running,
    seconds,
    passed: passed + ended.passed - skipped.length,
    failed: failed + ended.failures.length,
    failures: untold,
    isOver,
  };
  untold = [];
  console.log(`\x1e${JSON.stringify(status)}`);
}

function fail(text: string): void {
  failures.push(text);
  untold.push(text);
}

/**
 * Runs test files one after another, prints every failure and skip and the slowest tests, and ends with the line
 * `N passed, N failed`.
 * Command-line arguments select tests whose file, suite or name contains one of them, or none of those that begin with `!`.
 */
export async function runTests(files: [path: string, load: () => Promise<unknown>][]): Promise<void> {
  if (typeof process !== 'undefined') process.exitCode = 1;
  filters = args();
  for (const [path, load] of files) await runFile(path, load);
  if (passed + failed === 0) {
    failures.push(filters.length > 0 ? `no test matches "${filters.join(' ')}"` : 'there are no tests');
    failed += 1;
  }
  sumUp();
  exit(failed > 0 ? 1 : 0);
}

function matches(name: string): boolean {
  const unwanted = filters.filter((filter) => filter.startsWith('!'));
  const wanted = filters.filter((filter) => !filter.startsWith('!'));
  if (unwanted.some((filter) => name.includes(filter.slice(1)))) return false;
  return wanted.length === 0 || wanted.some((filter) => name.includes(filter));
}

/** The end of the run's output. */
function sumUp(): void {
  const slowest = durations.sort((a, b) => b.seconds - a.seconds);
  if (slowest.length > 0) console.log('slowest tests:');
  for (const { test, seconds } of slowest.slice(0, 10)) console.log(`${seconds.toFixed(1).padStart(6)} s  ${test}`);
  for (const line of skipped) console.log(`skipped: ${line}`);
  for (const text of failures) console.log(`\n${text}`);
  const ran = passed - skipped.length;
  console.log(`${ran} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
  tell('what goes on after the last test', SECONDS, true);
}

async function runFile(path: string, load: () => Promise<unknown>): Promise<void> {
  suites = [];
  filteredOut = 0;
  currentFile = path;
  try {
    await limited(`${path}, while it loads`, SECONDS, load);
    if (suites.every((entry) => entry.tests === 0) && filteredOut === 0) throw new Error('this file has no tests');
  } catch (thrown) {
    fail(describe(path, thrown));
    failed += 1;
    return;
  }
  for (const entry of suites.filter((each) => each.tests > 0)) {
    globalThis.UVU_QUEUE = globalThis.UVU_QUEUE ?? [];
    const queue: QueueEntry[] = [];
    globalThis.UVU_QUEUE[0] = queue;
    entry.queue();
    const known = failures.length;
    for (const run of queue) {
      const [errors, ran, , total] = await run();
      ended = { passed: 0, failures: [] };
      passed += ran;
      if (typeof errors === 'string') failures.push(errors);
      // Tests that a throwing hook kept from running count as failed, and an "after" hook that throws is one failure.
      failed += total - ran || (failures.length > known ? 1 : 0);
      if (total > ran && failures.length === known) fail(`FAIL ${entry.name}: ${total - ran} tests were not run`);
    }
  }
}

/** Errors pass; anything else becomes an Error with a readable message, since WebGPU's own errors have not even a name. */
function toError(thrown: unknown): Error {
  if (thrown instanceof Error && typeof thrown.name === 'string') return thrown;
  const { message } = Object(thrown) as { message?: unknown };
  const kind = Object(thrown).constructor?.name ?? 'object';
  return new Error(`thrown, but no Error: ${kind} ${typeof message === 'string' ? message : show(thrown)}`);
}

function show(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

function describe(where: string, thrown: unknown): string {
  const error = toError(thrown);
  return `FAIL ${where}\n    ${error.stack ?? error.message}`;
}

function args(): string[] {
  if (globalThis.testPage) return globalThis.testPage.args;
  if (typeof process === 'undefined') return [];
  return process.argv.slice(2);
}

function exit(code: number): void {
  if (globalThis.testPage) globalThis.testPage.exit(code);
  else process.exitCode = code;
}

/** Also ends what still runs. */
function exitNow(code: number): void {
  if (globalThis.testPage) globalThis.testPage.exit(code);
  else process.exit(code);
}
