import { describe, expect, it } from "vitest"
import { mediaTypeOf, SNIFFED_BYTES } from "./media-type.ts"

const latin = (text: string) => Buffer.from(text, "latin1")

describe("the media type", () => {
  it.each<[string, Buffer, string]>([
    ["image/png", latin("\x89PNG\r\n\x1a\nrest"), "x.txt"],
    ["image/jpeg", latin("\xff\xd8\xff\xe0"), "photo"],
    ["image/gif", latin("GIF89a"), "x"],
    ["image/webp", latin("RIFF\x00\x00\x00\x00WEBPVP8 "), "x"],
    ["application/pdf", latin("%PDF-1.7"), "x.png"],
    ["audio/ogg", latin("OggS"), "voice.oga"],
    ["video/mp4", latin("\x00\x00\x00\x20ftypisom"), "x"],
    ["application/zip", latin("PK\x03\x04 something"), "x.docx"],
    [
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      latin("PK\x03\x04[Content_Types].xml PK\x03\x04word/document.xml"),
      "x.zip",
    ],
    ["text/plain", Buffer.from("hello, 세계"), "notes"],
    ["text/plain", Buffer.from(""), "empty"],
    ["text/markdown", Buffer.from("# hello"), "README.md"],
    ["application/json", Buffer.from("{}"), "x.JSON"],
    ["application/octet-stream", latin("\x00\x01\x02"), "x.txt"],
    ["application/octet-stream", latin("caf\xe9 in latin-1 \xff"), "x.txt"],
    ["text/plain", Buffer.from("가".repeat(2000)).subarray(0, SNIFFED_BYTES), "cut in a character"],
  ])("%s is told from the content", (expected, head, name) => {
    expect(mediaTypeOf(head, name)).toBe(expected)
  })
})
