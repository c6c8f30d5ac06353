import { platform } from 'node:os'
import { runCommand } from './run-command.ts'
import { exitUnavailable, StackFailure } from './stack-failure.ts'

const timeoutMs = 60_000

function missing(what: string, debianPackages: string, brewPackage: string): StackFailure {
  const install = platform() === 'darwin' ? `brew install ${brewPackage}` : `sudo apt-get install -y ${debianPackages}`
  return new StackFailure(`${what} is missing. Install it with: ${install}`, exitUnavailable)
}

async function works(command: string, ...args: string[]): Promise<boolean> {
  return runCommand({ command, args }, { timeoutMs }).then(
    () => true,
    () => false,
  )
}

export function requireNode24(): void {
  if (Number(process.versions.node.split('.')[0]) >= 24) return
  const found = `Node 24 or newer is missing (this is ${process.versions.node})`
  throw new StackFailure(`${found}. Install it with: npm ci, and start with npm run, which takes it`, exitUnavailable)
}

export async function requireOpenssl(): Promise<void> {
  if (!(await works('openssl', 'version'))) throw missing('openssl', 'openssl', 'openssl')
}

/** To install: with pip. */
export async function requirePython(): Promise<void> {
  await requirePythonToRun()
  if (!(await works('python3', '-m', 'pip', '--version'))) throw missing('pip for python3', 'python3-pip', 'python')
}

export async function requirePythonToRun(): Promise<void> {
  const newEnough = 'import sys; sys.exit(sys.version_info < (3, 10))'
  if (!(await works('python3', '-c', newEnough))) throw missing('Python 3.10 or newer', 'python3 python3-pip', 'python')
}

export async function requireMaven(): Promise<void> {
  if (!(await works('mvn', '-v'))) throw missing('Maven', 'maven', 'maven')
}

/** The machine's own Java when it is 17 or newer. */
export async function findJava(): Promise<{ command: string; version: string } | undefined> {
  const answer = await runCommand({ command: 'java', args: ['-version'] }, { timeoutMs }).catch(() => '')
  const version = /version "(\d+)([^"]*)"/.exec(answer)
  if (!version || Number(version[1]) < 17) return undefined
  return { command: 'java', version: `${version[1]}${version[2]}` }
}
