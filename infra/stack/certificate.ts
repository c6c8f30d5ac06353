import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { runCommand } from './run-command.ts'

export type Certificate = { caFile: string; certFile: string; keyFile: string }

/** A CA and one server certificate for loopback, made for this stack alone; both die with its folder. */
export async function makeCertificate(folder: string, alternativeNames: string): Promise<Certificate> {
  const file = (name: string) => path.join(folder, name)
  const [caFile, certFile, keyFile] = [file('ca.pem'), file('server.pem'), file('server-key.pem')]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const authority = ['-x509', '-days', '30', '-subj', '/CN=Curfew local stack CA', '-keyout', file('ca-key.pem')]
  await openssl(['req', ...key, ...authority, '-out', caFile])
  await openssl(['req', ...key, '-subj', '/CN=localhost', '-keyout', keyFile, '-out', file('server.csr')])
  await writeFile(
    file('server.ext'),
    `subjectAltName=${alternativeNames}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n`,
  )
  const signer = [
    '-CA',
    caFile,
    '-CAkey',
    file('ca-key.pem'),
    '-CAcreateserial',
    '-days',
    '30',
    '-extfile',
    file('server.ext'),
  ]
  await openssl(['x509', '-req', '-in', file('server.csr'), ...signer, '-out', certFile])
  return { caFile, certFile, keyFile }
}

async function openssl(args: string[]): Promise<void> {
  await runCommand({ command: 'openssl', args })
}
