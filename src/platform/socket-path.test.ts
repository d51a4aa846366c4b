import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { prepareSocketDirectory, socketPath } from "./socket-path.ts"

let directory = ""
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "socket-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

it("is in the data directory", () => {
  expect(socketPath("/home/me/.remoteagent", "host")).toBe("/home/me/.remoteagent/host.sock")
})

it("is in the directory that a linked data directory leads to", () => {
  mkdirSync(join(directory, "disk"))
  symlinkSync(join(directory, "disk"), join(directory, "data"))
  expect(socketPath(join(directory, "data"), "host")).toBe(join(directory, "disk", "host.sock"))
})

it("is elsewhere, short and its own, for each data directory that is too deep", () => {
  const deep = (name: string) => socketPath(`/${"x".repeat(120)}/${name}`, "host")
  expect(Buffer.byteLength(deep("a"))).toBeLessThanOrEqual(100)
  expect(deep("a")).toBe(deep("a"))
  expect(deep("a")).not.toBe(deep("b"))
  // Counted in bytes, as the kernel does.
  expect(socketPath(`/home/${"ü".repeat(45)}`, "host")).not.toContain("ü")
})

it("is refused where somebody else could have put it", () => {
  prepareSocketDirectory(join(directory, "fresh", "host.sock"))
  expect(statSync(join(directory, "fresh")).mode & 0o777).toBe(0o700)
  mkdirSync(join(directory, "open"))
  chmodSync(join(directory, "open"), 0o777)
  expect(() => prepareSocketDirectory(join(directory, "open", "host.sock"))).toThrow("only its owner")
  symlinkSync(join(directory, "fresh"), join(directory, "link"))
  expect(() => prepareSocketDirectory(join(directory, "link", "host.sock"))).toThrow("only its owner")
})
