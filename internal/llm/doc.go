// Package llm calls language models over an OpenAI-compatible chat completions API. Its Client asks one provider;
// package provider chooses between several. Calls use langchaingo's message types, and requests to OpenAI are those
// that langchaingo's client would send. The exchange is this package's own, because langchaingo's mixes tool calls into
// the text, hides errors, returns truncated answers as whole ones, and encodes every prompt twice.
//
// Servers differ in what they take, what they call it and what they want back. A dialect says so for one server and
// model. What a server refuses by name is left out when the call is repeated, and from then on.
//
//	agent.ModelCall
//	  │  Client.Generate         picks the model; total timeout; one retry
//	  ▼
//	exchange.roundTrip           picks the dialect; repeats the call if the upstream refuses a member of it
//	  ▼
//	requestEncoder.encode        JSON body; prompts are escaped once and copied after that
//	  ▼
//	exchange.attempt ──────────► POST {BaseURL}/chat/completions
//	  │                          another status than 200 → httpFailure, no connection → ioFailure
//	  ▼
//	sseReader.next               one event's data; the stallTimer measures the time between
//	  ▼
//	eventFrame.match             most events differ from the last one only in their text
//	  │ no match
//	  ▼
//	decodeEvent                  JSON → chunk
//	  ▼
//	responseBuilder.add          joins characters and tool calls that were split; leaves out thoughts; takes a text
//	  │                          that is a tool call for one; emits text
//	  ▼
//	agent.Answer                 or a failure, which agent.ModelFailure turns into an error of the catalogue
//
// A call is never retried once a part of its answer has arrived, an incomplete answer is never returned as a whole
// one, and a tool call is never emitted as text. Redirects are not followed. The upstream's messages, which may hold
// secrets, are neither logged nor returned. No environment variable is read.
package llm
