// Scripts below the path that BASE_PATH names. See src/counting/config/base_path.rs.

/**
 * The answer with a script, or `undefined` if Rust answers the request. The platform serves static files without the Worker, but only at
 * their own paths. A request through a route of a site arrives with the route's path in front.
 */
export function scriptBelow(request, { ASSETS, BASE_PATH }) {
  const url = new URL(request.url);
  const rest = url.pathname.startsWith(`${BASE_PATH}/`) ? url.pathname.slice(BASE_PATH.length) : '';
  if (!ASSETS || !rest.endsWith('.js') || !['GET', 'HEAD'].includes(request.method)) return undefined;
  return ASSETS.fetch(new Request(new URL(rest, url), request));
}
