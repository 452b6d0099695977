import { csv } from '../../src/report/csv.ts';
import { crc32c, fileHeader, restartRecord, scalarRecord } from '../../src/report/tensorboard.ts';
import { assert, suite } from '../harness.ts';

const test = suite('curves for other programs');

test('a table has a row an epoch, with what is known of it', () => {
  const contrast = { alone: 0, top1: 75, alignment: 0.5, uniformity: -2 };
  const text = csv({
    losses: [
      { epoch: 0, stage: 'contrastive, first', lr: 0.1, seconds: 2.5, losses: { total: 3, sup_con: 3 }, contrast },
      { epoch: 1, stage: 'said "joint"', lr: 0.05, seconds: 5, losses: { total: 2, cross_entropy: 1 } },
    ],
    evaluations: [
      { epoch: 0, top1: 10, s_dbw: 0.5, scat: 0.25, dens_bw: 0.25, knn: 30 },
      { epoch: 2, top1: 50 },
    ],
  });
  assert.equal(text.split('\n'), [
    'epoch,stage,lr,seconds,top1,s_dbw,scat,dens_bw,knn,contrast_alone,contrast_top1,contrast_alignment,contrast_uniformity,loss_total,loss_sup_con,loss_cross_entropy',
    '0,,,,10,0.5,0.25,0.25,30,,,,,,,',
    '1,"contrastive, first",0.1,2.5,,,,,,0,75,0.5,-2,3,3,',
    '2,"said ""joint""",0.05,5,50,,,,,,,,,2,,1',
    '',
  ]);
});

test("the checksum is Castagnoli's", () => {
  const ascii = (text: string) => new TextEncoder().encode(text);
  assert.is(crc32c(ascii('123456789')), 0xe3069283);
  // RFC 3720, appendix B.4: 32 bytes of zeros, and of ones.
  assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.is(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
});

const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

test('records are those that TensorBoard reads', () => {
  // Events of protocol buffers, encoded by hand: wall_time 1, step 2, file_version 3, summary 5 (values of tag 1 and
  // simple_value 2), session_log 7 (status 1).
  const dataOf = (record: Uint8Array) => hex(record.subarray(12, -4));
  assert.is(dataOf(fileHeader(1.5)), '09000000000000f83f1a0d627261696e2e4576656e743a32');
  assert.is(
    dataOf(scalarRecord(1.5, 300, { a: 0.5, bc: -1 })),
    '09000000000000f83f10ac022a150a080a0161150000003f0a090a02626315000080bf',
  );
  assert.is(dataOf(restartRecord(1.5, 3)), '09000000000000f83f10033a020801');
  const record = fileHeader(1.5);
  const view = new DataView(record.buffer);
  assert.is(view.getBigUint64(0, true), 24n);
  // Checksums are stored as rotated and shifted; here that is undone.
  const unmasked = (stored: number) => {
    const rotated = (stored - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  assert.is(unmasked(view.getUint32(8, true)), crc32c(record.subarray(0, 8)));
  assert.is(unmasked(view.getUint32(36, true)), crc32c(record.subarray(12, 36)));
});

test.run();
