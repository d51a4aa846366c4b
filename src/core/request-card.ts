/**
 * What an approval shows, in the one order that every surface keeps: risk, where, the whole of what is to be done, its
 * arguments, what lasting options allow, and the agent's own words last. Pure; surfaces only give it their look.
 */
import { isDeepStrictEqual } from "node:util"
import type { FileChange, OptionEffect, Permission, RequestBody, RequestOption } from "../protocol/session.ts"
import { assessRisk, type Risk } from "./approval-risk.ts"
import { type Reach, reachOf } from "./rule-risk.ts"
import { abridged, isReadable, visibleText } from "./visible-text.ts"

type Approval = Extract<RequestBody, { kind: "approval" }>

/** An option as it is offered. */
export interface CardOption {
  readonly id: string
  readonly effect: OptionEffect
  /** Stands on the button and before its line on the card, where the effect alone does not say all. */
  readonly number: number | null
  /** What exactly it allows, in full. */
  readonly scope: string | null
  /** What the agent calls it. */
  readonly label: string | null
  /** Beyond this once. */
  readonly reach: Reach | null
}

export interface CardFile {
  readonly change: FileChange["change"]
  readonly path: string
  readonly movedTo: string | null
}

export type Section =
  /** Absent when nothing speaks against it. */
  | { readonly kind: "risk"; readonly risk: Risk }
  | { readonly kind: "where"; readonly path: string }
  | { readonly kind: "permissions"; readonly permissions: readonly Permission[] }
  | { readonly kind: "command"; readonly text: string }
  | { readonly kind: "title"; readonly text: string }
  /** `more`: not listed here. */
  | { readonly kind: "files"; readonly files: readonly CardFile[]; readonly more: number }
  | { readonly kind: "diff"; readonly path: string; readonly text: string }
  | { readonly kind: "input"; readonly text: string }
  /** Characters that hide or imitate were written out in what is above. */
  | { readonly kind: "marked"; readonly count: number }
  | { readonly kind: "unreadable" }
  | { readonly kind: "options"; readonly options: readonly CardOption[] }
  | { readonly kind: "reason"; readonly text: string }

export interface RequestCard {
  readonly sections: readonly Section[]
  /** Those that may be given on what the card shows. */
  readonly options: readonly CardOption[]
}

export interface CardPlace {
  /** Absolute. */
  readonly workspace: string
  readonly home?: string | undefined
}

export function requestCard(body: Approval, place: CardPlace): RequestCard {
  const canBeJudged = showsSomething(body)
  const options = cardOptions(body.options).filter(({ effect }) => canBeJudged || isDenial(effect))
  const marks = { count: 0 }
  const see = (text: string): string => {
    const { text: seen, marked } = visibleText(text)
    marks.count += marked
    return seen
  }
  const subject = subjectSections(body, see)
  const numbered = options.filter(({ number }) => number !== null).map((option) => seenOption(option, see))
  const reason = reasonOf(body)
  const sections: readonly (Section | null)[] = [
    riskSection(body, place),
    body.cwd !== undefined && body.cwd !== place.workspace ? { kind: "where", path: see(body.cwd) } : null,
    ...subject,
    marks.count > 0 ? { kind: "marked", count: marks.count } : null,
    canBeJudged ? null : { kind: "unreadable" },
    numbered.length > 0 ? { kind: "options", options: numbered } : null,
    reason === null ? null : { kind: "reason", text: reason },
  ]
  return { sections: sections.filter((section) => section !== null), options }
}

/** The same within so many UTF-16 units a section. What is cut must be shown whole elsewhere before it can be allowed. */
export function shortened(
  sections: readonly Section[],
  room: number,
): { readonly sections: readonly Section[]; readonly isCut: boolean } {
  const short = sections.flatMap((section) => shortSection(section, room))
  return { sections: short, isCut: !isDeepStrictEqual(short, sections) }
}

function shortSection(section: Section, room: number): readonly Section[] {
  switch (section.kind) {
    case "command":
    case "title":
      return [{ ...section, text: abridged(section.text, room) }]
    case "input":
      return [{ ...section, text: abridged(section.text, room / 2) }]
    case "diff":
      return room < SMALL_ROOM ? [] : [{ ...section, text: abridged(section.text, room / 2) }]
    case "where":
      return [{ ...section, path: abridged(section.path, 200) }]
    case "files": {
      const files = section.files.slice(0, Math.max(3, Math.floor(room / 60)))
      const more = section.files.length - files.length
      return [{ ...section, more, files: files.map((file) => ({ ...file, path: abridged(file.path, 200) })) }]
    }
    case "permissions":
      return [{ ...section, permissions: section.permissions.slice(0, Math.max(5, Math.floor(room / 60))) }]
    case "options":
      return [{ ...section, options: section.options.map((option) => shortOption(option, room / 4)) }]
    case "risk":
    case "marked":
    case "unreadable":
    case "reason":
      return [section]
  }
}

