import { Argument, type Command } from 'commander'

const shells = ['bash', 'zsh', 'fish']

/** `curfew completion bash`: the script that a shell reads at its start. It asks `curfew complete` for each word. */
export const completionCommand = (program: Command): void => {
  program
    .command('completion')
    .description('the completion script of a shell: source <(curfew completion bash)')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action(async (shell: string) => {
      const { default: completion } = await import('@bomb.sh/tab')
      completion.setup('curfew', 'curfew', shell)
    })
}

/** What a shell asks while somebody types; loaded only then. */
export const offerCompletions = async (program: Command): Promise<void> => {
  const { default: offer } = await import('@bomb.sh/tab/commander')
  offer(program)
}
