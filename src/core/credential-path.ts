/** Whether a path looks like it holds a credential, by its names alone; examples and public keys do not count. */
export function looksLikeCredential(path: string): boolean {
  const parts = path
    .toLowerCase()
    .split(/[/\\]+/)
    .filter((part) => part !== "")
  const name = parts.at(-1) ?? ""
  if (/\.(?:example|sample|template|dist|pub)$/.test(name)) return false
  return (
    parts.some((part) => FOLDERS.has(part)) ||
    NAMES.some((pattern) => pattern.test(name)) ||
    (TELLING_WORD.test(name) && !SOURCE.test(name)) ||
    isTail(parts)
  )
}

const FOLDERS: ReadonlySet<string> = new Set([
  ".ssh",
  ".gnupg",
  ".aws",
  ".azure",
  ".kube",
  ".password-store",
  "keychains",
  ".remoteagent",
])

const NAMES: readonly RegExp[] = [
  /^environ$/,
  /^\.env(?:[.-].*|rc)?$/,
  /\.env$/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)/,
  /\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg|ovpn)$/,
  /^\.?(?:netrc|_netrc|npmrc|pypirc|pgpass|git-credentials|htpasswd|dockercfg|vault-token|yarnrc\.yml|boto|s3cfg)$/,
  /^(?:auth|oauth|oauth_creds|login|cookies|keyring|wallet)\.(?:json|ya?ml|toml|txt|sqlite|db|dat)$/,
  /^(?:authorized_keys|known_hosts|sudoers|master\.key)$/,
]

const TELLING_WORD =
  /(?:^|[._-])(?:credentials?|secrets?|passwords?|passwd|shadow|tokens?|apikeys?|api[_-]keys?|service[_-]?account|private[_-]?key)(?:[._-]|$)/
/** `token.ts` is about tokens; `token.json` is one. */
const SOURCE =
  /\.(?:[cm]?[jt]sx?|py|go|rs|java|kt|rb|php|cs|swift|scala|c|cc|cpp|h|hpp|vue|svelte|css|scss|html|md|mdx|snap)$/

/** Credentials that tools keep under ordinary names in their own folder. */
const TAILS: readonly string[] = [
  ".docker/config.json",
  ".config/gh/hosts.yml",
  ".config/gcloud",
  ".claude.json",
  ".claude/.credentials.json",
  ".codex/auth.json",
  ".git/config",
]

function isTail(parts: readonly string[]): boolean {
  const whole = `/${parts.join("/")}/`
  return TAILS.some((tail) => whole.includes(`/${tail}/`))
}
