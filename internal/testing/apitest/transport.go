package apitest

import "testing"

// Transport is a way to have answers streamed. Open returns a function that asks with a ChatRequest and reads the
// answer: its text in the pieces that came, and its end.
type Transport struct {
	Name string
	Open func(a *API, headers Header) AskFunc
}

// AskFunc asks once, for the test that it is given.
type AskFunc func(t *testing.T, request string) (tokens []string, last *Frame)

// Transports returns all of them: both versions of the stream, each over one socket, and server-sent events.
func Transports() []Transport {
	return []Transport{
		{"version 1", func(a *API, headers Header) AskFunc {
			s := a.Dial(headers)
			return func(t *testing.T, request string) ([]string, *Frame) {
				s.T = t
				s.expectWithin(answerTimeout)
				s.Send(request)
				return s.Answer()
			}
		}},
		{"version 2", func(a *API, headers Header) AskFunc {
			s := a.DialEvents(headers)
			return func(t *testing.T, request string) ([]string, *Frame) {
				s.T = t
				s.expectWithin(answerTimeout)
				s.Send(request)
				return asFrame(s.Answer())
			}
		}},
		{"server-sent events", func(a *API, headers Header) AskFunc {
			return func(t *testing.T, request string) ([]string, *Frame) {
				s, refused := a.AskEvents(request, headers)
				if s == nil {
					t.Fatalf("%d %s", refused.Status, refused.Body)
				}
				s.T = t
				defer s.Close()
				return asFrame(s.Answer())
			}
		}},
	}
}

// asFrame returns an answer as version 1 has it.
func asFrame(events []Event) (tokens []string, last *Frame) {
	for _, e := range events {
		if e.Type == "text" {
			tokens = append(tokens, e.Delta)
		}
	}
	end := events[len(events)-1]
	last = &Frame{Done: true, Kind: end.Kind, Response: end.Response, Actions: end.Actions, Truncated: end.Truncated,
		Replaced: end.Replaced, Upgrade: end.Upgrade, Usage: end.Usage, Context: end.Context, Agent: end.Agent,
		Steps: end.Steps}
	if end.Type == "error" {
		last.Error = &Failure{Code: end.Code, Message: end.Message, RequestID: end.RequestID}
	}
	return tokens, last
}
