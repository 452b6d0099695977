// Which golden cases there are, because a test in a browser cannot list a folder.

/** How many cases there are of each kind: test/golden/KIND-00.safetensors and so on. A kind begins with its operation's name. */
const counts = {
  add: 1,
  attention: 3,
  batch_norm: 8,
  conv2d: 12,
  cross_entropy: 4,
  gelu: 1,
  global_avg_pool2d: 1,
  l2_normalize: 1,
  layer_norm: 3,
  linear: 3,
  matmul: 18,
  max_pool2d: 3,
  optim_adamw: 1,
  optim_sgd: 2,
  relu: 1,
  s_dbw: 30,
  softmax: 3,
  sup_con: 15,
  'models/state_dict': 9,
  'vit/drop_path': 2,
  'vit/layer_norm_small': 2,
  'vit/model_vit': 4,
  'vit/optim_adamw_layer_decay': 3,
  'vit/patch_embed': 3,
  'vit/pos_embed_interpolate': 3,
  'vit/vit_block': 4,
  'pretrain/batch_norm_split': 4,
  'pretrain/mae_loss': 4,
  'pretrain/mae_mask': 4,
  'pretrain/moco_loss': 4,
  'pretrain/moco_momentum': 2,
  'pretrain/model_mae': 2,
  'pretrain/sincos_pos_embed': 2,
  'pretrain/sup_con_variants': 4,
  'augment/augment_brightness': 4,
  'augment/augment_color_jitter': 3,
  'augment/augment_contrast': 4,
  'augment/augment_crop_box': 6,
  'augment/augment_cutmix': 4,
  'augment/augment_gaussian_blur': 4,
  'augment/augment_gaussian_blur_exact': 4,
  'augment/augment_grayscale': 1,
  'augment/augment_hue': 4,
  'augment/augment_mixup': 2,
  'augment/augment_normalize': 2,
  'augment/augment_rand_augment': 24,
  'augment/augment_random_erasing': 2,
  'augment/augment_resize_center_crop': 3,
  'augment/augment_resized_crop': 10,
  'augment/augment_rotate': 3,
  'augment/augment_saturation': 4,
  'metrics/metric_alignment_uniformity': 4,
  'metrics/metric_confusion': 2,
  'metrics/metric_knn': 4,
  'metrics/metric_s_dbw_parts': 12,
  'metrics/metric_top_k': 4,
  'methods/method_bi_tuning': 3,
  'methods/method_bss': 6,
  'methods/method_ce_tuning': 3,
  'methods/method_coin': 8,
  'methods/method_core_tuning': 7,
  'methods/method_delta': 4,
  'methods/method_delta_channel_weights': 2,
  'methods/method_l2_sp': 3,
  'methods/method_m_and_m': 4,
  'methods/method_noisy_tune': 2,
  'methods/method_rifle': 5,
  'methods/method_scl': 7,
  'methods/method_sl_ce_tuning': 3,
  'schedules/optim_sgd_accumulate': 3,
  'schedules/schedule_cosine': 6,
  'schedules/schedule_stages': 1,
  'schedules/schedule_steps': 8,
  'schedules/schedule_warmup_cosine': 3,
};

/** A kind of golden cases, behind its folder's name where it has one. */
export type GoldenOp = keyof typeof counts;

/** The names of the cases of one kind, such as `conv2d-00` or `vit/drop_path-00`. */
export function goldenCases(op: GoldenOp): string[] {
  return Array.from({ length: counts[op] }, (_, i) => `${op}-${String(i).padStart(2, '0')}`);
}

/** All kinds of golden cases. */
export const goldenOps = Object.keys(counts) as GoldenOp[];

/** The cases of whole models and trainings. */
export const goldenModels = ['model_resnet18', 'model_resnet50', 'trajectory_coin_official', 'trajectory_coin_paper'];
