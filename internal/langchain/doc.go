// Package langchain asks providers that do not speak OpenAI's protocol, through langchaingo's clients: Anthropic and
// Ollama. A Client is the agent.Model of one provider.
//
//	agent.ModelCall
//	  │  Client.Generate         total timeout; one retry
//	  ▼
//	protocol.messages            one part a message, as langchaingo's client takes them
//	  ▼
//	langchaingo's client         makes the request
//	  ▼
//	transport.RoundTrip ───────► the provider; tools and stream are added, the key is set, the stream is read
//	  │                          and emitted, each event by protocol.event
//	  ▼
//	agent.Answer                 or an agent.ModelFailure
//
// langchaingo makes requests, and the answers are read beneath it: its own streaming writes events that it does not
// know into the process's log, leaves goroutines behind after an error, returns cut answers as whole ones, and its
// Ollama client sends no tools. What llm promises holds here as well: an incomplete answer is never returned as a whole
// one, thinking and tool calls are never emitted, redirects are not followed, and the provider's words are neither
// logged nor returned.
package langchain
