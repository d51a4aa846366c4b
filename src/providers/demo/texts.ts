/** What the demonstration agent says, in English and Korean. */

export type Language = "en" | "ko"

export function languageOf(prompt: string): Language {
  return /\p{Script=Hangul}/u.test(prompt) ? "ko" : "en"
}

export interface Texts {
  readonly label: string
  readonly intro: string
  readonly youSaid: (text: string) => string
  readonly listTitle: string
  readonly listed: (names: readonly string[], more: number) => string
  readonly writeTitle: string
  readonly written: string
  readonly notWritten: string
  readonly askMessage: string
  readonly askColor: string
  readonly colors: readonly string[]
  readonly askTools: string
  readonly tools: readonly string[]
  readonly askName: string
  readonly answered: (lines: readonly string[]) => string
  readonly declined: string
  readonly report: (lines: readonly string[]) => string
  readonly reportDone: string
  readonly failure: string
  readonly step: (n: number, of: number) => string
  readonly plan: readonly string[]
  readonly planDone: string
  readonly thinking: string
}

const en: Texts = {
  label: "[Demonstration: no model, no network]",
  intro: [
    "I show what RemoteAgent can do without any AI account. Write one of these words:",
    "",
    "- `list`: a tool call that lists the files of the workspace",
    "- `write`: an approval; writes `demo.txt` only if you allow it",
    "- `ask`: questions with one choice, several choices and free text",
    "- `file`: writes a report and sends it to you",
    "- `plan`: a plan whose steps get done",
    "- `slow`: a long answer, so that you can try to stop it",
    "- `error`: a failure",
    "- `crash`: my program ends in mid-turn",
  ].join("\n"),
  youSaid: (text) => `You wrote: ${text}`,
  listTitle: "List the files of the workspace",
  listed: (names, more) => {
    if (names.length === 0) return "The workspace is empty."
    return `The workspace has:\n\n${names.map((name) => `- \`${name}\``).join("\n")}${more > 0 ? `\n\n…and ${more} more.` : ""}`
  },
  writeTitle: "Write demo.txt",
  written: "`demo.txt` is written.",
  notWritten: "You did not allow it, so nothing was written.",
  askMessage: "Three questions to try out answers:",
  askColor: "Which color do you like?",
  colors: ["Red", "Green", "Blue"],
  askTools: "Which of these do you use? (several)",
  tools: ["Telegram", "Browser", "Terminal"],
  askName: "What should I call you?",
  answered: (lines) => `You answered:\n\n${lines.map((line) => `- ${line}`).join("\n")}`,
  declined: "You did not answer, which is fine.",
  report: (lines) => `# Demonstration report\n\nWritten by the demonstration agent.\n\n${lines.join("\n")}\n`,
  reportDone: "Here is the report:",
  failure: "This failure was asked for.",
  step: (n, of) => `Step ${n} of ${of}. `,
  plan: ["Look around", "Do the work", "Check the result"],
  planDone: "All three steps are done.",
  thinking: "This is where a model would think. ",
}

const ko: Texts = {
  label: "[데모: 모델과 네트워크를 쓰지 않습니다]",
  intro: [
    "AI 계정 없이 RemoteAgent가 무엇을 할 수 있는지 보여 드립니다. 다음 단어 중 하나를 보내 보세요.",
    "",
    "- `목록`: 작업 폴더의 파일을 나열하는 도구 호출",
    "- `쓰기`: 승인 요청. 허용할 때만 `demo.txt`를 씁니다",
    "- `질문`: 하나 선택, 여러 개 선택, 자유 입력 질문",
    "- `파일`: 보고서를 써서 보내 드립니다",
    "- `계획`: 단계가 하나씩 끝나는 계획",
    "- `천천히`: 긴 답변. 중지를 시험해 볼 수 있습니다",
    "- `오류`: 실패",
    "- `crash`: 작업 도중 프로그램이 종료됩니다",
  ].join("\n"),
  youSaid: (text) => `보내신 내용: ${text}`,
  listTitle: "작업 폴더의 파일 나열",
  listed: (names, more) => {
    if (names.length === 0) return "작업 폴더가 비어 있습니다."
    return `작업 폴더의 파일:\n\n${names.map((name) => `- \`${name}\``).join("\n")}${more > 0 ? `\n\n…외 ${more}개` : ""}`
  },
  writeTitle: "demo.txt 쓰기",
  written: "`demo.txt`를 썼습니다.",
  notWritten: "허용하지 않으셔서 아무것도 쓰지 않았습니다.",
  askMessage: "답변을 시험해 볼 세 가지 질문입니다.",
  askColor: "어떤 색을 좋아하세요?",
  colors: ["빨강", "초록", "파랑"],
  askTools: "무엇을 사용하세요? (여러 개 선택)",
  tools: ["텔레그램", "브라우저", "터미널"],
  askName: "어떻게 불러 드릴까요?",
  answered: (lines) => `답변하신 내용:\n\n${lines.map((line) => `- ${line}`).join("\n")}`,
  declined: "답변하지 않으셨습니다. 괜찮습니다.",
  report: (lines) => `# 데모 보고서\n\n데모 에이전트가 작성했습니다.\n\n${lines.join("\n")}\n`,
  reportDone: "보고서입니다.",
  failure: "요청하신 오류입니다.",
  step: (n, of) => `${of}단계 중 ${n}단계. `,
  plan: ["둘러보기", "작업하기", "결과 확인하기"],
  planDone: "세 단계를 모두 마쳤습니다.",
  thinking: "모델이라면 여기서 생각합니다. ",
}

export const texts: Readonly<Record<Language, Texts>> = { en, ko }
