import type { en } from "./setup.en.ts"
import type { Translation } from "./text.ts"

export const ko: Translation<typeof en> = {
  "setup.title": "RemoteAgent 설정",
  "setup.data_dir": "모든 것은 {dataDir} 에 보관됩니다.",
  "setup.not_interactive":
    "질문을 하려면 터미널이 필요합니다. 터미널이 없으면 다음 변수를 설정하세요(환경 변수 또는 {file}):",
  "setup.var_tokens": "@BotFather가 준 봇 토큰. 여러 개는 TELEGRAM_BOT_TOKENS",
  "setup.var_owner": "텔레그램 사용자 번호. 본인만 조작할 수 있습니다",
  "setup.var_mode": "codex, claude, demo 또는 acp:<이름>. 없으면 준비된 첫 에이전트",
  "setup.var_data_dir": "모든 것을 보관할 위치(환경 변수로만)",
  "setup.environment_wins": "{key} 은(는) 환경 변수에 있어 여기 저장하는 값보다 우선합니다.",
  "setup.running": "RemoteAgent가 실행 중입니다. 여기서 바꾼 것은 다음 시작부터 적용됩니다.",
  "setup.cancelled": "아무것도 바꾸지 않았습니다.",

  "setup.bots_keep": "봇을 그대로 두기({bots})",
  "setup.bots_add": "봇 추가",
  "setup.bots_replace": "다른 봇으로 바꾸기",
  "setup.bots_none": "텔레그램 없이 사용(웹 페이지와 터미널만)",
  "setup.bots_question": "텔레그램 봇",
  "setup.token_question": "봇 토큰(@BotFather에게 /newbot 을 보내고 토큰을 복사하세요)",
  "setup.token_malformed": "토큰이 아닙니다: 숫자, 콜론, 영문자와 숫자 35자.",
  "setup.token_checking": "텔레그램에 확인하는 중 …",
  "setup.token_ok": "@{username} 입니다.",
  "setup.token_revoked": "텔레그램이 이 토큰을 모릅니다. @BotFather에서 다시 복사하세요.",
  "setup.token_unreachable": "텔레그램({apiRoot})에 연결할 수 없습니다({detail}).",
  "setup.yes": "예",
  "setup.no": "아니요",
  "setup.again": "다시 시도할까요?",
  "setup.token_taken": "이 봇은 이미 있습니다.",

  "setup.owner_keep": "소유자의 텔레그램 사용자 번호가 여전히 {owner} 인가요?",
  "setup.owner_code": "본인 계정의 비공개 채팅에서 @{username} 에게 이것을 보내세요:",
  "setup.owner_waiting": "메시지를 기다리는 중 … (Ctrl-C로 그만두기)",
  "setup.owner_conflict":
    "다른 프로그램이 @{username} 의 메시지를 받고 있습니다: {detail}. 멈춘 뒤(remoteagent stop) 설정을 다시 실행하세요.",
  "setup.owner_found": "{name}(사용자 번호 {id})에게서 코드가 왔습니다.",
  "setup.owner_confirm": "본인인가요?",
  "setup.owner_other": "그렇다면 새 코드입니다:",
  "setup.owner_reply": "이 채팅이 RemoteAgent와 연결되었습니다. 터미널에서 계속하세요.",
  "setup.owner_missing": "소유자가 없으면 텔레그램은 꺼진 상태로 있습니다.",

  "setup.providers": "이 컴퓨터의 코딩 에이전트",
  "setup.saved": "{file} 에 저장했습니다.",
  "setup.done": "다음 명령으로 시작하세요: remoteagent start",
}
