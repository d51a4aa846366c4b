import { describe, expect, it } from "vitest"
import { unwrapShell } from "./shell-command.ts"

describe("unwrapShell", () => {
  it.each([
    ["/bin/bash -lc 'touch esc.txt'", "touch esc.txt"],
    ["/bin/bash -lc ls", "ls"],
    ["bash -c 'a\nb'", "a\nb"],
    [`/bin/zsh -lc 'echo '"'"'hi'"'"''`, "echo 'hi'"],
    ["/bin/bash -lc 'echo '\\''hi'\\'''", "echo 'hi'"],
    ['/bin/sh -c "echo \\"hi\\" \\$HOME"', 'echo "hi" $HOME'],
    ["/bin/bash -lc 'echo ünïcode 😀'", "echo ünïcode 😀"],
  ])("%s", (wrapped, typed) => {
    expect(unwrapShell(wrapped)).toBe(typed)
  })

  it.each(["npm test", "/bin/bash script.sh", "/bin/bash -lc ls extra", "/bin/bash -lc 'unclosed"])(
    "leaves %s alone",
    (command) => {
      expect(unwrapShell(command)).toBe(command)
    },
  )
})
