import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { findProgram } from "./find-program.ts"

let home = ""
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "find-"))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function install(path: string, mode = 0o755): string {
  const file = join(home, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, "#!/bin/sh\n")
  chmodSync(file, mode)
  return file
}

const find = (command: string, path = "") =>
  findProgram(command, { HOME: home, PATH: path }, [join(home, "ours")])

it("takes PATH first, then our own installs, then the usual places", () => {
  const usual = install(".local/bin/zz-agent")
  expect(find("zz-agent")).toBe(usual)
  const ours = install("ours/zz-agent")
  expect(find("zz-agent")).toBe(ours)
  const onPath = install("p/zz-agent")
  expect(find("zz-agent", `relative:${join(home, "p")}`)).toBe(onPath)
})

it("finds what nvm installed, and a path given as it is", () => {
  const nvm = install(".nvm/versions/node/v24.0.0/bin/zz-agent")
  expect(find("zz-agent")).toBe(nvm)
  expect(find(nvm)).toBe(nvm)
  expect(find("~/.nvm/versions/node/v24.0.0/bin/zz-agent")).toBe(nvm)
})

it("finds nothing that cannot be executed or is no file", () => {
  install(".local/bin/zz-agent", 0o644)
  mkdirSync(join(home, "bin", "zz-agent"), { recursive: true })
  expect(find("zz-agent")).toBeNull()
  expect(find(join(home, "nowhere"))).toBeNull()
})
