// The configuration of one workerd process, as Cap'n Proto text.
//
// In scope: services, bindings and sockets as plain values, and how they are written down. Nothing here starts anything.

/** Quotes a text for a Cap'n Proto file, whose escapes are those of C. Other text is UTF-8 as it is. */
function quote(text) {
  // eslint-disable-next-line no-control-regex
  return `"${String(text).replace(/["\\]/g, '\\$&').replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;
}

/** A text stays a text; anything else arrives as JSON would, which is how wrangler passes `[vars]` that are no texts. */
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
 * The built Footfall. `storage` is the directory for what it counts. It is always on disk: workerd's objects in memory
 * have no SQL.
 */
export function footfallService({ name, vars = {}, services = {}, objects, unbound = [], outbound, storage, compatibilityDate }) {
  const disk = `${name}-disk`;
  return [
    worker({
      name,
      compatibilityDate,
      outbound,
      modules: [
        ...['main.js', 'probe.js', 'index.js'].map((file) => [file, 'esModule', file]),
        ['index_bg.wasm', 'wasm', 'index_bg.wasm'],
      ],
      bindings: [
        ...objects.filter(([binding]) => !unbound.includes(binding)).map(([binding, className]) => `(name = ${quote(binding)}, durableObjectNamespace = ${quote(className)})`),
        ...Object.entries(vars).map(variable),
        ...Object.entries(services).map(serviceBinding),
      ],
      // The keys name the directories of the namespaces on disk: another key would find no counts after a restart.
      storage: `durableObjectNamespaces = [${objects
        .map(([, className]) => `(className = ${quote(className)}, uniqueKey = ${quote(`footfall-${className}`)}, enableSql = true)`)
        .join(', ')}],
    durableObjectStorage = (localDisk = ${quote(disk)})`,
    }),
    `(name = ${quote(disk)}, disk = (path = ${quote(storage)}, writable = true))`,
  ];
}

/** A Worker in plain JavaScript, whose source is the module `file` next to the configuration. */
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

/** The way to this machine's own ports, and to no other machine. */
export function loopbackService(name) {
  return [`(name = ${quote(name)}, network = (allow = ["local"]))`];
}

/** The name of the socket that the {@link COLLECT} of a service is reached by. */
export const collector = (service) => `${service}-collect`;

/** The name of the socket that Footfall's objects are thrown away by. */
export const BREAKER = 'footfall-break';

/**
 * The whole file. Every service in `exposed` gets a socket of its own name on a free port of the loopback; those in
 * `collected` get one more, which collects their isolate's garbage; `breakable` adds the one that throws objects away.
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
