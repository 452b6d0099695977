// Programs that use the package need WebGPU's types too, which are global.
/// <reference types="@webgpu/types" preserve="true" />
export { type SelfTested, selfTest } from './conformance/self_test.ts';
export * from './data/augment.ts';
export * from './data/dataset.ts';
export type { Decode, DecodedImage } from './data/decode.ts';
export { decodeImage } from './data/decode_web.ts';
export * from './data/fashion_mnist.ts';
export { createFedDataset, estimateStatistics } from './data/feed.ts';
export { allInMemory, type ImageSource, memorySource } from './data/image_source.ts';
export * from './data/sampler.ts';
export * from './gpu/device.ts';
export { defineKernel } from './gpu/kernel/define.ts';
export type { Kernel } from './gpu/kernel/kernel.ts';
export { grid, type Target, type Workgroups } from './gpu/kernel/target.ts';
export type { DispatchInfo } from './gpu/program/dispatch_info.ts';
export type { Profile } from './gpu/program/profile.ts';
export { compile, type Program, type ProgramMemory } from './gpu/program/program.ts';
export { recall, remember } from './gpu/tune/memory.ts';
export { runtimeStore, type TextStore } from './gpu/tune/store.ts';
export { type Tuned, type TuneOptions, tune } from './gpu/tune/tune.ts';
export * from './methods/index.ts';
export type * from './methods/method.ts';
export * from './metrics/alignment_uniformity.ts';
export * from './metrics/calibration.ts';
export * from './metrics/confusion.ts';
export * from './metrics/knn.ts';
export { type SDbw, type SDbwOptions, sDbw } from './metrics/s_dbw.ts';
export * from './metrics/top_k.ts';
export * from './nn/encoder.ts';
export { classifier, projector } from './nn/heads.ts';
export * from './nn/layers.ts';
export * from './nn/mae.ts';
export * from './nn/model.ts';
export * from './nn/resnet.ts';
export * from './nn/store.ts';
export * from './nn/vit.ts';
export { attention } from './ops/attention.ts';
export { type BatchNormOptions, type BatchNormState, batchNorm } from './ops/batch_norm.ts';
export { type Conv2dOptions, conv2d } from './ops/conv2d.ts';
export { type CrossEntropyOptions, crossEntropy } from './ops/cross_entropy.ts';
export { type Depth, type Dropped, drawDropPath, dropPath } from './ops/drop_path.ts';
export { add, elementwise, gelu, relu, scale } from './ops/elementwise.ts';
export { globalAvgPool2d } from './ops/global_avg_pool2d.ts';
export * from './ops/gradients.ts';
export { l2Normalize } from './ops/l2_normalize.ts';
export { layerNorm } from './ops/layer_norm.ts';
export { linear } from './ops/linear.ts';
export { type MatmulOptions, matmul } from './ops/matmul.ts';
export { type MaxPool2dOptions, maxPool2d } from './ops/max_pool2d.ts';
export { mean, sum, weightedSum } from './ops/reduce.ts';
export { selfAttention } from './ops/self_attention.ts';
export { softmax } from './ops/softmax.ts';
export * from './ops/sup_con.ts';
export { type Embeddings, embedTokens, poolTokens } from './ops/tokens.ts';
export { type Accumulator, accumulator } from './optim/accumulate.ts';
export * from './optim/adamw.ts';
export * from './optim/layer_decay.ts';
export type { Group, Optimizer, OptimizerOptions, Update } from './optim/optimizer.ts';
export * from './optim/schedule.ts';
export * from './optim/sgd.ts';
export { type Diagnosis, diagnose, diagnosisMarkdown, type Found } from './report/diagnosis.ts';
export { chromeTrace, profileTable, showInDevTools } from './report/profile.ts';
export type { Roofs } from './report/roof.ts';
export * from './tape/parameter.ts';
export * from './tape/tape.ts';
export * from './tape/tensor.ts';
export type { TrainConfig } from './train/config.ts';
export {
  type Answers,
  type Bank,
  createEvaluator,
  type Evaluation,
  type Evaluator,
  evaluate,
} from './train/evaluate.ts';
export type { Scores, TrainEvent } from './train/events.ts';
export { type Batch, recordStep } from './train/step.ts';
export { train } from './train/trainer.ts';
export { type Checkpoint, openCheckpoint } from './weights/checkpoint.ts';
export { type DType, type HostTensor, type StoredTensor, toFloat32 } from './weights/host-tensor.ts';
export { encoderKeys } from './weights/keys.ts';
export { loadTable } from './weights/load_table.ts';
export { type Recognized, recognizeEncoder } from './weights/recognize.ts';
export { readSafetensors, type Safetensors, writeSafetensors } from './weights/safetensors.ts';
export { type ByteSource, blobSource, bytesSource } from './weights/source.ts';
export { compareState, type LoadReport, loadState, saveState } from './weights/state_dict.ts';
