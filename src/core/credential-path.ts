/** Whether a path looks like it holds a credential, by its names alone; examples and public keys do not count. */
export function looksLikeCredential(path: string): boolean {
  const parts = plainly(path)
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

/** As it reads: letters of other scripts and forms that look like Latin ones are taken for them, marks nobody sees for none. */
function plainly(path: string): string {
  return path
    .normalize("NFKC")
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "")
    .replace(/[асеорхуіјѕһԁ]/gu, (letter) => LATIN[letter] ?? letter)
}

const LATIN: Readonly<Record<string, string>> = {
  ...{ а: "a", с: "c", е: "e", о: "o", р: "p", х: "x", у: "y", і: "i", ј: "j", ѕ: "s", һ: "h", ԁ: "d" },
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
  ".subversion",
  "keyrings",
])

const NAMES: readonly RegExp[] = [
  /^environ$/,
  /^\.env(?:[.-].*|rc)?$/,
  /\.env$/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)/,
  /\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg|ovpn)$/,
  /^\.?(?:netrc|_netrc|npmrc|pypirc|pgpass|git-credentials|htpasswd|dockercfg|vault-token|yarnrc\.yml|boto|s3cfg)$/,
  /^(?:auth|oauth|oauth_creds|login|cookies|keyring|wallet)\.(?:json|ya?ml|toml|txt|sqlite|db|dat)$/,
  /^(?:authorized_keys|known_hosts|sudoers|master\.key|sam|kubeconfig(?:\..*)?|admin\.conf|wp-config\.php)$/,
  /(?:^|[._-])(?:history|viminfo|xauthority|iceauthority)$/,
  /^(?:cookies|login data|web data|key[34]\.db|logins\.json|cert9\.db|sitemanager\.xml|recentservers\.xml)$/,
  /^(?:terraform\.tfstate(?:\.backup)?|.*\.tfvars|credentials?\..*|gradle\.properties|local\.settings\.json)$/,
  /\.(?:p8|pkcs12|jceks|keychain|keychain-db|dmp|hprof|mobileprovision)$/,
  /^(?:core\.\d+|authkey_.*|.*-?adminsdk.*\.json|gcp[-_].*key.*\.json|client_secret.*)$/,
  /^(?:sftp-config\.json|sftp\.json|\.ftpconfig|rclone\.conf|wg\d*\.conf|ipsec\.secrets|openvpn-auth.*|hub)$/,
  /^(?:seed|mnemonic|recovery[-_]?codes?|2fa|backup[-_]?codes?|otp)(?:[._-].*)?\.(?:txt|md|json|pdf|csv)$/,
  /^(?:ledger\.db|host-journal\.sqlite).*$/,
  /(?:^|[._-])(?:id_(?:rsa|dsa|ecdsa|ed25519)|ssh[-_]?keys?)(?:[._-]|$)|^ssh\.(?:zip|tar|tgz|7z)/,
]

const TELLING_WORD =
  /(?:^|[._-])(?:credentials?|secrets?|passwords?|passwd|shadow|tokens?|apikeys?|api[_-]keys?|service[_-]?account(?:[_-]?key)?|serviceaccountkey|private[_-]?key)(?:[._-]|$)/
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
  ".m2/settings.xml",
  ".config/google-chrome",
  ".config/chromium",
  ".mozilla/firefox",
  ".config/hub",
  ".config/rclone",
  ".config/opencode/auth.json",
  ".local/share/opencode/auth.json",
  ".gemini/oauth_creds.json",
  ".config/goose",
  ".openclaw/openclaw.json",
  ".composer/auth.json",
  ".claude/settings.local.json",
  "config/database.yml",
  ".vscode/sftp.json",
  ".terraform.d",
]

function isTail(parts: readonly string[]): boolean {
  const whole = `/${parts.join("/")}/`
  return TAILS.some((tail) => whole.includes(`/${tail}/`))
}
