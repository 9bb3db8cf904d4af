import { expect } from 'chai'
import { stepsOf } from '../helpers/doc-steps.ts'
import { walk } from '../helpers/doc-walk.ts'
import { Desk, page, WALKS } from '../helpers/page-walk.ts'

/** They need what no test has: a chain that is worth something, three endpoints of one, systemd as process 1, Docker (two). */
const NO_RUN_MAX = 5

describe('pages for users', () => {
  const all = [...WALKS.Hardhat, ...WALKS.alone].flatMap(page)

  it('hold many commands, and hardly one that is not run', () => {
    expect(all.filter(({ isRun }) => isRun)).length.greaterThan(60)
    const not = all.filter(({ isRun }) => !isRun).map(({ command }) => command)
    expect(not, not.join('\n')).length.at.most(NO_RUN_MAX)
  })

  describe('a walk notices', () => {
    const desk = new Desk()
    after(() => desk.close())
    const problemsOf = async (markdown: string): Promise<(string | null)[]> => [
      ...(await walk(desk.terminal(), stepsOf('page', markdown))).values(),
    ]

    it('a command that fails, and goes no further', async () => {
      const [one, two, three] = await problemsOf('```sh\ntrue\n./rsdp task lists\ntrue\n```\n')
      expect([one, three]).deep.equal([null, undefined])
      expect(two).match(/^exit 2, the page says 0/)
    })

    it('one that does not fail as it should', async () => {
      const [wrong] = await problemsOf('```sh\ntrue   # exit 3: nothing runs\n```\n')
      expect(wrong).match(/^exit 0, the page says 3/)
    })

    it('output that is not there, and parts of it in another order', async () => {
      const shows = (line: string): Promise<(string | null)[]> =>
        problemsOf(`\`\`\`sh\nx=7; echo "height 1 of $x"\n\`\`\`\n\n\`\`\`text\n${line}\n\`\`\`\n`)
      expect(await shows('height … of 7')).deep.equal([null])
      expect((await shows('height 2'))[0]).match(/does not write: height 2/)
      expect((await shows('of … height'))[0]).match(/does not write: of … height/)
    })

    it('a block that is neither run nor marked as not run', () => {
      for (const kind of ['', 'bash', 'sh norun'])
        expect(() => stepsOf('page', `\`\`\`${kind}\ntrue\n\`\`\`\n`), kind).throw(/a block is/)
      expect(() => stepsOf('page', '```sh no-run\ntrue\n```\n\n```text\nx\n```\n')).throw(
        /nothing that is run/,
      )
    })

    it('variables and what runs behind stay from one command to the next; nobody answers', async () => {
      const markdown =
        '```sh\nexport X=1\nsleep 60 &\nlast=$!\nkill -0 $last && test $X = 1\nread line   # exit 1\n```\n'
      expect(await problemsOf(markdown)).deep.equal([null, null, null, null, null])
    })
  })
})
