import { kindOf } from '../file_kind.ts';
import { type Decode, fitted, MOST_PIXELS } from './decode.ts';

/** Decodes by the browser; see `Decode`. Which formats it knows is the browser's matter. */
export const decodeImage: Decode = async (bytes, most) => {
  const kind = kindOf(bytes);
  if (kind && !kind.isImage) throw new Error(`it is ${kind.what}`);
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>]);
  const whole = await createImageBitmap(blob, { imageOrientation: 'from-image' }).catch((cause) => {
    throw new Error('it is damaged, or no image of a format that this browser decodes', { cause });
  });
  try {
    if (whole.width * whole.height > MOST_PIXELS) throw new Error('it claims more pixels than any photograph has');
    const [height, width] = fitted([whole.height, whole.width], most);
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('this browser gives no canvas to decode it');
    context.fillStyle = 'white';
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(whole, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const pixels = new Uint8Array(height * width * 3);
    for (let i = 0; i < height * width; i++) pixels.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
    return { size: [height, width], pixels };
  } finally {
    whole.close();
  }
};
