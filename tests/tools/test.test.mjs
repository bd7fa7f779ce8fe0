// `npm test` and `npm start` themselves: their help, and how gates run side by side.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { GATES, LONG_GATES } from '../../tools/gates.mjs';
import { ROOT } from '../../tools/pins.mjs';

const run = promisify(execFile);

/** The output of a program in tools/ or of code that imports from there, even if it fails. */
const node = (...args) => run(process.execPath, args, { cwd: ROOT }).then(({ stdout }) => stdout, ({ stdout, stderr }) => stdout + stderr);

test('npm test -- --help names each gate', async () => {
  const help = await node('tools/test.mjs', '--help');
  for (const { name, what } of [...GATES, ...LONG_GATES]) assert.match(help, new RegExp(`^  ${name} +${what.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'm'));
});

test('no test file has the name of a gate, so that a word is never taken for a gate', async () => {
  assert.match(await node('tools/test.mjs', 'nothing'), /there is no gate nothing/);
  assert.match(await node('tools/test.mjs', 'fmt', 'welcome'), /gate fmt takes no words, and there is no gate welcome/);
  const { testsIn } = await import('../../tools/node_tests.mjs');
  const names = ['workerd', 'browser', 'tools'].flatMap((folder) => testsIn(join('tests', folder))).map((file) => file.split('/').pop().replace('.test.mjs', ''));
  assert.deepEqual(names.filter((file) => [...GATES, ...LONG_GATES].some(({ name }) => name === file)), []);
});

test('npm start -- --help names its options and starts nothing', async () => {
  const help = await node('tools/start.mjs', '--help');
  for (const option of ['--port', '--var', '--persist-to']) assert.ok(help.includes(option), option);
});

test('npm start accepts only valid ports', async () => {
  for (const port of ['0', '65536', '80a', '']) assert.match(await node('tools/start.mjs', '--port', port), /--port takes a number from 1 to 65535/);
});

test('work aside writes its output in one piece, and a failure ends the other work', async () => {
  const code = `
    import { aside, endAll, run, say } from './tools/run.mjs';
    const late = aside(async () => { say('aside 1'); await run('sh', ['-c', 'echo of a program']); say('aside 2'); });
    say('at once');
    await late;
    const long = run('sleep', ['60']).catch((error) => say(error.message));
    await run('false', []).catch(() => endAll());
    await long;`;
  assert.equal(await node('--input-type=module', '-e', code), 'footfall: at once\nfootfall: aside 1\nof a program\nfootfall: aside 2\nfootfall: sleep 60 failed with 128\n');
});

test('--watch runs the gates again after a change', async (t) => {
  const file = join(ROOT, 'tests', `changed-${process.pid}`);
  const child = spawn(process.execPath, ['tools/test.mjs', 'fmt', '--watch'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => {
    child.kill();
    rmSync(file, { force: true });
  });
  let said = '';
  const waits = () => said.split('waiting for a change').length - 1;
  for await (const text of child.stdout.setEncoding('utf8')) {
    said += text;
    if (waits() === 1) writeFileSync(file, '');
    if (waits() === 2) return;
  }
  assert.fail(`it ended by itself: ${said}`);
});
