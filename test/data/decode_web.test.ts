import { decodeImage } from '../../src/data/decode_web.ts';
import { encodePng } from '../../src/report/png.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';

const test = suite('decoding by the browser');

/** 24 × 16 pixels, red at the left and blue at the right, which EXIF turns by 90° clockwise (sharp wrote it). */
const TURNED =
  '/9j/4QC8RXhpZgAASUkqAAgAAAAGABIBAwABAAAABgAAABoBBQABAAAAVgAAABsBBQABAAAAXgAAACgBAwABAAAAAgAAABMCAwABAAAAAQAAAGmHBAABAAAAZgAAAAAAAAA4YwAA6AMAADhjAADoAwAABgAAkAcABAAAADAyMTABkQcABAAAAAECAwAAoAcABAAAADAxMDABoAMAAQAAAP//AAACoAQAAQAAABgAAAADoAQAAQAAABAAAAAAAAAA/+IB8ElDQ19QUk9GSUxFAAEBAAAB4GxjbXMEIAAAbW50clJHQiBYWVogB+IAAwAUAAkADgAdYWNzcE1TRlQAAAAAc2F3c2N0cmwAAAAAAAAAAAAAAAAAAPbWAAEAAAAA0y1oYW5keem/Vlo+AbaDI4VVRvdPqgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKZGVzYwAAAPwAAAAkY3BydAAAASAAAAAid3RwdAAAAUQAAAAUY2hhZAAAAVgAAAAsclhZWgAAAYQAAAAUZ1hZWgAAAZgAAAAUYlhZWgAAAawAAAAUclRSQwAAAcAAAAAgZ1RSQwAAAcAAAAAgYlRSQwAAAcAAAAAgbWx1YwAAAAAAAAABAAAADGVuVVMAAAAIAAAAHABzAFIARwBCbWx1YwAAAAAAAAABAAAADGVuVVMAAAAGAAAAHABDAEMAMAAAWFlaIAAAAAAAAPbWAAEAAAAA0y1zZjMyAAAAAAABDD8AAAXd///zJgAAB5AAAP2S///7of///aIAAAPcAADAcVhZWiAAAAAAAABvoAAAOPIAAAOPWFlaIAAAAAAAAGKWAAC3iQAAGNpYWVogAAAAAAAAJKAAAA+FAAC2xHBhcmEAAAAAAAMAAAACZmkAAPKnAAANWQAAE9AAAApb/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgSFBUU/9sAQwEDBAQFBAUJBQUJFA0LDRQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU/8AAEQgAEAAYAwERAAIRAQMRAf/EABYAAQEBAAAAAAAAAAAAAAAAAAYHCP/EABgQAQADAQAAAAAAAAAAAAAAAAAGRIPC/8QAFgEBAQEAAAAAAAAAAAAAAAAACAkH/8QAGBEBAAMBAAAAAAAAAAAAAAAAAAdFg8P/2gAMAwEAAhEDEQA/AM2MiPMRn9DTkqYMssuo1zLX68xAqRrV1K1SgRn9DTkqYMssuo1zLX68xAqRrf/Z';

const text = (value: string) => new TextEncoder().encode(value);

/** Pixels (height, width, 3) of one colour. */
const flat = (width: number, height: number) =>
  encodePng(
    Uint8Array.from({ length: width * height * 3 }, (_, i) => [90, 120, 30][i % 3] as number),
    { width, height, channels: 3 },
  );

/** Deno has canvases, but nothing to draw on. */
const canDraw = typeof OffscreenCanvas !== 'undefined' && new OffscreenCanvas(1, 1).getContext('2d') !== null;

if (!canDraw) test.skip('all of it', 'this runtime has no canvas');
else {
  test('an image is decoded to bytes of red, green and blue', async () => {
    const { size, pixels } = await decodeImage(await flat(5, 3), 256);
    assert.equal(size, [3, 5]);
    assert.equal(
      [...pixels],
      Array.from({ length: 45 }, (_, i) => [90, 120, 30][i % 3]),
    );
  });

  test('a large one is made smaller', async () => {
    const { size, pixels } = await decodeImage(await flat(60, 30), 20);
    assert.equal([size, pixels.length], [[20, 40], 2400]);
  });

  test('a JPEG is turned as EXIF says', async () => {
    const { size, pixels } = await decodeImage(
      Uint8Array.from(atob(TURNED), (letter) => letter.charCodeAt(0)),
      256,
    );
    assert.equal(size, [24, 16]);
    const [first, last] = [[...pixels.subarray(0, 3)], [...pixels.subarray(-3)]];
    assert.ok(Math.abs(first[0]! - 200) < 6 && Math.abs(last[2]! - 200) < 6, `${first}, ${last}`);
  });

  test('what is no image is refused', async () => {
    assert.is(await refusal(decodeImage(text('<!doctype html>'), 256)), 'it is a web page, as of a failed download');
    assert.match(await refusal(decodeImage((await flat(9, 9)).subarray(0, 40), 256)), /^it is damaged, or no image/);
  });
}

test.run();
