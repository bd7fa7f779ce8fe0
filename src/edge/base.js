// Scripts below the path that BASE_PATH names. See src/counting/config/base_path.rs.

/**
 * The answer with a script: the platform serves static files by themselves, but only at the paths that they have, and a route of a site
 * hands over its path as well. `undefined` for whatever Rust answers.
 */
export function scriptBelow(request, { ASSETS, BASE_PATH }) {
  const url = new URL(request.url);
  const rest = url.pathname.startsWith(`${BASE_PATH}/`) ? url.pathname.slice(BASE_PATH.length) : '';
  if (!ASSETS || !rest.endsWith('.js') || !['GET', 'HEAD'].includes(request.method)) return undefined;
  return ASSETS.fetch(new Request(new URL(rest, url), request));
}
