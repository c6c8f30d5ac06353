import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { runCommand } from './run-command.ts'

const serverExtensions =
  'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n'

/** A CA and one server certificate for loopback (ca.pem, server.pem, server-key.pem), made for this stack alone. */
export async function makeCertificate(folder: string): Promise<{ caFile: string }> {
  const file = (name: string) => path.join(folder, name)
  const caFile = file('ca.pem')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const authority = ['-x509', '-days', '30', '-subj', '/CN=Curfew local stack CA', '-keyout', file('ca-key.pem')]
  await openssl('req', ...key, ...authority, '-out', caFile)
  const request = ['-subj', '/CN=localhost', '-keyout', file('server-key.pem'), '-out', file('server.csr')]
  await openssl('req', ...key, ...request)
  await writeFile(file('server.ext'), serverExtensions)
  const signer = ['-CA', caFile, '-CAkey', file('ca-key.pem'), '-CAcreateserial', '-extfile', file('server.ext')]
  await openssl('x509', '-req', '-in', file('server.csr'), ...signer, '-days', '30', '-out', file('server.pem'))
  return { caFile }
}

async function openssl(...args: string[]): Promise<void> {
  await runCommand({ command: 'openssl', args })
}
