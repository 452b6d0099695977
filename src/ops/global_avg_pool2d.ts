import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, type Tensor } from '../tape/tensor.ts';
import { choose } from './candidates.ts';
import { imageGrid } from './columns.ts';
import { reduceCandidates } from './reduce.ts';

/** The mean over height and width: [N, H, W, C] becomes [N, C]. */
export function globalAvgPool2d(tape: Tape, x: Tensor): Tensor {
  if (x.shape.length !== 4) throw shapeError('global_avg_pool2d', 'x', x.shape, '[N, H, W, C] is needed');
  const [images, height, width, channels] = x.shape as [number, number, number, number];
  const pixels = height * width;
  const rows = images * pixels;
  const chosen = choose(tape, 'reduce', reduceCandidates, { rows, columns: channels });
  const columns = channels / chosen.width;
  const launch = {
    uniforms: { rows, columns, chunk_rows: pixels, factor: 1 / pixels },
    ...imageGrid(tape.target, { rows: pixels, columns, width: chosen.width }, images),
    flops: elements(x.shape),
  };
  const y = tape.empty([images, channels], 'global_avg_pool2d');
  tape.dispatch(chosen.sums, { ...launch, bindings: { x, y }, label: 'global_avg_pool2d' });
  return tape.record('global_avg_pool2d', { x }, y, (dy) => ({
    x: (into) => {
      const dx = into ?? tape.empty(x.shape, 'global_avg_pool2d.grad');
      tape.dispatch(chosen.spread, { ...launch, bindings: { x: dy, y: dx }, label: 'global_avg_pool2d.backward' });
      return dx;
    },
  }));
}
