// Reads the files in a ZIP by name and checks their checksums.

import { posix } from 'node:path';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { Trouble } from '../run.mjs';
import { headOf } from './input.mjs';

/** The most files in a ZIP. No export has so many, and a list of millions of names must not fill the memory. */
const MAX_FILES = 1_000;

/** Opens a ZIP. `read(name)` returns the chunks of a file, in whatever folder it is; `named(name)` names a file in errors. */
export async function openZip(file) {
  await headOf(file, 1);
  const files = new Map();
  const broken = (error) => (error instanceof Trouble ? error : new Trouble(`${file} is not a readable ZIP: ${error.message}`));
  let zip;
  try {
    zip = await yauzl.openPromise(file, { autoClose: false });
    if (zip.entryCount > MAX_FILES) throw new Trouble(`${file} has over ${MAX_FILES} files`);
    for await (const entry of zip.eachEntry()) {
      const name = posix.basename(entry.fileName);
      if (files.has(name)) throw new Trouble(`${file} has the file ${name} twice`);
      files.set(name, entry);
    }
  } catch (error) {
    zip?.close();
    throw broken(error);
  }
  const named = (name) => `${name} in ${file}`;
  return {
    named,
    close: () => zip.close(),
    async *read(name) {
      const entry = files.get(name);
      if (!entry) throw new Trouble(`${named(name)} is missing`);
      let sum = 0;
      try {
        for await (const chunk of await zip.openReadStreamPromise(entry)) {
          sum = crc32(chunk, sum);
          yield chunk;
        }
      } catch (error) {
        throw broken(error);
      }
      // The library leaves the check to its caller.
      if (sum !== entry.crc32) throw new Trouble(`${named(name)} is damaged: its checksum does not match`);
    },
  };
}
