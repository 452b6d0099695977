// Watches a run of tests from outside: what hangs without giving its event loop a turn, or ends too early, is named here.
import { spawn } from 'node:child_process';

/** Begins a line that test/harness.ts writes for this file alone. */
export const MARK = '\x1e';
/** A test that hangs may end the run itself, with more to say, before this program does. */
const GRACE = 10;

/**
 * Follows the status lines of a run.
 *
 * @param {object} options
 * @param {(text: string) => void} options.print takes lines
 * @param {() => void} options.stop called where the run hangs
 */
export function watch({ print, stop }) {
  let status = { running: 'start', seconds: 120, passed: 0, failed: 0 };
  const failures = [];
  let timer;
  let isGivenUp = false;

  /** Sums up a run that could not do so itself. */
  const giveUp = (why) => {
    if (isGivenUp) return;
    isGivenUp = true;
    clearTimeout(timer);
    for (const text of [...failures, `FAIL ${status.running}\n    ${why}`]) print(`\n${text}`);
    print(`${status.passed} passed, ${status.failed + 1} failed`);
  };

  const expect = () => {
    const { seconds } = status;
    timer = setTimeout(
      () => {
        giveUp(`It took longer than ${seconds} seconds and let nothing else run, so the run ends here.`);
        stop();
      },
      1000 * (seconds + Math.min(seconds, GRACE)),
    );
  };
  expect();

  return {
    /** Takes a status line without its mark. */
    hear(text) {
      if (isGivenUp) return;
      clearTimeout(timer);
      status = JSON.parse(text);
      failures.push(...status.failures);
      expect();
    },
    /** Takes how the program ended and returns the exit code, 0 or 1: a run is over only when it has summed itself up. */
    end(how) {
      clearTimeout(timer);
      if (!status.isOver) giveUp(`The program ended meanwhile: ${how}.`);
      return how === 0 && !isGivenUp ? 0 : 1;
    },
  };
}

/**
 * Runs a program that runs tests, relays what it prints, and returns the exit code, 0 or 1.
 *
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export function runWatched(command, args) {
  // It leads a group of processes, so that nothing it has started survives it.
  const isGroup = process.platform !== 'win32';
  const child = spawn(command, args, {
    detached: isGroup,
    env: { ...process.env, TEST_WATCHED: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = () => {
    try {
      if (isGroup) process.kill(-child.pid, 'SIGKILL');
      else child.kill();
    } catch {
      // Everything has ended already.
    }
  };
  const watching = watch({ print: (text) => process.stdout.write(`${text}\n`), stop });
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
      stop();
      process.exit(1);
    });

  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const [first = '', ...marked] = `${rest}${text}`.split(MARK);
    process.stdout.write(first);
    rest = '';
    for (const [index, part] of marked.entries()) {
      const end = part.indexOf('\n');
      if (end < 0 && index === marked.length - 1) rest = MARK + part;
      if (end < 0) continue;
      watching.hear(part.slice(0, end));
      process.stdout.write(part.slice(end + 1));
    }
  });
  return new Promise((done) => {
    child.on('error', (error) => done(watching.end(error.message)));
    child.on('close', (code, signal) => done(watching.end(code ?? signal)));
    // What a process that has ended left behind may hold its output open.
    child.on('exit', stop);
  });
}
