import { BYTES, type Chunk, checkShape, elements, type Shape, SLICE_ALIGNMENT, type Tensor } from './tensor.ts';

/** A trained tensor. Its gradient has the same place in the gradient arena as its value in the parameter arena. */
export interface Parameter extends Tensor {
  /** PyTorch's state-dict name. */
  readonly label: string;
  /** Where `backward` leaves the gradient. `requiresGrad` is cleared to freeze the parameter for later tapes. */
  readonly gradient: Tensor;
}

/** A chunk of parameters beside the equally laid out chunk of their gradients. */
export interface ArenaChunk {
  readonly values: Chunk;
  readonly gradients: Chunk;
  readonly parameters: Parameter[];
}

/**
 * Parameters laid out one after the other in few large chunks, so that an optimizer updates all of them in one
 * dispatch a chunk.
 */
export interface Arena {
  readonly chunks: ArenaChunk[];
  /**
   * Adds a parameter with its first value, or what makes that when a device needs it. Throws once a device holds the chunk.
   */
  add(label: string, shape: Shape, data: Float32Array | (() => Float32Array)): Parameter;
}

/** `maxBytes` bounds a chunk; the default is what every WebGPU adapter can bind. */
export function createArena(maxBytes = 128 * 2 ** 20): Arena {
  const chunks: ArenaChunk[] = [];
  const newChunk = (): ArenaChunk => {
    const named = (label: string): Chunk => ({
      label: `${label}[${chunks.length}]`,
      bytes: 0,
      initial: [],
      frozen: false,
    });
    const chunk = { values: named('parameters'), gradients: named('gradients'), parameters: [] };
    chunks.push(chunk);
    return chunk;
  };
  return {
    chunks,
    add(label, shape, data) {
      checkShape(label, shape);
      const bytes = elements(shape) * BYTES.f32;
      if (typeof data !== 'function' && data.byteLength !== bytes)
        throw new Error(`Parameter ${label} has ${elements(shape)} elements, but ${data.length} values were given.`);
      const padded = Math.ceil(bytes / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
      let chunk = chunks.at(-1) ?? newChunk();
      if (chunk.values.bytes > 0 && chunk.values.bytes + padded > maxBytes) chunk = newChunk();
      const { values, gradients } = chunk;
      if (values.frozen || gradients.frozen)
        throw new Error(`Parameter ${label} comes too late: the arena's memory is already on a device.`);
      const offset = values.bytes;
      values.bytes += padded;
      gradients.bytes += padded;
      values.initial.push({ offset, bytes, data });
      const gradient: Tensor = {
        shape,
        dtype: 'f32',
        label: `${label}.grad`,
        requiresGrad: false,
        storage: { chunk: gradients, offset },
      };
      const parameter: Parameter = {
        shape,
        dtype: 'f32',
        label,
        requiresGrad: true,
        storage: { chunk: values, offset },
        gradient,
      };
      chunk.parameters.push(parameter);
      return parameter;
    },
  };
}
