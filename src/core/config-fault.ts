/** What can be wrong with a configuration, as data; `wordProblem` makes sentences of it. */
import type { Accepts } from "./config-settings.ts"
import { configText } from "./texts/config.ts"
import type { Language } from "./texts/text.ts"

export type ConfigSource =
  | { readonly kind: "command_line" }
  | { readonly kind: "environment" }
  | { readonly kind: "dotenv"; readonly path: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "default" }

/** `fatal`: the runtime does not start; `degraded`: a part stays off; `warning`: nothing is lost. */
export type Severity = "fatal" | "degraded" | "warning"

interface Where {
  /** As the owner wrote it: an environment name, or a path in `config.json` such as `localUi.port`. */
  readonly key: string
  readonly source: ConfigSource
}

export type Fault = Where &
  (
    | {
        readonly kind: "bad_value"
        readonly ifBad: "fatal" | "degraded"
        /** Null when it must not be shown. */
        readonly value: string | null
        readonly accepts: Accepts | "schema" | "object"
        /** What stays off; only for `degraded`. */
        readonly effect: Effect | null
      }
    | { readonly kind: "bad_token"; readonly position: number; readonly total: number }
    | { readonly kind: "duplicate_bot"; readonly position: number; readonly total: number }
    | { readonly kind: "owner_missing" }
    | { readonly kind: "unknown"; readonly nearest: string | null }
    | { readonly kind: "retired" }
    | { readonly kind: "data_dir" }
    | { readonly kind: "unreadable"; readonly detail: string }
    | { readonly kind: "not_json"; readonly detail: string }
    | { readonly kind: "loose_mode"; readonly mode: string; readonly path: string; readonly wanted: string }
    | { readonly kind: "not_a_directory"; readonly value: string }
  )

type Effect = "telegram_off" | "local_ui_off"

export interface ConfigProblem extends Where {
  readonly kind: Fault["kind"]
  readonly severity: Severity
  /** What is wrong, and what follows from it. */
  readonly what: string
  readonly accepted: string
  readonly remedy: string
}

/** Never contains the value of a secret. */
export function wordProblem(fault: Fault, language: Language): ConfigProblem {
  const { key, source, kind } = fault
  return { key, source, kind, ...sentences(fault, language) }
}

/** The place of a setting in words: a file's path, "the environment" … */
function sourceName(source: ConfigSource, language: Language): string {
  switch (source.kind) {
    case "dotenv":
    case "file":
      return source.path
    case "command_line":
    case "environment":
    case "default":
      return configText(language)(`source.${source.kind}`)
  }
}

type Sentences = Pick<ConfigProblem, "severity" | "what" | "accepted" | "remedy">

function sentences(fault: Fault, language: Language): Sentences {
  const say = configText(language)
  const key = fault.key
  const source = sourceName(fault.source, language)
  switch (fault.kind) {
    case "bad_value":
      return badValue(fault, language)
    case "bad_token":
    case "duplicate_bot":
      return {
        severity: "degraded",
        what: `${say(`what.${fault.kind}`, { key, position: fault.position, total: fault.total })} ${say("effect.bot_left_out")}`,
        accepted: say("accept.token"),
        remedy: fault.kind === "bad_token" ? say("remedy.token") : say("remedy.remove", { key, source }),
      }
    case "owner_missing":
      return {
        severity: "degraded",
        what: `${say("what.owner_missing")} ${say("effect.telegram_off")}`,
        accepted: say("accept.owner"),
        remedy: say("remedy.owner"),
      }
    case "unknown":
      return unknown(fault, language)
    case "retired":
      return {
        severity: "warning",
        what: say("what.retired", { key }),
        accepted: say("accept.known"),
        remedy: say("remedy.remove", { key, source }),
      }
    case "data_dir":
      return {
        severity: "warning",
        what: say("what.data_dir", { key }),
        accepted: say("accept.directory"),
        remedy: say("remedy.data_dir"),
      }
    case "unreadable":
    case "not_json":
      return {
        severity: "fatal",
        what: say(`what.${fault.kind}`, { key, detail: fault.detail }),
        accepted: say(fault.kind === "not_json" ? "accept.schema" : "accept.mode"),
        remedy:
          fault.kind === "not_json"
            ? say("remedy.correct", { key, source })
            : say("remedy.readable", { path: key }),
      }
    case "loose_mode":
      return {
        severity: "warning",
        what: say("what.loose_mode", { key, mode: fault.mode }),
        accepted: say("accept.mode"),
        remedy: say("remedy.chmod", { mode: fault.wanted, path: fault.path }),
      }
    case "not_a_directory":
      return {
        severity: "fatal",
        what: say("what.not_a_directory", { key, value: fault.value }),
        accepted: say("accept.directory"),
        remedy: say("remedy.correct", { key, source }),
      }
  }
}

function badValue(fault: Fault & { readonly kind: "bad_value" }, language: Language): Sentences {
  const say = configText(language)
  const { key, value, accepts, effect } = fault
  const what = value === null ? say("what.bad_secret", { key }) : say("what.bad_value", { key, value })
  const specific =
    accepts === "token" || accepts === "owner" || accepts === "loopback" ? say(`remedy.${accepts}`) : null
  return {
    severity: fault.ifBad,
    what: effect === null ? what : `${what} ${say(`effect.${effect}`)}`,
    accepted: say(`accept.${accepts}`),
    remedy: specific ?? say("remedy.correct", { key, source: sourceName(fault.source, language) }),
  }
}

function unknown(fault: Fault & { readonly kind: "unknown" }, language: Language): Sentences {
  const say = configText(language)
  const { key, nearest } = fault
  const source = sourceName(fault.source, language)
  const what = nearest === null ? say("what.unknown", { key }) : say("what.unknown_nearest", { key, nearest })
  const remove =
    fault.source.kind === "dotenv"
      ? say("remedy.agent_env", { key, source })
      : say("remedy.remove", { key, source })
  return {
    severity: "warning",
    what: `${what} ${say("effect.ignored")}`,
    accepted: say("accept.known"),
    remedy: nearest === null ? remove : say("remedy.rename", { nearest, source }),
  }
}
