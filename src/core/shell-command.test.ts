import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readShell } from "./shell-command.ts"

/** One line per command: words joined by `·`, `|` before what is piped, redirects and input after it. */
function shown(source: string): readonly string[] {
  return readShell(source).commands.map(({ words, redirects, isPiped, input }) =>
    [
      (isPiped ? "| " : "") + words.join("·"),
      ...redirects.map(({ operator, target }) => `${operator}${target}`),
      ...(input === "" ? [] : [`<<${input}`]),
    ].join(" "),
  )
}

describe("readShell", () => {
  it.each([
    ["ls -la", ["ls·-la"]],
    ["a && b; c || d & e", ["a", "b", "c", "d", "e"]],
    ["a | b |& c", ["a", "| b", "| c"]],
    [`echo 'a b' "c d" e\\ f ''`, ["echo·a b·c d·e f·"]],
    [`rm -rf "$HOME"/x`, ["rm·-rf·$HOME/x"]],
    ["a > b 2>> c 2>&1 < d", ["a >b >>c >&1 <d"]],
    ["a &> b", ["a &>b"]],
    ["echo $(rm x) `rm y`", ["rm·x", "rm·y", "echo·$()·$()"]],
    [`echo "$(rm 'x)')"`, ["rm·x)", "echo·$()"]],
    ["(cd a && rm b)", ["cd·a", "rm·b"]],
    ["diff <(a) <(b)", ["a", "b", "diff·$()·$()"]],
    ["a # rm b\nc", ["a", "c"]],
    ["a#b", ["a#b"]],
    ["a \\\n b", ["a·b"]],
    ["cat > x <<'EOF'\nrm -rf /\nEOF\nls", ["cat >x <<rm -rf /", "ls"]],
    ["bash <<< 'rm x'", ["bash <<rm x"]],
    ["bash -lc 'a && b'", ["bash·-lc·a && b"]],
  ])("%j", (source, expected) => {
    expect(shown(source)).toEqual(expected)
    expect(readShell(source).isBroken).toBe(false)
  })

  it.each(["echo 'a", 'echo "a', "echo $(a", "echo `a", "cat <<EOF\nx"])(
    "says that %j is broken",
    (source) => {
      expect(readShell(source).isBroken).toBe(true)
    },
  )

  it("ends on anything", () => {
    const piece = fc.constantFrom(..."ab '\"`$()<>|&;\\\n#", "<<E", "$(", "E\n")
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        (pieces) => readShell(pieces.join("")).commands.length < 100,
      ),
    )
  })
})
