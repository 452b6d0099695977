import { codeOf, reason } from '../files.node.ts';

/** Of a stream that nobody reads any more: a closed pipe, a terminal that is gone. */
const UNREAD = ['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

/**
 * Lets the program go on where its output cannot be written: what it computes is worth more than what it says of it. That
 * nobody reads is no failure (`coin train | head`); any other reason is told once, and the exit code is then 1.
 */
export function outliveOutput(streams: readonly NodeJS.WritableStream[] = [process.stdout, process.stderr]): void {
  for (const stream of streams) {
    let told = false;
    stream.on('error', (error) => {
      if (told || UNREAD.includes(codeOf(error))) return;
      told = true;
      process.exitCode = 1;
      console.error(`error: The output cannot be written: ${reason(error)}.`);
    });
  }
}
