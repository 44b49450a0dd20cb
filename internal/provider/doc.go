// Package provider chooses the language model that answers a call. A Set has the operator's providers in their order of
// preference, each with a client. It is an agent.Model.
//
//	agent.ModelCall
//	  │  Set.Generate            who may use which provider; the caller's choice and own key
//	  ▼
//	member.generate              breaker per model; refusals of our key; operator alarms
//	  │  ▲
//	  │  └── failed before anything was shown: the next provider, inside the same deadline
//	  ▼
//	agent.Model                  package llm or langchain: one provider's client
//
// Load reads LLM_PROVIDERS_FILE, and Check asks each provider what it can do. A caller's own key is passed to the
// client of the provider that it is for, and to nothing else: what happens to its calls changes no state that others
// share. The package reads no environment and imports no client.
package provider
