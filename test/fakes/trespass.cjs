// What a hostile program that an agent starts would try on this machine. Arguments: the data directory, the runtime's
// process id, the file for the report. The report is JSON: what was tried, and the error code, or "done".
const fs = require("node:fs")
const net = require("node:net")
const { join } = require("node:path")

const [data, runtime, report] = process.argv.slice(2)

const attempt = (act) => {
  try {
    act()
    return "done"
  } catch (error) {
    return error.code
  }
}
const read = (path) => attempt(() => fs.readFileSync(path))
const connect = (path) =>
  new Promise((resolve) => {
    const socket = net.connect(path)
    socket.on("connect", () => {
      socket.destroy()
      resolve("done")
    })
    socket.on("error", (error) => resolve(error.code))
  })

async function main() {
  const found = {
    config: read(join(data, "config.json")),
    ledger: read(join(data, "ledger.db")),
    journal: read(join(data, "host-journal.sqlite")),
    log: read(join(data, "logs", "runtime.log")),
    planted: attempt(() => fs.writeFileSync(join(data, ".env"), "TELEGRAM_OWNER_ID=1\n")),
    environment: read(`/proc/${runtime}/environ`),
    root: read(`/proc/${runtime}/root${data}/config.json`),
    control: await connect(join(data, "runtime.sock")),
    host: await connect(join(data, "host.sock")),
  }
  fs.writeFileSync(`${report}.part`, JSON.stringify(found))
  fs.renameSync(`${report}.part`, report)
}

main()
