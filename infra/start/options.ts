import { Command, InvalidArgumentError, Option } from 'commander'

export type StartOptions = {
  once: boolean
  json: boolean
  sample: boolean
  config: string
  processes: number
  single: boolean
  roles: string[]
  /** Only those, and not what the config asks for beside them. */
  rolesNamed: boolean
}
export const roleNames = ['ledger', 'intake', 'work', 'api'] as const
const furtherNames = ['learn', 'signals', 'audit']

const count = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 8) throw new InvalidArgumentError('a number from 1 to 8.')
  return value
}
const list = (text: string): string[] => {
  const names = text.split(',').map(name => name.trim())
  const known: string[] = [...roleNames, ...furtherNames]
  const unknown = names.filter(name => !known.includes(name))
  if (unknown.length > 0) throw new InvalidArgumentError(`no role ${unknown.join(', ')}; roles: ${known.join(',')}.`)
  return names
}

const examples = `
Examples:
  npm start                                  stack, pipeline, sample world and a live table, until Ctrl-C
  npm start -- --once --json                 every scenario once; one JSON object is the last line of stdout
  npm start -- --no-sample --config my.yaml  the pipeline alone, on the addresses in the config

Exit codes: 0 well, 1 a credential did not end as it should, 64 usage, 69 a prerequisite is missing, 70 our fault,
78 the config was refused, 130 ended by Ctrl-C before it was done.`

/** Parses the arguments; throws a CommanderError for --help and for everything that is not understood. */
export const parseOptions = (argv: string[]): StartOptions => {
  const command = new Command('npm start --')
    .description(
      'Starts Curfew: a local stack, the pipeline, and a sample world whose credentials die before your eyes.',
    )
    .option('--once', 'run the sample once and exit', false)
    .option('--json', 'with --once: one JSON object last on stdout', false)
    .option('--no-sample', 'the pipeline alone: no stack, no sample')
    .option('--config <file>', 'with --no-sample: the config', 'curfew.yaml')
    .addOption(new Option('--processes <n>', 'processes of each role').argParser(count).default(1))
    .option('--single', 'all roles in one process', false)
    .addOption(new Option('--roles <list>', 'with --no-sample: only these roles').argParser(list))
    .addHelpText('after', examples)
    .exitOverride()
    .parse(argv, { from: 'user' })
  const options = command.opts<Omit<StartOptions, 'roles' | 'rolesNamed'> & { roles?: string[] }>()
  const refuse = (message: string) => command.error(`error: ${message}`)
  if (options.json && !options.once) refuse('--json needs --once')
  if (options.once && !options.sample) refuse('--once runs the sample, --no-sample leaves it out: choose one')
  if (options.sample && options.roles) refuse('--roles needs --no-sample: the sample needs every role')
  if (options.sample && command.getOptionValueSource('config') === 'cli')
    refuse('--config needs --no-sample: the sample writes its own')
  if (options.single && options.processes > 1) refuse('--single and --processes exclude each other')
  return { ...options, roles: options.roles ?? [...roleNames], rolesNamed: options.roles !== undefined }
}

/** One entry per process: its roles. */
export const processesOf = ({ roles, processes, single }: StartOptions): string[][] =>
  single ? [roles] : roles.flatMap(role => Array.from({ length: processes }, () => [role]))
