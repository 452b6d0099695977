import { Writable } from 'node:stream';

/** A stream that keeps what is written to it. */
export function sink(isTTY: boolean, columns = 120) {
  let text = '';
  const writable = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { stream: Object.assign(writable, { isTTY, columns }), text: () => text };
}
