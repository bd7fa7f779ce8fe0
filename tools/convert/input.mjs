// Reads a file that may be larger than the memory, and says where it is wrong.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Trouble } from '../run.mjs';

/** The longest line or CSV row, in bytes. Without a limit, an unclosed quote would read the rest of the file into memory. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** The longest text that is read as a whole, in characters. */
const MAX_TEXT = 256 * 1024 * 1024;

/** A `Trouble` that says what is wrong, and in which line. */
export const wrong = (file, line, what) => new Trouble(`${file}, line ${line}: ${what}`);

/** A text from the input for an error: on one line and not too long. */
export const shown = (text) => JSON.stringify(String(text).slice(0, 80).replace(/\p{C}/gu, '\ufffd'));

/** An error of the file system as a `Trouble` of one line. */
function troubleOf(file, error) {
  if (error instanceof Trouble) return error;
  if (error.code === 'ENOENT') return new Trouble(`there is no ${file}`);
  return new Trouble(`${file} cannot be read: ${error.message.replace(/\s+/g, ' ')}`, { cause: error });
}

/** The first bytes of a file. They tell its kind, because its name may be wrong. */
export async function headOf(file, bytes) {
  try {
    if (!(await stat(file)).isFile()) throw new Trouble(`${file} is not a file`);
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw troubleOf(file, error);
  }
}

/** Passes a file, unpacked if it is gzip, through streams. Returns the SHA-256 of the unpacked content. */
export async function feed(file, ...streams) {
  const [a, b] = await headOf(file, 2);
  const hash = createHash('sha256');
  const unpack = a === 0x1f && b === 0x8b ? [createGunzip()] : [];
  try {
    await pipeline(createReadStream(file), ...unpack, hashed(hash), ...streams);
  } catch (error) {
    throw troubleOf(file, error);
  }
  return hash.digest('hex');
}

function hashed(hash) {
  return async function* (chunks) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
}

/** All of a file as text, with its SHA-256. */
export async function textOf(file) {
  const decoder = new TextDecoder();
  let text = '';
  const content = await feed(file, async (chunks) => {
    for await (const chunk of chunks) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_TEXT) throw new Trouble(`${file} has over ${MAX_TEXT} characters; a CSV file may have any size`);
    }
  });
  return { text: text + decoder.decode(), content };
}

/** The lines of UTF-8 with their numbers, from chunks that end anywhere. Empty lines are left out. */
export async function* linesIn(chunks, where) {
  const decoder = new TextDecoder();
  let [number, rest] = [0, ''];
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop();
    if (rest.length > MAX_LINE_BYTES) throw wrong(where, number + 1, `the line has over ${MAX_LINE_BYTES} bytes`);
    for (const line of lines) {
      number += 1;
      if (line.trim() !== '') yield { line, number };
    }
  }
  rest += decoder.decode();
  if (rest.trim() !== '') yield { line: rest, number: number + 1 };
}
