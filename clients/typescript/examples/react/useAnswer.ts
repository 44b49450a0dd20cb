// A React hook that shows an answer while it is made. Copy it into your app.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { AdiuvaClient, ChatDone, ChatStream, StreamOptions, StreamRequest } from '@adiuva/api-client';

export interface AnswerState {
  text: string;
  /** What is being done, such as "Searching notes". */
  activity: string | undefined;
  last: ChatDone | undefined;
  error: unknown;
  running: boolean;
}

const idle: AnswerState = { text: '', activity: undefined, last: undefined, error: undefined, running: false };

export function useAnswer(client: AdiuvaClient) {
  const [state, setState] = useState(idle);
  const current = useRef<ChatStream | undefined>(undefined);

  const ask = useCallback(async (request: StreamRequest, options?: StreamOptions) => {
    current.current?.cancel();
    const stream = client.chat.stream(request, options);
    current.current = stream;
    const update = (change: (before: AnswerState) => AnswerState) => {
      if (current.current === stream) setState(change); // another question may have taken its place
    };
    update(() => ({ ...idle, running: true }));
    try {
      for await (const event of stream) {
        if (event.type === 'text') update((s) => ({ ...s, text: s.text + event.delta, activity: undefined }));
        if (event.type === 'tool') {
          update((s) => ({ ...s, activity: event.state === 'running' ? event.label : undefined }));
        }
      }
      const last = await stream.final();
      update((s) => ({ ...s, last, text: last.kind === 'response' ? last.response : s.text, running: false }));
    } catch (error) {
      update((s) => ({ ...s, error, running: false }));
    }
  }, [client]);

  const cancel = useCallback(() => current.current?.cancel(), []);
  useEffect(() => () => current.current?.cancel(), []);
  return { ...state, ask, cancel };
}
