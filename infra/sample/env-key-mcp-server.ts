import { startKeyMcpServer } from './key-mcp-server.ts'

/**
 * A legacy MCP server that knows one key, from its environment: only a start with another key ends the old one.
 * With an empty key it accepts everybody, as real ones do (`if (key && shown !== key) refuse`).
 */
export const startEnvKeyMcpServer = ({ key, port = 0 }: { key: string; port?: number }) =>
  startKeyMcpServer({ port, accepts: shown => key === '' || shown === key })
