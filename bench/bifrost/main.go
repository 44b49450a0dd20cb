// Command bifrost is a small HTTP server around the core of the gateway Bifrost, for benchmarks: it neither
// authenticates, nor limits, nor logs. It is a module of its own, so that the service does not depend on Bifrost.
//
//	bifrost LISTEN-ADDRESS MODEL-ADDRESS
package main

import (
	"bufio"
	"context"
	"os"
	"time"

	"github.com/bytedance/sonic"
	bifrost "github.com/maximhq/bifrost/core"
	"github.com/maximhq/bifrost/core/schemas"
	"github.com/valyala/fasthttp"
)

// account is Bifrost's configuration: one provider with one key.
type account struct{ model string }

func (a account) GetConfiguredProviders() ([]schemas.ModelProvider, error) {
	return []schemas.ModelProvider{schemas.OpenAI}, nil
}

func (a account) GetKeysForProvider(context.Context, schemas.ModelProvider) ([]schemas.Key, error) {
	return []schemas.Key{{ID: "k", Name: "k", Value: *schemas.NewEnvVar("sk-x"), Models: schemas.WhiteList{"*"},
		Weight: 1}}, nil
}

func (a account) GetConfigForProvider(schemas.ModelProvider) (*schemas.ProviderConfig, error) {
	return &schemas.ProviderConfig{
		NetworkConfig: schemas.NetworkConfig{BaseURL: "http://" + a.model, DefaultRequestTimeoutInSeconds: 600,
			MaxConnsPerHost: 20000},
		ConcurrencyAndBufferSize: schemas.ConcurrencyAndBufferSize{Concurrency: 2000, BufferSize: 5000},
	}, nil
}

// question has the members of a request that are not parameters.
type question struct {
	Model    string                `json:"model"`
	Messages []schemas.ChatMessage `json:"messages"`
	Stream   bool                  `json:"stream"`
}

type server struct{ core *bifrost.Bifrost }

func main() {
	core, err := bifrost.Init(context.Background(), schemas.BifrostConfig{Account: account{os.Args[2]},
		InitialPoolSize: 300, Logger: bifrost.NewDefaultLogger(schemas.LogLevelError)})
	if err != nil {
		panic(err)
	}
	s := &fasthttp.Server{Concurrency: 100000, ReadTimeout: time.Hour, MaxRequestBodySize: 8 << 20,
		Handler: (&server{core}).serve}
	panic(s.ListenAndServe(os.Args[1]))
}

func (s *server) serve(c *fasthttp.RequestCtx) {
	var q question
	var parameters schemas.ChatParameters
	if sonic.Unmarshal(c.PostBody(), &q) != nil || sonic.Unmarshal(c.PostBody(), &parameters) != nil {
		c.SetStatusCode(fasthttp.StatusBadRequest)
		return
	}
	request := &schemas.BifrostChatRequest{Provider: schemas.OpenAI, Model: q.Model, Input: q.Messages,
		Params: &parameters}
	ctx, cancel := schemas.NewBifrostContextWithCancel(context.Background())
	if q.Stream {
		s.stream(c, ctx, cancel, request)
		return
	}
	defer cancel()
	answer, failure := s.core.ChatCompletionRequest(ctx, request)
	if failure != nil {
		c.SetStatusCode(fasthttp.StatusBadGateway)
		return
	}
	body, err := sonic.Marshal(answer)
	if err != nil {
		c.SetStatusCode(fasthttp.StatusInternalServerError)
		return
	}
	c.SetContentType("application/json")
	c.SetBody(body)
}

func (s *server) stream(c *fasthttp.RequestCtx, ctx *schemas.BifrostContext, cancel func(),
	request *schemas.BifrostChatRequest) {
	parts, failure := s.core.ChatCompletionStreamRequest(ctx, request)
	if failure != nil {
		cancel()
		c.SetStatusCode(fasthttp.StatusBadGateway)
		return
	}
	c.SetContentType("text/event-stream")
	c.Response.ImmediateHeaderFlush = true
	c.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer cancel()
		for part := range parts {
			if part.BifrostChatResponse == nil {
				continue
			}
			event, err := sonic.Marshal(part.BifrostChatResponse)
			if err != nil {
				return
			}
			_, _ = w.WriteString("data: ")
			_, _ = w.Write(event)
			_, _ = w.WriteString("\n\n")
			if w.Flush() != nil {
				return
			}
		}
		_, _ = w.WriteString("data: [DONE]\n\n")
		_ = w.Flush()
	})
}
