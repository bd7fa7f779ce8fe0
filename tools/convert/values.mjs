// Reads start values: an answer of CountAPI, Abacus, busuanzi or another counter, or a table of pages and views.

import { Trouble } from '../run.mjs';
import { readCsv } from './csv.mjs';
import { headOf, shown, textOf, wrong } from './input.mjs';
import { JsonError, parseJson } from './json.mjs';
import { A_COUNT, countOf, Numbers } from './numbers.mjs';
import { OTHER } from './page.mjs';

const PAGE = ['page', 'key', 'path'];
const VIEWS = ['value', 'views', 'count'];

/** A JSONP answer: a call with an object as its argument, maybe in a `try`. */
const CALL = /^\s*(?:try\s*\{\s*)?[\w$.]+\(\s*(?=\{)/;
const CALL_ENDS = /\)\s*;?\s*(?:\}\s*catch\s*\(\w*\)\s*\{\s*\}\s*;?\s*)?$/;

/** The first bytes, enough to tell JSON and JSONP from CSV. */
const HEAD_BYTES = 512;

export async function readValues(file, { page }) {
  const head = (await headOf(file, HEAD_BYTES)).toString().replace(/^\ufeff/, '');
  if (head === '') throw new Trouble(`${file} is empty`);
  const numbers = new Numbers();
  const notes = [];
  const take = (line, key, written) => {
    if (typeof key !== 'string' || key === '') throw wrong(file, line, 'a page without a name');
    const views = countOf(written);
    if (views === undefined) throw wrong(file, line, `the views of ${shown(key)} are ${shown(written)}; expected ${A_COUNT}`);
    numbers.addViews(key, views);
  };
  const json = /^\s*[[{]/.test(head) || CALL.test(head);
  if (!json && page !== undefined) throw new Trouble('--page is only for the answer of a counter, which names no page');
  const content = json ? await readJson(file, page, take, notes) : await readTable(file, take);
  return { numbers, notes, content, options: { page } };
}

/** Reads CSV with a header that names the columns, or with a page and its views in each row. */
async function readTable(file, take) {
  let columns;
  return readCsv(file, (fields, line) => {
    if (columns === undefined) {
      const names = fields.map((name) => name.trim().toLowerCase());
      columns = [PAGE, VIEWS].map((known) => names.indexOf(known.find((name) => names.includes(name))));
      if (!columns.includes(-1)) return;
      if (fields.length !== 2) throw wrong(file, line, `the header needs a column ${PAGE.join(', ')} and a column ${VIEWS.join(', ')}`);
      columns = [0, 1];
    }
    take(line, fields[columns[0]], fields[columns[1]]);
  });
}

async function readJson(file, page, take, notes) {
  const { text, content } = await textOf(file);
  try {
    // Replacing the call by blanks keeps the line numbers.
    const call = CALL.exec(text);
    const bare = call ? call[0].replace(/[^\n]/g, ' ') + text.slice(call[0].length).replace(CALL_ENDS, '') : text;
    read(parseJson(bare.replace(/^\ufeff/, '')));
  } catch (error) {
    throw error instanceof JsonError ? wrong(file, error.line, `not JSON: ${error.message}`) : error;
  }
  return content;

  function read(root) {
    if (root.items) {
      if (page !== undefined) throw new Trouble('--page is only for the answer of a counter, not for a list');
      for (const item of root.items) takeItem(item);
      return;
    }
    const [name, views] = [named(root, PAGE), named(root, VIEWS)];
    if (named(root, ['site_pv', 'page_pv'])) takeBusuanzi(root);
    else if (typeof name?.value === 'string' && views) takeItem(root);
    else if (page !== undefined) {
      if (!views) throw wrong(file, root.line, `--page needs one of ${VIEWS.join(', ')}, and the file has none`);
      take(views.line, page, views.value);
    } else if (views && root.entries.length === 1) {
      throw wrong(file, root.line, `${shown(root.entries[0][0])} belongs to a page that the file does not name: add --page /a`);
    } else for (const [key, { line, value }] of root.entries) take(line, key, value);
  }

  function takeItem(item) {
    const [name, views] = [named(item, PAGE), named(item, VIEWS)];
    if (!name || !views) throw wrong(file, item.line, `an item needs one of ${PAGE.join(', ')} and one of ${VIEWS.join(', ')}`);
    // For an answer that contains its key, --page names the page that shows it.
    take(views.line, page ?? name.value, views.value);
  }

  function takeBusuanzi(root) {
    const [onPage, onSite] = [named(root, ['page_pv']), named(root, ['site_pv'])];
    if (onPage && page === undefined) throw wrong(file, onPage.line, '"page_pv" belongs to a page that the file does not name: add --page /a');
    if (!onPage && page !== undefined) throw wrong(file, root.line, '--page needs "page_pv", and the file has none');
    if (onPage) take(onPage.line, page, onPage.value);
    if (onSite) {
      const [all, some] = [countOf(onSite.value), onPage ? countOf(onPage.value) : 0];
      if (all < some) throw wrong(file, onSite.line, '"site_pv" is less than "page_pv"');
      take(onSite.line, OTHER, all === undefined ? onSite.value : all - some);
    }
    if (named(root, ['site_uv'])) notes.push('left out: "site_uv", visitors of all time; Footfall counts visitors by day');
  }
}

/** The value of the first of several names that an object has. */
function named({ entries = [] }, names) {
  return names.flatMap((name) => entries.filter(([known]) => known === name)).map(([, value]) => value)[0];
}
