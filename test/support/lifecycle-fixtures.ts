/** Bodies in the shapes that the vendors document, written by us. What must never come out of them is `planted`. */
export const planted = 'planted-value-7c1e'

const timestamp = '2026-11-25T10:15:00.000Z'
const message = { messageId: 'm-1', role: 'ROLE_AGENT', parts: [{ text: planted }] }
const artifact = { artifactId: 'a-1', parts: [{ text: planted }] }
const [taskId, contextId] = ['task-7', 'context-3']

/** A2A v1.0: a StreamResponse, told apart by its member's name. */
export const a2a = {
  status: (state: string) => ({
    statusUpdate: { taskId, contextId, status: { state, timestamp, message }, metadata: { trace: planted } },
  }),
  task: (state: string) => ({
    task: { id: taskId, contextId, status: { state, timestamp }, artifacts: [artifact], history: [message] },
  }),
  artifact: { artifactUpdate: { taskId, contextId, artifact, append: true, lastChunk: false } },
  message: { message },
}
/** A2A v0.3: told apart by `kind`; a push notification is the task itself. */
export const a2aOld = {
  task: (state: string) => ({ kind: 'task', id: taskId, contextId, status: { state, timestamp }, history: [message] }),
  status: (state: string) => ({
    kind: 'status-update',
    taskId,
    contextId,
    final: true,
    status: { state, timestamp },
  }),
  response: (state: string) => ({ jsonrpc: '2.0', id: 1, result: a2aOld.status(state) }),
  artifact: { kind: 'artifact-update', taskId, contextId, artifact },
  message: { kind: 'message', ...message, role: 'agent' },
}

const times = { createdAt: '2026-11-25T10:30:00Z', lastUpdatedAt: '2026-11-25T10:50:00Z' }
const mcpId = '786512e2-9e0d-44bd-8f29-789f320fe840'
const content = [{ type: 'text', text: planted }]
/** MCP, revision 2025-11-25. */
export const mcpOld = {
  notification: (status: string) => ({
    jsonrpc: '2.0',
    method: 'notifications/tasks/status',
    params: { taskId: mcpId, status, statusMessage: planted, ...times, ttl: 60_000, pollInterval: 5_000 },
  }),
  created: {
    jsonrpc: '2.0',
    id: 1,
    result: { task: { taskId: mcpId, status: 'working', ...times, ttl: null, pollInterval: 5_000 } },
  },
  polled: (status: string) => ({ jsonrpc: '2.0', id: 3, result: { taskId: mcpId, status, ...times, ttl: 30_000 } }),
}
/** The tasks extension of 2026-07-28. */
export const mcpNew = {
  notification: (status: string) => ({
    jsonrpc: '2.0',
    method: 'notifications/tasks',
    params: {
      _meta: { 'io.modelcontextprotocol/subscriptionId': 's-1', 'com.example/session': 'run-1' },
      taskId: mcpId,
      status,
      ...times,
      ttlMs: 60_000,
      pollIntervalMs: 5_000,
      ...(status === 'completed' ? { result: { content, isError: true } } : {}),
      ...(status === 'failed' ? { error: { code: -32_603, message: planted } } : {}),
    },
  }),
  created: {
    jsonrpc: '2.0',
    id: 1,
    result: { resultType: 'task', taskId: mcpId, status: 'working', ...times, ttlMs: 1 },
  },
  toolResult: { jsonrpc: '2.0', id: 2, result: { content, isError: false } },
  progress: { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } },
}

/** Claude Managed Agents: ids and a type. */
export const claude = (type: string, more: object = {}) => ({
  type: 'event',
  id: 'event_01ABC',
  created_at: '2026-11-25T14:05:22Z',
  data: { type, id: 'sesn_01XYZ', organization_id: '8a3d2f1e', workspace_id: 'c7b0e4d9', ...more },
})

/** The part of a Workflow object that a sensor or an exit handler posts. */
export const argo = (phase: string) => ({
  metadata: {
    name: 'agent-x7k2p',
    namespace: 'agents',
    uid: '6f0c1a52-uid',
    labels: { 'workflows.argoproj.io/phase': phase },
  },
  status: { phase, startedAt: '2026-11-25T10:00:00Z', message: planted },
})

/** A WorkflowExecutionInfo in JSON. */
export const temporal = (status: string) => ({
  execution: { workflowId: 'agent-42', runId: '0190f3a1-run' },
  type: { name: 'AgentWorkflow' },
  status,
  startTime: '2026-11-25T10:00:00Z',
  memo: { fields: { note: planted } },
})

/** The webhook of a LangGraph run. */
export const langgraph = (status: string) => ({
  run_id: '1ef67e94-run',
  thread_id: '9dde5490-thread',
  assistant_id: 'fe096781',
  status,
  kwargs: { input: { messages: [{ role: 'user', content: planted }] } },
  values: { messages: [planted] },
  webhook_sent_at: '2026-11-25T10:16:00Z',
  error: null,
})
