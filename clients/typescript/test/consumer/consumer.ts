// Code of an app, compiled with every strict option: replies narrow by kind, errors by code.
import { AdiuvaClient, isApiError, type ChatReply, type Tool } from '@adiuva/api-client';

const client = new AdiuvaClient({ baseUrl: 'https://api.example.com/api/v1' });

export function textOf(reply: ChatReply): string {
  switch (reply.kind) {
    case 'response':
    case 'tool_calls': return reply.response;
    case 'plan': return reply.steps.map((step) => step.action).join(', ');
    default: {
      const never: never = reply;
      return never;
    }
  }
}

export async function ask(message: string, signal: AbortSignal): Promise<string> {
  const stream = client.chat.stream({ message }, { signal, tools });
  let shown = '';
  for await (const event of stream) {
    if (event.type === 'text') shown += event.delta;
    if (event.type === 'tool') console.log(event.label, event.state satisfies 'running' | 'done' | 'failed');
  }
  const last = await stream.final();
  return last.kind === 'response' ? last.response : shown;
}

const tools: Record<string, Tool> = {
  query_rows: {
    description: 'Rows of a table.',
    parameters: { type: 'object', properties: { table: { type: 'string' } }, required: ['table'] },
    run: ({ table }: { table: string }) => [{ table }],
  },
};

export async function needsUpgrade(): Promise<boolean> {
  try {
    await client.backups.upload(new Blob(['ciphertext']), { version: 1 });
    return false;
  } catch (error) {
    if (isApiError(error, 'tier_required')) return true;
    if (isApiError(error)) console.error(error.code satisfies string, error.requestId);
    throw error;
  }
}
