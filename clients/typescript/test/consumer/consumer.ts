// Code of an app, compiled with every strict option: replies narrow by kind, errors by code.
import { AdiuvaClient, isApiError, type ChatReply } from '@adiuva/api-client';

const client = new AdiuvaClient({ baseUrl: 'https://api.example.com/api/v1' });

export function textOf(reply: ChatReply): string {
  switch (reply.kind) {
    case 'response': return reply.response;
    case 'plan': return reply.steps.map((step) => step.action).join(', ');
    default: {
      const never: never = reply;
      return never;
    }
  }
}

export async function ask(message: string, signal: AbortSignal): Promise<string> {
  const stream = client.chat.stream({ message }, { signal });
  let shown = '';
  for (;;) {
    const next = await stream.next();
    if (next.done) return next.value.kind === 'response' ? next.value.response : shown;
    shown += next.value;
  }
}

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
