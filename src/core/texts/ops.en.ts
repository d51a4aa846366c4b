export const en = {
  "node.ok": "Node {version}",
  "node.old": "Node {version} is too old: {oldest} or newer is needed.",
  "node.old_remedy": "Install Node {oldest} or newer from https://nodejs.org",

  "data_dir.ok": "Data directory {path}",
  "data_dir.missing": "Data directory {path} does not exist yet.",
  "data_dir.missing_remedy": "Nothing to do: it is created by the first start or by: remoteagent setup",
  "data_dir.not_directory": "{path} is not a directory.",
  "data_dir.not_directory_remedy": "Move it away, or set DATA_DIR to another place.",
  "data_dir.not_creatable": "Data directory {path} cannot be created ({detail}).",
  "data_dir.not_writable": "Data directory {path} cannot be written to ({detail}).",
  "data_dir.writable_remedy": "Give this user the right to write there, or set DATA_DIR to another place.",
  "data_dir.open": "Other users of this machine can look into {path} (mode {mode}).",
  "data_dir.file_open": "Other users of this machine can read {path} (mode {mode}).",
  "data_dir.chmod": "Run: chmod {mode} {path}",

  "agent_mask.ok": "Agents find the data directory empty.",
  "agent_mask.later": "Whether agents can be kept from the data directory is seen after the first start.",
  "agent_mask.off":
    "Agents can see the data directory (host.hideDataDirectory is off), so they could act as you.",
  "agent_mask.off_remedy":
    "Remove host.hideDataDirectory from config.json and restart the agents: remoteagent stop --agents",
  "agent_mask.unavailable":
    "Agents cannot be kept from the data directory on this machine ({why}), so they could act as you.",
  "agent_mask.remedy":
    "On Linux, allow user namespaces (on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0) and install util-linux. See SECURITY.md.",

  "disk.ok": "{free} free on the disk of the data directory",
  "disk.low": "Only {free} free on the disk of the data directory.",
  "disk.full": "The disk of the data directory is nearly full: {free} free.",
  "disk.remedy": "Make room, or set DATA_DIR to another disk. /artifacts cleanup removes old files.",
  "disk.unknown": "The free space of the disk cannot be found out ({detail}).",

  "runtime.running": "RemoteAgent {version} runs as process {pid}.",
  "runtime.stopped": "RemoteAgent is not running.",
  "runtime.deaf": "Process {pid} holds the data directory and does not answer ({detail}).",
  "runtime.deaf_remedy": "Wait a moment and look again. If it stays so: kill {pid}, then remoteagent start",

  "journal.ok": "The host's journal is sound.",
  "journal.none": "The host has no journal yet; it makes one with the first turn.",
  "journal.damaged": "The host's journal is damaged: {detail}",
  "journal.damaged_remedy":
    "When no agent works, run: remoteagent stop --agents. The next host sets the file aside and begins a new one.",
  "journal.unreadable": "The host's journal cannot be read ({detail}).",
  "journal.aside": "A host found its journal damaged, set it aside and began a new one: {path}",
  "journal.aside_remedy": "Check the disk. The file may be deleted when nobody wants to look into it.",
  "ledger.ok": "The ledger is sound.",
  "ledger.none": "There is no ledger yet; the first start creates it.",
  "ledger.damaged": "The ledger is damaged: {detail}",
  "ledger.damaged_remedy": "Stop RemoteAgent and restore the newest file of {backups} to {path}.",
  "ledger.unreadable": "The ledger cannot be read ({detail}).",
  "ledger.unreadable_remedy": "Make {path} readable for this user.",

  "bots.none": "No bot is configured; Telegram is off.",
  "bots.none_remedy": "Run: remoteagent setup",
  "bot.ok": "Bot @{username} answers.",
  "bot.revoked": "Telegram does not accept the token of bot {id} (any more).",
  "bot.revoked_remedy": "Get its token from @BotFather (/mybots, API Token), then run: remoteagent setup",
  "bot.unreachable": "Telegram cannot be reached at {apiRoot} for bot {id} ({detail}).",
  "bot.unreachable_remedy": "Check the network and TELEGRAM_API_ROOT.",
  "bot.skipped": "Bot {id} was not asked.",

  "provider.ready": "{label} {version} is ready.",
  "provider.ready_account": "{label} {version} is ready, signed in as {account}.",
  "provider.signed_out": "{label} {version} is installed and not signed in.",
  "provider.not_installed": "{label} is not installed.",
  "provider.too_old": "{label} {version} is too old.",
  "provider.broken": "{label} does not work: {detail}",
  "provider.no_sandbox":
    "{label} {version}: its sandbox does not work on this machine, so it cannot run commands safely.",
  "provider.none_ready": "No coding agent is ready to work.",
  "provider.none_ready_remedy":
    "Install and sign in one of those above, or try: remoteagent chat --provider demo",
  "providers.unknown": "The coding agents could not be asked ({detail}).",
  "providers.unknown_remedy": "Look at: remoteagent logs",

  "remedy.install": "Run: {command}",
  "remedy.update": "Needed: {minimum} or newer. Run: {command}",
  "remedy.sign_in": "Run: {command}",
  "remedy.configure": "Set {key}.",

  "doctor.all_well": "Everything is in order.",
  "doctor.warnings": "Nothing is broken. Notes: {count}.",
  "doctor.broken": "Broken: {count}.",
} as const
