import { chmod, chown, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPrivate } from '../../src/gpu/private_folder.node.ts';
import { assert, skip, suite } from '../harness.ts';

const test = suite('a folder that native code may be loaded from');

let root = '';
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'coin-'));
});
test.after(() => rm(root, { recursive: true }));

/** A folder within another, with their permissions. */
async function folders(outer: number, inner: number): Promise<string> {
  const above = await mkdtemp(join(root, 'above-'));
  const folder = join(above, 'folder');
  await mkdir(folder);
  await chmod(folder, inner);
  await chmod(above, outer);
  return folder;
}

const PERMISSIONS: readonly [name: string, outer: number, inner: number, isPrivate: boolean][] = [
  ["is this user's alone", 0o700, 0o700, true],
  ['may be read by others', 0o755, 0o755, true],
  ['is not writable by all', 0o755, 0o777, false],
  ['is not writable by all, sticky or not', 0o755, 0o1777, false],
  ['is not writable by a group', 0o755, 0o770, false],
  ['does not lie where all can exchange it', 0o777, 0o700, false],
  ['does not lie where a group can exchange it', 0o775, 0o700, false],
  ['may lie where only its owner can exchange it, as in /tmp', 0o1777, 0o700, true],
];

for (const [name, outer, inner, expected] of PERMISSIONS)
  test(name, async () => assert.is(isPrivate(await folders(outer, inner)), expected));

test('is no link', async () => {
  const link = join(root, 'link');
  await symlink(await folders(0o700, 0o700), link);
  assert.is(isPrivate(link), false);
});

for (const place of ['folder', 'above'])
  test(`does not belong to another user (${place})`, async () => {
    if (process.getuid?.() !== 0) skip('only root can give a folder away');
    const folder = await folders(0o755, 0o755);
    await chown(place === 'folder' ? folder : join(folder, '..'), 12345, 12345);
    assert.is(isPrivate(folder), false);
  });