/** Below this there is no room for changes beside their names. */
const SMALL_ROOM = 200

function shortOption(option: CardOption, room: number): CardOption {
  const cut = (text: string | null) => (text === null ? null : abridged(text, Math.max(80, room)))
  return { ...option, scope: cut(option.scope), label: cut(option.label) }
}

export function isDenial(effect: OptionEffect): boolean {
  return effect === "deny" || effect === "deny_stop"
}

function lasts(effect: OptionEffect): boolean {
  return effect === "allow_session" || effect === "allow_always"
}

/** Whether there is anything to judge it by. A command or change without its text is none. */
function showsSomething({ subject, command, changes, permissions, input, title }: Approval): boolean {
  if (isReadable(command) || isReadable(input) || (permissions?.length ?? 0) > 0) return true
  if ((changes ?? []).some(({ path }) => isReadable(path))) return true
  return (subject === "tool" || subject === "permission") && isReadable(title)
}

function subjectSections(body: Approval, see: (text: string) => string): readonly Section[] {
  const { permissions = [], command, changes = [], input, title } = body
  const named = permissions.length > 0 || command !== undefined || changes.length > 0
  return [
    ...(permissions.length > 0
      ? [{ kind: "permissions", permissions: permissions.map(seenPermission) } as const]
      : []),
    ...(command === undefined ? [] : [{ kind: "command", text: see(command) } as const]),
    ...(named ? [] : [{ kind: "title", text: see(title) } as const]),
    ...(changes.length > 0 ? [{ kind: "files", files: changes.map(toFile), more: 0 } as const] : []),
    ...changes.flatMap(({ path, diff }) =>
      diff === undefined ? [] : [{ kind: "diff", path: see(path), text: see(diff) } as const],
    ),
    ...(input === undefined ? [] : [{ kind: "input", text: see(input) } as const]),
  ]
  function toFile({ change, path, movedTo }: FileChange): CardFile {
    return { change, path: see(path), movedTo: movedTo === undefined ? null : see(movedTo) }
  }
  function seenPermission(permission: Permission): Permission {
    if (permission.kind !== "network") return { ...permission, path: see(permission.path) }
    return permission.host === undefined ? permission : { ...permission, host: see(permission.host) }
  }
}

function riskSection(body: Approval, { workspace, home }: CardPlace): Section | null {
  const { command, changes, cwd } = body
  if (command === undefined && changes === undefined) return null
  const risk = assessRisk({ command, changes, cwd, workspace, home })
  return risk.reasons.length === 0 ? null : { kind: "risk", risk }
}

/** What its effect does not say in full has a number; so have two of one effect, which would look the same. */
function cardOptions(options: readonly RequestOption[]): readonly CardOption[] {
  let last = 0
  return options.map(({ id, effect, scope, label }) => {
    const isAlone = options.filter((other) => other.effect === effect).length === 1
    const needsNumber = !isAlone || isReadable(scope) || isReadable(label)
    if (needsNumber) last += 1
    return {
      reach: lasts(effect) && needsNumber ? reachOf(scope ?? null) : null,
      ...{ id, effect, number: needsNumber ? last : null },
      ...{
        scope: isReadable(scope) ? (scope ?? null) : null,
        label: isReadable(label) ? (label ?? null) : null,
      },
    }
  })
}

function seenOption(option: CardOption, see: (text: string) => string): CardOption {
  const { scope, label } = option
  return {
    ...option,
    scope: scope === null ? null : see(scope),
    label: label === null ? null : oneLine(see(label)),
  }
}

const LONGEST_REASON = 300

/** The agent's words: one block, so that they cannot look like ours. */
function reasonOf({ reason, title, command }: Approval): string | null {
  if (!isReadable(reason) || reason === undefined || reason === command || reason === title) return null
  const line = oneLine(visibleText(reason.slice(0, 20 * LONGEST_REASON)).text)
  const isCut = line.length > LONGEST_REASON || reason.length > 20 * LONGEST_REASON
  return isCut ? `${line.slice(0, LONGEST_REASON - 1).toWellFormed()}…` : line
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim()
}
