import { platform } from 'node:os'
import { commandWorks, runCommand } from './run-command.ts'
import { exitUnavailable, StackFailure } from './stack-failure.ts'

const onMac = platform() === 'darwin'

function missing(what: string, debianPackages: string, brewPackage: string): StackFailure {
  const install = onMac ? `brew install ${brewPackage}` : `sudo apt-get install -y ${debianPackages}`
  return new StackFailure(`${what} is missing. Install it with: ${install}`, exitUnavailable)
}

export function requireNode24(): void {
  if (Number(process.versions.node.split('.')[0]) >= 24) return
  throw new StackFailure(
    `Node 24 is needed and this is ${process.versions.node}. Install it with: npm ci (then use npm run, which takes it)`,
    exitUnavailable,
  )
}

export async function requireOpenssl(): Promise<void> {
  if (!(await commandWorks('openssl', ['version']))) throw missing('openssl', 'openssl', 'openssl')
}

export async function requirePython(): Promise<void> {
  const tooOld = 'import sys; sys.exit(sys.version_info < (3, 10))'
  if (!(await commandWorks('python3', ['-c', tooOld]))) throw missing('Python 3.10 or newer', 'python3 python3-pip', 'python')
  if (!(await commandWorks('python3', ['-m', 'pip', '--version']))) throw missing('pip for python3', 'python3-pip', 'python')
}

export async function requireMaven(): Promise<void> {
  if (!(await commandWorks('mvn', ['-v']))) throw missing('Maven', 'maven', 'maven')
}

/** The machine's own Java when it is 17 or newer. */
export async function findJava(): Promise<{ command: string; version: string } | undefined> {
  const answer = await runCommand('java', ['-version'], { timeoutMs: 60_000 }).catch(() => '')
  const version = /version "(\d+)([^"]*)"/.exec(answer)
  if (!version || Number(version[1]) < 17) return undefined
  return { command: 'java', version: `${version[1]}${version[2]}` }
}
