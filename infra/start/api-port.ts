import { createServer } from 'node:net'

const usualPort = 7440

/** The port that the docs name, where nobody has it; 0 (any) else. */
export const apiPort = (): Promise<number> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(0))
    server.listen(usualPort, '127.0.0.1', () => server.close(() => resolve(usualPort)))
  })
