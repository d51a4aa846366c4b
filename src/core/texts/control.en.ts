export const en = {
  "by.terminal": "terminal",

  "error.unknown_session": "There is no session {session}.",
  "error.unknown_turn": "There is no such prompt.",
  "error.unknown_provider": "There is no agent “{provider}”. Known: {known}",
  "error.no_provider": "No agent is ready on this machine. What each one needs: remoteagent doctor",
  "error.workspace_missing": "{path} is not the absolute path of a directory on this machine.",
  "error.native_unknown": "{provider} knows no session {native}.",
  "error.native_open_elsewhere":
    "That session is in use by another program, probably a terminal. End it there first.",
  "error.turn_not_queued": "Too late: it is already running or done.",
  "error.turn_steering":
    "It is being passed on to the running turn now. When that is settled, it is part of that turn or back in the queue.",
  "error.nothing_running": "Nothing is running here.",
  "error.host_unavailable": "The agents cannot be reached right now: {reason}",
  "error.client_id_reused":
    "This client id was used before, for something else. Send what is new under a new one.",
  "error.unknown_event": "{session} has no event {seq}, or no longer has it.",
  "error.unknown_request": "Nothing asks under this id.",
  "error.unknown_option": "This request has no such option.",
  "error.unanswered_question": "Every question needs an answer.",
  "error.wrong_kind": "This is not the kind of answer that was asked for.",
  "error.unknown_message": "Nothing is known about “{message}”.",
  "error.unknown_route": "This version knows no {method} {path}.",
  "error.bad_json": "What was sent is not JSON.",
  "error.bad_value": "What was sent cannot be used: {fault}",
  "error.too_large": "What was sent is larger than {limit}.",
  "error.stopping": "RemoteAgent is stopping.",
  "error.storage":
    "RemoteAgent cannot write to its disk: it is full, fails, or another program holds the ledger. Nothing of this was done; free some space and try again.",
  "error.internal": "Something went wrong here. Details: remoteagent logs --id {id}",

  "trace.received": "update from Telegram",
  "trace.edited": "text changed: {text}",
  "trace.dispatched": "handed to the host; not accepted by the agent",
  "trace.accepted": "the agent has the prompt",
  "trace.held": "comes again at {until} ({why})",
  "trace.answered": "by {by}",
  "trace.answered_undelivered": "by {by}; not with the agent yet",
  "trace.answered_elsewhere": "answered at the agent itself",
  "trace.withdrawn": "no longer asked",
  "trace.waiting": "not delivered yet: {why}",
  "trace.sent_maybe_twice": "after {attempts} attempts; one may have arrived before",
  "trace.dropped": "not worth sending any more: {why}",

  "page.none": "RemoteAgent runs. Its web page comes with a later version.",
  "page.here": "Here are: {paths}",
  "page.bad_host": "This address is answered only under the name of this machine's loopback.",
  "page.cross_site": "This address is not for pages of other sites.",
  "local.port_in_use":
    "The local web address {host}:{port} is taken by another program. Everything else works. End that program or set LOCAL_UI_PORT, then start again.",
  "local.not_permitted":
    "The local web address {host}:{port} may not be used by this user. Everything else works. Set LOCAL_UI_PORT to a port from 1024, then start again.",
  "local.failed": "The local web address {host}:{port} cannot be used ({detail}). Everything else works.",
} as const
