import type { en } from "./control.en.ts"
import type { Translation } from "./text.ts"

export const ko: Translation<typeof en> = {
  "by.terminal": "터미널",

  "error.unknown_session": "{session} 세션이 없습니다.",
  "error.unknown_turn": "그런 프롬프트가 없습니다.",
  "error.unknown_provider": "“{provider}” 에이전트가 없습니다. 아는 것: {known}",
  "error.no_provider": "이 컴퓨터에 준비된 에이전트가 없습니다. 무엇이 필요한지 보려면: remoteagent doctor",
  "error.workspace_missing": "{path} 은(는) 이 컴퓨터에 있는 디렉터리의 절대 경로가 아닙니다.",
  "error.native_unknown": "{provider} 에 {native} 세션이 없습니다.",
  "error.native_open_elsewhere":
    "그 세션은 다른 프로그램(아마 터미널)이 쓰고 있습니다. 먼저 거기서 끝내 주세요.",
  "error.turn_not_queued": "늦었습니다. 이미 진행 중이거나 끝났습니다.",
  "error.turn_steering":
    "지금 진행 중인 작업에 전달하고 있습니다. 곧 그 작업에 합쳐지거나 대기열로 돌아옵니다.",
  "error.nothing_running": "여기서는 아무것도 진행되고 있지 않습니다.",
  "error.host_unavailable": "지금은 에이전트에 연결할 수 없습니다: {reason}",
  "error.client_id_reused": "이 클라이언트 ID는 이미 다른 요청에 쓰였습니다. 새 요청은 새 ID로 보내 주세요.",
  "error.unknown_event": "{session} 에 {seq} 번 이벤트가 없거나, 이미 정리되었습니다.",
  "error.unknown_request": "이 번호로 묻고 있는 것이 없습니다.",
  "error.unknown_option": "이 요청에는 그런 선택지가 없습니다.",
  "error.unanswered_question": "모든 질문에 답해야 합니다.",
  "error.wrong_kind": "요청한 종류의 답이 아닙니다.",
  "error.unknown_message": "“{message}” 에 대해 아는 것이 없습니다.",
  "error.unknown_route": "이 버전은 {method} {path} 을(를) 모릅니다.",
  "error.bad_json": "보낸 내용이 JSON이 아닙니다.",
  "error.bad_value": "보낸 내용을 쓸 수 없습니다: {fault}",
  "error.too_large": "보낸 내용이 {limit}보다 큽니다.",
  "error.stopping": "RemoteAgent가 멈추는 중입니다.",
  "error.storage":
    "RemoteAgent가 디스크에 쓸 수 없습니다. 디스크가 가득 찼거나 고장 났거나 다른 프로그램이 원장을 잡고 있습니다. 이 요청은 전혀 처리되지 않았으니, 공간을 비우고 다시 시도해 주세요.",
  "error.internal": "문제가 생겼습니다. 자세히 보려면: remoteagent logs --id {id}",

  "trace.received": "텔레그램에서 온 업데이트",
  "trace.edited": "글이 바뀜: {text}",
  "trace.dispatched": "호스트에 넘김. 에이전트는 아직 받지 않음",
  "trace.accepted": "에이전트가 프롬프트를 받음",
  "trace.held": "{until} 에 다시 시도 ({why})",
  "trace.answered": "{by} 에서 답함",
  "trace.answered_undelivered": "{by} 에서 답함. 아직 에이전트에 전해지지 않음",
  "trace.answered_elsewhere": "에이전트 쪽에서 직접 답함",
  "trace.withdrawn": "더는 묻지 않음",
  "trace.waiting": "아직 전하지 못함: {why}",
  "trace.sent_maybe_twice": "{attempts}번 시도 끝에 전함. 앞서 이미 도착했을 수 있음",
  "trace.dropped": "더는 보낼 필요 없음: {why}",

  "page.none": "RemoteAgent가 실행 중입니다. 웹 페이지는 이후 버전에서 제공됩니다.",
  "page.here": "여기 있는 것: {paths}",
  "page.bad_host": "이 주소는 이 컴퓨터의 루프백 이름으로만 응답합니다.",
  "page.cross_site": "이 주소는 다른 사이트의 페이지에는 답하지 않습니다.",
  "local.port_in_use":
    "로컬 웹 주소 {host}:{port} 을(를) 다른 프로그램이 쓰고 있습니다. 나머지는 모두 동작합니다. 그 프로그램을 끝내거나 LOCAL_UI_PORT를 바꾼 뒤 다시 시작해 주세요.",
  "local.not_permitted":
    "이 사용자는 로컬 웹 주소 {host}:{port} 을(를) 쓸 수 없습니다. 나머지는 모두 동작합니다. LOCAL_UI_PORT를 1024 이상의 포트로 바꾼 뒤 다시 시작해 주세요.",
  "local.failed": "로컬 웹 주소 {host}:{port} 을(를) 쓸 수 없습니다({detail}). 나머지는 모두 동작합니다.",
}
