// Writes the configuration of one workerd process, as Cap'n Proto text, from plain values for services, bindings and sockets. It starts nothing.

/** Quotes a text for a Cap'n Proto file: C escapes for control characters, and UTF-8 for everything else. */
function quote(text) {
  // eslint-disable-next-line no-control-regex
  return `"${String(text).replace(/["\\]/g, '\\$&').replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;
}

/** A string stays a string. Any other value is passed as JSON, as wrangler passes `[vars]` that are not strings. */
function variable([name, value]) {
  return typeof value === 'string'
    ? `(name = ${quote(name)}, text = ${quote(value)})`
    : `(name = ${quote(name)}, json = ${quote(JSON.stringify(value))})`;
}

const serviceBinding = ([name, service]) => `(name = ${quote(name)}, service = ${quote(service)})`;

function worker({ name, modules, bindings = [], outbound, storage = '', compatibilityDate }) {
  return `(name = ${quote(name)}, worker = (
    compatibilityDate = ${quote(compatibilityDate)},
    modules = [${modules.map(([as, kind, file]) => `(name = ${quote(as)}, ${kind} = embed ${quote(file)})`).join(', ')}],
    bindings = [${bindings.join(', ')}],
    globalOutbound = ${quote(outbound)},
    ${storage}
  ))`;
}

/**
 * The service of the built Footfall. `storage` is the directory for its counts, always on disk, because workerd's in-memory objects have no SQL.
 * Each of the services named in `isolates` is one more isolate of the same Worker: it has no objects, and calls those of `name`.
 */
export function footfallService({ name, vars = {}, services = {}, objects, unbound = [], outbound, storage, compatibilityDate, isolates = [] }) {
  const disk = `${name}-disk`;
  const bound = objects.filter(([binding]) => !unbound.includes(binding));
  const isolate = (as, of, storage) =>
    worker({
      name: as,
      compatibilityDate,
      outbound,
      modules: [
        ...['main.js', 'probe.js', 'index.js'].map((file) => [file, 'esModule', file]),
        ['index_bg.wasm', 'wasm', 'index_bg.wasm'],
      ],
      bindings: [
        ...bound.map(([binding, className]) => `(name = ${quote(binding)}, durableObjectNamespace = (className = ${quote(className)}${of}))`),
        ...Object.entries(vars).map(variable),
        ...Object.entries(services).map(serviceBinding),
      ],
      storage,
    });
  // The keys name the directories of the namespaces on disk. With another key, a restart would find no counts.
  const namespaces = objects.map(([, className]) => `(className = ${quote(className)}, uniqueKey = ${quote(`footfall-${className}`)}, enableSql = true)`);
  return [
    isolate(name, '', `durableObjectNamespaces = [${namespaces.join(', ')}],\n    durableObjectStorage = (localDisk = ${quote(disk)})`),
    ...isolates.map((as) => isolate(as, `, serviceName = ${quote(name)}`, '')),
    `(name = ${quote(disk)}, disk = (path = ${quote(storage)}, writable = true))`,
  ];
}

/** The service of a plain JavaScript Worker, whose module is `file`, next to the configuration. */
export function plainService({ name, file, vars = {}, services = {}, outbound, compatibilityDate }) {
  return [
    worker({
      name,
      compatibilityDate,
      outbound,
      modules: [[`${name}.js`, 'esModule', file]],
      bindings: [...Object.entries(vars).map(variable), ...Object.entries(services).map(serviceBinding)],
    }),
  ];
}

/** A network service that reaches the ports of this machine and no other machine. */
export function loopbackService(name) {
  return [`(name = ${quote(name)}, network = (allow = ["local"]))`];
}

/** The name of the socket for the {@link COLLECT} entry point of a service. */
export const collector = (service) => `${service}-collect`;

/** The name of the socket that throws Footfall's objects away. */
export const BREAKER = 'footfall-break';

/**
 * The whole file. Every service in `exposed` gets a socket of its own name on a free port of the loopback. Those in `collected` get one more, which
 * collects their isolate's garbage. `breakable` adds the socket that throws objects away.
 */
export function configText({ services, exposed, collected, breakable }) {
  const socket = (name, service) => `(name = ${quote(name)}, address = "127.0.0.1:0", http = (), service = ${service})`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${services.flat().join(',\n    ')}
  ],
  sockets = [
    ${[
      ...exposed.map((name) => socket(name, quote(name))),
      ...collected.map((name) => socket(collector(name), `(name = ${quote(name)}, entrypoint = "Collect")`)),
      ...(breakable ? [socket(BREAKER, '(name = "footfall", entrypoint = "Break")')] : []),
    ].join(',\n    ')}
  ],
  v8Flags = [${collected.length > 0 ? '"--expose-gc"' : ''}]
);
`;
}
