/**
 * Texts for the owner in English and Korean. Each area has `<area>.en.ts` (defines the keys), `<area>.ko.ts` (typed by
 * the English one, so a missing translation does not compile) and `<area>.ts`, which joins them with `texts`.
 */

export const languages = ["en", "ko"] as const
export type Language = (typeof languages)[number]

type Table = Readonly<Record<string, string>>

/** The shape of a translation: exactly the keys of the English table. */
export type Translation<E extends Table> = Readonly<Record<keyof E, string>>

type ParamNames<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamNames<Rest>
  : never

type Arguments<T extends string> = [ParamNames<T>] extends [never]
  ? []
  : [params: Readonly<Record<ParamNames<T>, string | number>>]

/** Says one text; its parameters are the `{names}` in the English wording. */
export type Say<E extends Table> = <K extends keyof E & string>(key: K, ...params: Arguments<E[K]>) => string

/** Joins the two tables of an area: `const cliText = texts({ en, ko })`, then `cliText("ko")("stop.done")`. */
export function texts<const E extends Table>(tables: {
  readonly en: E
  readonly ko: Translation<E>
}): (language: Language) => Say<E> {
  return (language) => {
    const table: Translation<E> = tables[language]
    return (key, ...params) => fill(table[key], params[0] ?? {})
  }
}

/** Puts parameters into `{names}`; a name without a parameter stays as it is. */
function fill(template: string, params: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name]
    return value === undefined ? whole : String(value)
  })
}

/** The language that a machine's locale settings ask for (`LC_ALL`, then `LC_MESSAGES`, then `LANG`). */
export function systemLanguage(environment: Readonly<Record<string, string | undefined>>): Language {
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || ""
  return /^ko(?![a-z])/i.test(locale) ? "ko" : "en"
}
