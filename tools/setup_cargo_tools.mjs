// Part of the set-up: compiles the cargo tools at their pinned versions.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CARGO_TOOLS, cargoBin, TOOLS } from './pins.mjs';
import { run, step } from './run.mjs';

/** Most tools run for half a second in a build, so they are compiled without optimisation, in a third of the time. */
const FAST_TO_COMPILE = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '0',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '64',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
};

/** Whether a tool is compiled together with the others. An optimised tool is compiled by itself. */
const isPlain = (name) => !CARGO_TOOLS[name].optimised;

const spec = (name) => `${name}@${CARGO_TOOLS[name].version}`;

export function cargoTools(names) {
  const lacking = () => {
    const installed = installedVersions();
    return names.filter((name) => {
      const { version, bins } = CARGO_TOOLS[name];
      return installed.get(name) !== version || !bins.every((bin) => existsSync(cargoBin(bin)));
    });
  };
  return {
    missing: async () => lacking().length > 0,
    async install() {
      const list = lacking();
      const minutes = list.reduce((sum, name) => sum + CARGO_TOOLS[name].minutes, 0);
      // One target directory for all, so that shared crates are compiled once. It is deleted afterwards.
      const target = join(TOOLS, 'build');
      // --force, because cargo's list may name a program that was deleted.
      const install = (args, extra) =>
        run('cargo', ['install', '--quiet', '--locked', '--force', '--root', TOOLS, ...args], {
          env: { ...process.env, ...extra, CARGO_TARGET_DIR: target },
        });
      await step(`compiling ${list.map(spec).join(', ')} into ${TOOLS}`, `${minutes} min`, async () => {
        const plain = list.filter(isPlain).map(spec);
        if (plain.length > 0) await install(plain, FAST_TO_COMPILE);
        for (const name of list.filter((name) => !isPlain(name))) {
          await install(['--no-default-features', '--features', CARGO_TOOLS[name].features.join(','), spec(name)]);
        }
      });
      rmSync(target, { recursive: true, force: true });
    },
  };
}

/** cargo's list of the programs in the folder: name -> version. */
function installedVersions() {
  const notes = join(TOOLS, '.crates2.json');
  if (!existsSync(notes)) return new Map();
  return new Map(Object.keys(JSON.parse(readFileSync(notes, 'utf8')).installs).map((key) => key.split(' ', 2)));
}
