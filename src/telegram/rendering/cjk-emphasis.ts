/**
 * CommonMark decides by spaces whether `**` opens or closes, so `**완료(예정)**는` stays raw in languages that put
 * no space there. A mark that counts as a space, and that `cleanText` removes from every text, is put where one is missing.
 */
export function markCjkEmphasis(markdown: string): string {
  return cjk.test(markdown) && markdown.includes("**")
    ? markdown.split("\n").map(markLine).join("\n")
    : markdown
}

const SPACE_MARK = "\uFEFF"
const cjk = /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u
const sign = /[\p{P}\p{S}]/u
const codeOrStrong = /(`+).*?\1|\\.|\*+/gs

function markLine(line: string): string {
  let isInside = false
  return line.replace(codeOrStrong, (token, _ticks, at: number) => {
    if (token !== "**") return token
    isInside = !isInside
    const before = line.slice(0, at).at(-1) ?? " "
    const after = line.at(at + 2) ?? " "
    if (isInside) return cjk.test(before) && sign.test(after) ? `${SPACE_MARK}**` : token
    return sign.test(before) && cjk.test(after) ? `**${SPACE_MARK}` : token
  })
}
