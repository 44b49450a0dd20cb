import type { ClientTool, ToolResult } from './gen/types.gen.js';
import type { ToolCall } from './events.js';

/** A tool of the app, which the model may use while it answers. */
export interface Tool {
  /** What it does and when to use it, for the model. */
  description: string;
  /** The JSON schema of its arguments. */
  parameters: ClientTool['parameters'];
  /** Asks the person first, through the option `approve`. Without that option it is denied. */
  needsApproval?: boolean;
  /** Returns the result: a text, or a value that is sent as JSON. What it throws, the model is told as an error. */
  run(args: any, options: { signal: AbortSignal }): unknown;
}

export interface ToolOptions {
  /** The app's tools by name. */
  tools?: Record<string, Tool>;
  /** Whether the person agrees to a call of a tool with `needsApproval`. */
  approve?: (call: ToolCall) => boolean | Promise<boolean>;
}

/** The tools as a request declares them. */
export function declare(tools: Record<string, Tool>): ClientTool[] {
  return Object.entries(tools).map(([name, { description, parameters, needsApproval }]) => ({
    name, description, parameters, ...(needsApproval ? { needs_approval: true } : {}),
  }));
}

/** Runs the tool of a call and returns what to tell the model. It never throws. */
export async function runTool(
  call: Pick<ToolCall, 'id' | 'name' | 'arguments'>, { tools = {}, approve }: ToolOptions, signal: AbortSignal,
): Promise<ToolResult> {
  const { id, name } = call;
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
  if (!tool) return { id, error: `there is no tool ${name}` };
  try {
    if (tool.needsApproval && !(await approve?.({ type: 'tool_call', ...call }))) return { id, denied: true };
    const result = await tool.run(call.arguments, { signal });
    return { id, content: typeof result === 'string' ? result : JSON.stringify(result ?? null) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}
