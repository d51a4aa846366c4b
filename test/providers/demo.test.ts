import { randomUUID } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { AttemptId, ProviderId, SessionId } from "../../src/protocol/ids.ts"
import { createDemoProvider } from "../../src/providers/demo/provider.ts"
import { texts } from "../../src/providers/demo/texts.ts"
import type { ProviderSession } from "../../src/providers/provider.ts"
import { createSurroundings, type Surroundings } from "./local-context.ts"
import { Recorder } from "./recorder.ts"

describe("the demonstration agent", () => {
  let surroundings: Surroundings
  let session: ProviderSession
  let recorder: Recorder

  beforeEach(async () => {
    surroundings = createSurroundings({ hosted: true })
    recorder = new Recorder()
    session = await createDemoProvider(surroundings.context({})).open(
      {
        session: SessionId.parse("S001"),
        provider: ProviderId.parse("demo"),
        workspace: surroundings.workspace,
        nativeId: null,
        settings: {},
      },
      recorder,
    )
  })
  afterEach(async () => {
    await surroundings.close()
  })

  async function says(text: string): Promise<AttemptId> {
    const attempt = AttemptId.parse(randomUUID())
    await session.send({ text, files: [] }, attempt)
    return attempt
  }

  it.each([
    ["hello", texts.en],
    ["안녕하세요", texts.ko],
  ])("answers %s in its language, labelled as a demonstration", async (prompt, words) => {
    const outcome = await recorder.ended(await says(prompt))
    expect(outcome.kind === "completed" && outcome.text).toBe(
      `${words.label}\n\n${words.youSaid(prompt)}\n\n${words.intro}`,
    )
  })

  it.each(["list", "목록"])("%s lists what is really in the workspace", async (prompt) => {
    writeFileSync(join(surroundings.workspace, "real-file.txt"), "")
    const attempt = await says(prompt)
    const outcome = await recorder.ended(attempt)
    expect(outcome.kind === "completed" && outcome.text).toContain("`real-file.txt`")
    expect(recorder.items(attempt)[0]).toMatchObject({
      kind: "tool",
      status: "completed",
      output: "real-file.txt",
    })
  })

  it.each(["write", "쓰기"])("%s asks with a diff before it writes", async (prompt) => {
    const attempt = await says(prompt)
    const { request, body } = await recorder.request(attempt)
    const path = join(surroundings.workspace, "demo.txt")
    expect(body).toMatchObject({
      kind: "approval",
      subject: "file_change",
      changes: [{ path, change: "add", diff: `@@ -0,0 +1,1 @@\n+${prompt}\n` }],
    })
    expect(existsSync(path)).toBe(false)
    await session.answer(request, { kind: "option", option: "yes" })
    await recorder.ended(attempt)
    expect(readFileSync(path, "utf8")).toBe(`${prompt}\n`)
  })

  it("ask shows one choice, several choices and free text", async () => {
    const { body } = await recorder.request(await says("ask"))
    const questions = body.kind === "question" ? body.questions : []
    expect(questions.map(({ multiple, freeText, options }) => [multiple, freeText, options.length])).toEqual([
      [false, false, 3],
      [true, false, 3],
      [false, true, 0],
    ])
  })

  it.each(["file", "파일"])("%s writes a report and hands it over by its path", async (prompt) => {
    const outcome = await recorder.ended(await says(prompt))
    const path = join(surroundings.workspace, "demo-report.md")
    expect(outcome.kind === "completed" && outcome.text.split("\n").at(-1)).toBe(`TELEGRAM_FILE: ${path}`)
    expect(existsSync(path)).toBe(true)
  })

  it.each(["plan", "계획"])("%s gets its steps done one by one", async (prompt) => {
    const attempt = await says(prompt)
    await recorder.ended(attempt)
    const plans = recorder.of(attempt).flatMap((event) => {
      return event.kind === "item" && event.item.kind === "plan" ? [event.item.steps] : []
    })
    const done = plans.map((steps) => steps.filter((step) => step.status === "completed").length)
    expect(done).toEqual([0, 1, 2, 3, 3])
  })

  it.each(["slow", "천천히"])("%s can be stopped", async (prompt) => {
    const attempt = await says(prompt)
    await recorder.streaming(attempt)
    await session.interrupt()
    expect(await recorder.ended(attempt)).toMatchObject({ kind: "stopped" })
  })

  it.each([
    ["error", "unknown"],
    ["오류", "unknown"],
    ["crash", "crashed"],
  ])("%s fails as %s", async (prompt, reason) => {
    expect(await recorder.ended(await says(prompt))).toMatchObject({
      kind: "failed",
      failure: { class: reason },
    })
  })
})
