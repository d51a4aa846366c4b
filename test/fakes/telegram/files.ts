import { extname } from "node:path"

export interface StoredFile {
  readonly fileId: string
  readonly uniqueId: string
  readonly path: string
  readonly name: string
  readonly data: Buffer
  /** Bots that may use this file id: an id of one bot is worth nothing to another. */
  readonly bots: ReadonlySet<number>
}

export type FileFolder = "documents" | "photos" | "videos" | "music" | "voice" | "animations" | "thumbnails"

/** All files that went through this Telegram. */
export class FileStore {
  readonly #byId = new Map<string, StoredFile>()
  readonly #byPath = new Map<string, StoredFile>()

  add(spec: { bots: Iterable<number>; folder: FileFolder; name: string; data: Buffer }): StoredFile {
    const number = this.#byId.size + 1
    const bots = new Set(spec.bots)
    const fileId = Buffer.from(`${spec.folder}/${number}/${[...bots].join("+")}`).toString("base64url")
    const path = `${spec.folder}/file_${number}${extname(spec.name).replaceAll(/[^.\w]/g, "")}`
    const file = { fileId, uniqueId: `AgAD${number}`, path, name: spec.name, data: spec.data, bots }
    this.#byId.set(fileId, file)
    this.#byPath.set(path, file)
    return file
  }

  find(botId: number, fileId: string): StoredFile | undefined {
    const file = this.#byId.get(fileId)
    return file?.bots.has(botId) ? file : undefined
  }

  findByPath(botId: number, path: string): StoredFile | undefined {
    const file = this.#byPath.get(path)
    return file?.bots.has(botId) ? file : undefined
  }

  /** What the owner gets when tapping on a file. */
  download(fileId: string): StoredFile {
    const file = this.#byId.get(fileId)
    if (!file) throw new Error(`No file has the id ${fileId}`)
    return file
  }
}
