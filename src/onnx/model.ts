import type { Size, Statistics } from '../data/dataset.ts';
import type { ModelOptions } from '../nn/model.ts';
import { addEncoder, linear, type Tensors } from './encoders.ts';
import { createGraph } from './graph.ts';

/** What a model is and what its images are. */
export interface OnnxModel extends Pick<ModelOptions, 'arch' | 'encoder'> {
  readonly tensors: Tensors;
  readonly channels: number;
  readonly size: Size;
  /** By which images are normalised; the graph does it. Absent: images are given normalised. */
  readonly statistics?: Statistics | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly producer: readonly [name: string, version: string];
}

/**
 * A model as ONNX, in pieces: `images` f32 [n, channels, height, width] with values in [0, 1] give `features` [n, dim] and, where
 * there is a classifier, `logits` [n, classes]. Throws where a tensor is missing.
 */
export function onnxModel(model: OnnxModel): Uint8Array[] {
  const { tensors, channels, size, statistics, metadata, producer } = model;
  const graph = createGraph();
  const shape = [1, channels, 1, 1];
  const normalised = statistics
    ? graph.node('Div', [
        graph.node('Sub', ['images', graph.constant('mean', Float32Array.from(statistics.mean), shape)]),
        graph.constant('std', Float32Array.from(statistics.std), shape),
      ])
    : 'images';
  const encoded = addEncoder(graph, tensors, model, normalised);
  const outputs: Record<string, (number | string)[]> = {};
  const name = (value: string, as: string, columns: number | string) => {
    outputs[graph.node('Identity', [value], {}, as)] = ['n', columns];
  };
  name(encoded, 'features', 'dim');
  const classes = tensors.get('classifier.weight')?.shape[0];
  if (classes !== undefined) name(linear(graph, tensors, 'classifier', encoded), 'logits', classes);
  return graph.finish({ inputs: { images: ['n', channels, ...size] }, outputs, metadata, producer });
}
