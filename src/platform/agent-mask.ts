/**
 * Hides directories from an agent and from whatever it starts: our own data directory is empty to them but for what is
 * theirs. On Linux a mount namespace does it (`unshare` and `mount` of util-linux, no privileges and no daemon), on macOS
 * a seatbelt profile. The process keeps its id and its group. From inside, the processes outside cannot be looked into
 * either: reading their memory, environment or root needs rights in a user namespace that an agent is not in.
 */
import { execFile } from "node:child_process"
import { mkdirSync, realpathSync, statSync } from "node:fs"
import { join, sep } from "node:path"
import { promisify } from "node:util"

export interface MaskPlan {
  /** Existing directories that agents find empty and cannot write to. */
  readonly hidden: readonly string[]
  /** Below a hidden directory: what stays visible, where it exists. */
  readonly kept: readonly Kept[]
}

export interface Kept {
  readonly path: string
  readonly isWritable: boolean
}

export interface MaskedCommand {
  readonly command: string
  readonly args: readonly string[]
}

/** What is started instead of `program` so that it and its children see the plan's directories masked. */
export type AgentMask = (plan: MaskPlan, program: MaskedCommand & { readonly cwd: string }) => MaskedCommand

export type MaskProbe =
  | { readonly kind: "available"; readonly mask: AgentMask }
  /** `why`: the tool's own words, or the platform's name. */
  | { readonly kind: "unavailable"; readonly why: string }

const PROBE_MS = 5_000

/**
 * Whether agents can be masked on this machine: tried on `directory`, not guessed, since distributions restrict user
 * namespaces.
 */
export async function probeAgentMask(platform: NodeJS.Platform, directory: string): Promise<MaskProbe> {
  const mask = maskOf(platform)
  if (mask === null) return { kind: "unavailable", why: platform }
  try {
    const plan = prepareMask({ hidden: [directory], kept: [] })
    const isEmpty = 'test -z "$(ls "$0" 2>/dev/null)"'
    const { command, args } = mask(plan, {
      ...{ command: "/bin/sh", args: ["-c", isEmpty, plan.hidden[0] ?? directory], cwd: "/" },
    })
    await promisify(execFile)(command, [...args], { timeout: PROBE_MS, env: { PATH: TOOLS } })
    return { kind: "available", mask }
  } catch (error) {
    return { kind: "unavailable", why: wordsOf(error) }
  }
}

/** Null where there is no way. */
export function maskOf(platform: NodeJS.Platform): AgentMask | null {
  if (platform === "linux") return namespaceMask
  if (platform === "darwin") return seatbeltMask
  return null
}

const TOOLS = "/usr/bin:/bin:/usr/sbin:/sbin"

/** An agent's own PATH comes last: what it names decides nothing here. */
const ENTER_SCRIPT = `path=\${PATH-}; PATH=${TOOLS}:$path
enter=$(command -v unshare) || { echo "unshare is not installed" >&2; exit 127; }
PATH=$path
exec "$enter" --user --map-current-user --keep-caps --mount --propagation private -- "$@"`

/**
 * Arguments: the working directory; for each hidden directory its path, then `w` or `r` and a kept path as often as
 * needed, then `.`; `--`; the program and its arguments. The image of a hidden directory is put together on a staging
 * mount in it and then moved over it. The second `unshare` locks these mounts: nothing below it, not even root there,
 * can take them away or look beneath them.
 */
const NAMESPACE_SCRIPT = `set -eu
path=\${PATH-}; PATH=${TOOLS}:$path
cwd=$1; shift
while [ "$1" != -- ]; do
  hidden=$1; shift
  stage=$hidden/.mask
  mount -n -t tmpfs -o mode=0700,size=1m none "$stage"
  while [ "$1" != . ]; do
    how=$1; kept=$2; shift 2
    [ -d "$kept" ] || continue
    shown=$stage/\${kept#"$hidden"/}
    mkdir -p "$shown"
    mount -n --rbind "$kept" "$shown"
    [ "$how" = w ] && continue
    for flags in '' ,nosuid ,nodev ,nosuid,nodev ,nosuid,nodev,noexec; do
      mount -n -o "remount,bind,ro$flags" "$shown" 2>/dev/null && break
    done
  done
  shift
  mount -n --move "$stage" "$hidden"
  mount -n -o remount,bind,ro "$hidden"
done
shift
cd -- "$cwd"
lock=$(command -v unshare)
PATH=$path
unset PWD OLDPWD
exec "$lock" --user --map-current-user --mount -- "$@"`

const namespaceMask: AgentMask = ({ hidden, kept }, { command, args, cwd }) => {
  const plan = hidden.flatMap((directory) => [
    directory,
    ...kept
      .filter(({ path }) => isBelow(directory, path))
      .flatMap(({ path, isWritable }) => [isWritable ? "w" : "r", path]),
    ".",
  ])
  const inside = ["/bin/sh", "-c", NAMESPACE_SCRIPT, "mask", cwd, ...plan, "--", command, ...args]
  return { command: "/bin/sh", args: ["-c", ENTER_SCRIPT, "mask", ...inside] }
}

/** The last rule that fits decides. Denied are reading, writing and connecting to sockets below the directory. */
const seatbeltMask: AgentMask = ({ hidden, kept }, { command, args }) => {
  const below = (paths: readonly string[]) =>
    paths.map((path) => `(subpath ${JSON.stringify(path)})`).join(" ")
  const rule = (verb: string, paths: readonly string[]) =>
    paths.length === 0 ? [] : [`(${verb} ${below(paths)})`]
  const reading = kept.map(({ path }) => path)
  const writing = kept.filter(({ isWritable }) => isWritable).map(({ path }) => path)
  const profile = [
    "(version 1)",
    "(allow default)",
    ...["file-read*", "file-write*", "network-outbound"].flatMap((what) => rule(`deny ${what}`, hidden)),
    ...rule("allow file-read*", reading),
    ...["file-write*", "network-outbound"].flatMap((what) => rule(`allow ${what}`, writing)),
  ]
  return { command: "/usr/bin/sandbox-exec", args: ["-p", profile.join("\n"), command, ...args] }
}

/**
 * A plan in real paths, with the staging directories it needs made.
 * @throws when a hidden directory cannot be written to.
 */
export function prepareMask({ hidden, kept }: MaskPlan): MaskPlan {
  const real = [...new Set(hidden.filter(isDirectory).map((directory) => realpathSync(directory)))]
  for (const directory of real) mkdirSync(join(directory, ".mask"), { recursive: true, mode: 0o700 })
  return {
    hidden: real,
    kept: kept
      .filter(({ path }) => isDirectory(path))
      .map(({ path, isWritable }) => ({ path: realpathSync(path), isWritable })),
  }
}

function isBelow(directory: string, path: string): boolean {
  return path.startsWith(directory.endsWith(sep) ? directory : directory + sep)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** `unshare: unshare failed: Operation not permitted`; the command's own line would say less. */
function wordsOf(error: unknown): string {
  const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : ""
  if (said !== "") return said.split("\n").at(-1) ?? said
  return error instanceof Error ? error.message : String(error)
}
