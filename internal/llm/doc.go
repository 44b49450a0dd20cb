// Package llm calls language models over an OpenAI-compatible chat completions API. Its Client asks one provider;
// package provider chooses between several. Calls use langchaingo's message types, and requests are those that
// langchaingo's client would send. The exchange is this package's own, because langchaingo's mixes tool calls into the
// text, hides errors, returns truncated answers as whole ones, and encodes every prompt twice.
//
//	agent.ModelCall
//	  │  Client.Generate         picks the model; total timeout; one retry
//	  ▼
//	requestEncoder.encode        JSON body; prompts are escaped once and copied after that
//	  ▼
//	exchange.roundTrip ────────► POST {BaseURL}/chat/completions
//	  │                          another status than 200 → httpFailure, no connection → ioFailure
//	  ▼
//	sseReader.next               one event's data; the stallTimer measures the time between
//	  ▼
//	eventFrame.match             most events differ from the last one only in their text
//	  │ no match
//	  ▼
//	decodeEvent                  JSON → chunk
//	  ▼
//	responseBuilder.add          joins characters and tool calls that were split; emits text
//	  ▼
//	agent.Answer                 or a failure, which agent.ModelFailure turns into an error of the catalogue
//
// A call is never retried once a part of its answer has arrived, an incomplete answer is never returned as a whole
// one, and a tool call is never emitted as text. Redirects are not followed. The upstream's messages, which may hold
// secrets, are neither logged nor returned. No environment variable is read.
package llm
