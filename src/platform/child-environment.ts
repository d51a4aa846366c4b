/** The environment a child process is given: a short list of names, never everything that happens to be set. */

const BASE = new Set([
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TERM", "TMPDIR", "TZ"],
  ...[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
  ],
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"],
  ...["GIT_SSL_CAINFO", "AWS_CA_BUNDLE", "CARGO_HTTP_CAINFO"],
])
const BASE_PREFIXES = ["LC_", "XDG_"]

/**
 * They lead to the owner's keys, or to the session bus and so to processes outside of every sandbox: passed on only by
 * their full name, never by a prefix.
 */
const BY_NAME_ONLY = new Set(["SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"])

export type Environment = Readonly<Record<string, string | undefined>>

/** Ours alone: never passed on, not even where a wildcard would. */
function isOurs(name: string): boolean {
  return name === "DATA_DIR" || /^(TELEGRAM_|REMOTEAGENT_)/i.test(name) || /BOT_TOKEN/i.test(name)
}

export interface ChildEnvironment {
  /** The environment of this process. */
  readonly source: Environment
  /** Further names to pass on; `*` at the end means a prefix. */
  readonly inherit: readonly string[]
  /** Set last, as they are. */
  readonly extra: Readonly<Record<string, string>>
}

export function childEnvironment({ source, inherit, extra }: ChildEnvironment): Record<string, string> {
  const isWanted = (name: string): boolean => {
    if (BY_NAME_ONLY.has(name)) return inherit.includes(name)
    const isBase = BASE.has(name) || BASE_PREFIXES.some((prefix) => name.startsWith(prefix))
    return isBase || isInherited(name, inherit)
  }
  return { ...pick(source, (name) => isWanted(name) && !isOurs(name)), ...extra }
}

/** What the host itself is started with: all but our own secrets, since agents may be told to inherit from it. */
export function hostEnvironment(source: Environment): Record<string, string> {
  return pick(source, (name) => !isOurs(name))
}

function isInherited(name: string, inherit: readonly string[]): boolean {
  return inherit.some((wanted) =>
    wanted.endsWith("*") ? name.startsWith(wanted.slice(0, -1)) : name === wanted,
  )
}

function pick(source: Environment, isWanted: (name: string) => boolean): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && isWanted(name)) picked[name] = value
  }
  return picked
}
