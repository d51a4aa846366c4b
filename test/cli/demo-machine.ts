import { OwnerHome, type RunningCli } from "./run-cli.ts"

/** A runtime without Telegram, its local page on a free port; the demonstration is the agent. */
export const environment = { DEFAULT_MODE: "demo", LOCAL_UI_PORT: "0" }

/** An owner's machine on which it runs. */
export class DemoMachine implements AsyncDisposable {
  readonly home = new OwnerHome()
  #runtime: RunningCli | null = null

  static async running(): Promise<DemoMachine> {
    const machine = new DemoMachine()
    await machine.start()
    return machine
  }

  get runtime(): RunningCli {
    if (this.#runtime === null) throw new Error("not started")
    return this.#runtime
  }

  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#runtime = this.home.start(["start"], { environment: { ...environment, ...more } })
    await this.#runtime.shows(/^Ready\./m)
  }

  run(...words: string[]) {
    return this.home.run(words)
  }

  /** A session with the demonstration, made as an owner without a terminal would: by chatting once. */
  chat(...lines: string[]) {
    return this.home.run(["chat", "--provider", "demo"], { input: lines.map((line) => `${line}\n`).join("") })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("stop", "--agents")
    await this.home[Symbol.asyncDispose]()
  }
}
