// Replaced by the generated types.
import type { ChatRequestWritable, ErrorCode, PlanAction, PlanStep, Proposal, Upgrade, Usage, UsedContext } from './gen/types.gen.js';
export interface ClientTool { name: string; description: string; parameters: { [name: string]: unknown }; needs_approval?: boolean }
export type ToolResult = { id: string; content?: string; error?: string; denied?: boolean };
export interface Call { id: string; name: string; arguments: { [name: string]: unknown } }
export type ChatStreamEvent =
  | { type: 'started'; request_id: string }
  | { type: 'agent'; name: string; index: number; of: number }
  | { type: 'tool'; name: string; label: string; state: 'running' | 'done' | 'failed' }
  | { type: 'text'; delta: string }
  | { type: 'action'; action: PlanAction }
  | ({ type: 'tool_call' } & Call)
  | { type: 'heartbeat' } | { type: 'pong' }
  | { type: 'done'; kind: 'response' | 'plan' | 'tool_calls'; response: string; actions: PlanAction[]; agent?: string;
      steps?: PlanStep[]; calls?: Call[]; continuation?: string; usage?: Usage; context?: UsedContext; upgrade?: Upgrade;
      proposals?: Proposal[]; replaced?: boolean; truncated?: boolean; cancelled?: boolean }
  | { type: 'error'; code: ErrorCode; message: string; request_id: string; id?: string };
export type ChatRequest = ChatRequestWritable;
