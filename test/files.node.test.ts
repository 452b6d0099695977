import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { explained, makeFolder, reason, writeWhole } from '../src/files.node.ts';
import { assert, skip, suite } from './harness.ts';

const test = suite('files');

let folder = '';
test.before.each(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
});
test.after.each(() => rm(folder, { recursive: true }));

const codeOfRefusal = (action: Promise<unknown>) =>
  action.then(
    () => 'nothing was refused',
    (error: NodeJS.ErrnoException) => error.code,
  );

/** A device that is always full, where the system has one. */
const fullDevice = async (): Promise<string> => {
  await access('/dev/full', constants.W_OK).catch(() => skip('this system has no /dev/full'));
  return '/dev/full';
};

test('a file is written whole, beside its place first, and nothing else is left', async () => {
  const path = join(folder, 'a.json');
  await writeWhole(path, 'one, and longer');
  await writeWhole(path, new TextEncoder().encode('two'));
  assert.is(await readFile(path, 'utf8'), 'two');
  assert.equal(await readdir(folder), ['a.json']);
});

test('a disk that is full leaves the file as it was, and no part of a new one', async () => {
  const path = join(folder, 'model');
  await writeFile(path, 'good');
  // The part is written to the full device.
  await symlink(await fullDevice(), `${path}.${process.pid}.part`);
  assert.is(await codeOfRefusal(writeWhole(path, 'new')), 'ENOSPC');
  assert.is(await readFile(path, 'utf8'), 'good');
  assert.equal(await readdir(folder), ['model']);
});

test('a name that is a folder is refused, and no part is left', async () => {
  await mkdir(join(folder, 'model'));
  assert.is(await codeOfRefusal(writeWhole(join(folder, 'model'), 'new')), 'EISDIR');
  assert.equal(await readdir(folder), ['model']);
});

test('a link stays one, and its file is written', async () => {
  await writeFile(join(folder, 'real'), 'old');
  await symlink('real', join(folder, 'link'));
  await writeWhole(join(folder, 'link'), 'new');
  assert.is(await readFile(join(folder, 'real'), 'utf8'), 'new');
  assert.equal((await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isSymbolicLink()).length, 1);
});

// A pipe stands for devices, which a fault would replace for all programs of the machine.
test('what is no file is written to and not replaced', async () => {
  const pipe = join(folder, 'pipe');
  await promisify(execFile)('mkfifo', [pipe]).catch(() => skip('this system makes no pipes'));
  // Open at both ends, so that neither waits for the other.
  const reader = await open(pipe, 'r+');
  try {
    await writeWhole(pipe, 'new');
    assert.ok((await stat(pipe)).isFIFO());
    assert.is((await reader.read({ buffer: Buffer.alloc(9) })).bytesRead, 3);
    assert.equal(await readdir(folder), ['pipe']);
  } finally {
    await reader.close();
  }
});

test('folders are made with those above them; one that is there stays; a file in the way is named so', async () => {
  await makeFolder(join(folder, 'a', 'b', 'c'));
  await makeFolder(join(folder, 'a', 'b'));
  assert.equal(await readdir(join(folder, 'a', 'b')), ['c']);
  await writeFile(join(folder, 'file'), '');
  assert.is(await codeOfRefusal(makeFolder(join(folder, 'file'))), 'EEXIST');
  assert.is(await codeOfRefusal(makeFolder(join(folder, 'file', 'a', 'b'))), 'ENOTDIR');
});

test('a folder that cannot be made in a place without write access is not called missing', async () => {
  // The kernel's own files: nobody can make a folder among them, and Node's recursion says that they do not exist.
  await access('/sys/kernel').catch(() => skip('this system has no /sys'));
  const code = await codeOfRefusal(makeFolder('/sys/kernel/a/b'));
  assert.ok(['EACCES', 'EPERM', 'EROFS'].includes(String(code)), code);
});

test('every code of the file system has a reason, and says what to do', async () => {
  const codes: [code: string, reason: RegExp][] = [
    ['ENOENT', /^it does not exist; check the path$/],
    ['EACCES', /^that is not permitted; change the permissions/],
    ['EPERM', /^that is not permitted; change the permissions/],
    ['EROFS', /^the file system is read-only; take another path$/],
    ['ENOSPC', /^the disk is full; make room/],
    ['EDQUOT', /^the disk quota is used up; make room/],
    ['EISDIR', /^it is a folder; name a file$/],
    ['ENOTDIR', /^a file is in the way of its folder; take another path$/],
    ['EMFILE', /^too many files are open; .*ulimit -n/],
    ['ENFILE', /^too many files are open; .*ulimit -n/],
    ['ENAMETOOLONG', /^its name is too long; take a shorter one$/],
    ['ELOOP', /^its links lead in a circle; /],
    ['EIO', /^the disk fails to read or write; /],
    ['EBUSY', /^another program holds it; /],
    ['EFBIG', /^it is larger than the file system allows; /],
  ];
  for (const [code, wanted] of codes) {
    const error = Object.assign(new Error(`${code}: as the system says it`), { code });
    assert.match(reason(error), wanted);
    const told = await explained('The log x cannot be written', () => Promise.reject(error)).catch((thrown) => thrown);
    assert.is(told.message, `The log x cannot be written: ${reason(error)}.`);
    assert.is(told.cause, error);
  }
  assert.is(reason(new Error('what else is wrong')), 'what else is wrong');
});

test.run();
