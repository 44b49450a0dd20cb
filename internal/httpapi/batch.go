package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v5"
	"golang.org/x/sync/errgroup"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
)

// batchAtOnce is how many items of a batch are answered at a time.
const batchAtOnce = 4

var errNoBatch = fault.ErrTierRequired.
	WithMessage("Your plan does not include batches. Upgrade, or send the questions one by one.").
	WithExtra("required", []tier.Tier{tier.Pro, tier.Power, tier.Team})

// ChatBatch answers each item of a batch as Chat would answer it alone. The chain has counted one request, which is the
// first item's.
func (s *Server) ChatBatch(ctx context.Context, _ api.ChatBatchRequestObject) (api.ChatBatchResponseObject, error) {
	user, info := identity.From(ctx), requestInfoFrom(ctx)
	if !user.Tier.Features().Batch {
		return nil, errNoBatch
	}
	results := make(batchReply, len(info.items))
	var answers errgroup.Group
	answers.SetLimit(batchAtOnce)
	for i, item := range info.items {
		if ctx.Err() != nil {
			break
		}
		settle, question, err := s.openItem(ctx, user, item, i > 0)
		if err != nil {
			results[i] = s.failedItem(ctx, err)
			continue
		}
		answers.Go(func() error {
			if ctx.Err() == nil { // the caller may have left while the item waited for its turn
				results[i] = s.answerItem(ctx, user, question, settle)
			}
			return nil
		})
	}
	_ = answers.Wait() // they return no errors
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return results, nil
}

// openItem counts an item against the rate limit, unless that is done, and reads it.
func (s *Server) openItem(ctx context.Context, user identity.User, item json.RawMessage, count bool) (
	settle func(error), question chat.Request, err error) {
	settle = s.refundOf(ctx, accountLimit(user))
	if count {
		if settle, err = s.charge(ctx, accountLimit(user), nil); err != nil {
			return nil, chat.Request{}, err
		}
	}
	body, err := s.bodies.question.read(ctx, item)
	if err != nil {
		return nil, chat.Request{}, err
	}
	if question, err = body.request(false); err != nil {
		return nil, chat.Request{}, err
	}
	return settle, question, nil
}

func (s *Server) answerItem(
	ctx context.Context, user identity.User, question chat.Request, settle func(error),
) batchResult {
	var reply chat.Reply
	err := safely(func() (err error) {
		reply, err = s.cfg.Chat.Run(ctx, user, question, chat.Listener{})
		return err
	})
	settle(err)
	if err != nil {
		return s.failedItem(ctx, err)
	}
	return batchResult{Status: http.StatusOK, Response: toAPIReply(reply)}
}

// failedItem returns the problem that POST /chat answers with for err. What failed on our side is logged.
func (s *Server) failedItem(ctx context.Context, err error) batchResult {
	f := toFault(err)
	if f.Code.Status() >= http.StatusInternalServerError && ctx.Err() == nil {
		s.cfg.Log.WarnContext(ctx, "item of a batch failed", slog.String("code", string(f.Code)), slog.Any("error", f))
	}
	info := requestInfoFrom(ctx)
	return batchResult{Status: f.Code.Status(), RetryAfter: retrySeconds(f),
		Problem: problemBody(f, info.baseURL, BasePath+"/chat", info.id)}
}

// batchResult is an api.BatchResult that is encoded once.
type batchResult struct {
	Status     int             `json:"status"`
	Response   any             `json:"response,omitempty"`
	Problem    json.RawMessage `json:"problem,omitempty"`
	RetryAfter int             `json:"retry_after,omitempty"`
}

type batchReply []batchResult

// VisitChatBatchResponse implements api.ChatBatchResponseObject.
func (b batchReply) VisitChatBatchResponse(w http.ResponseWriter) error {
	return chatResponse{map[string]any{"results": b}}.VisitChatResponse(w)
}

// readItems reads a body that is an object and returns the items of its list with that name, each as it was sent and
// not yet checked.
func (s *Server) readItems(c *echo.Context, o operation) error {
	r := c.Request()
	data, err := readBody(r)
	if err != nil {
		return err
	}
	info := requestInfoFrom(r.Context())
	info.baseURL = baseURL(r)
	info.items, err = splitItems(data, o.policy.Items, o.schema.Properties[o.policy.Items].Value)
	return err
}

// splitItems returns the items of the list member of a JSON object. Where the list is missing, is no list of objects or
// has another length than its schema allows, that is validation_failed.
func splitItems(data []byte, member string, list *openapi3.Schema) ([]json.RawMessage, error) {
	if !json.Valid(data) {
		return nil, fault.ErrInvalidJSON
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, wrongItems("", "must be an object")
	}
	var items []json.RawMessage
	for seen := map[json.Token]bool{}; decoder.More(); {
		name, err := decoder.Token()
		if err != nil || seen[name] {
			return nil, fault.ErrInvalidJSON.WithMessage("The body is not acceptable JSON: a member is given twice.")
		}
		seen[name] = true
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, fault.ErrInvalidJSON
		}
		if name == member && json.Unmarshal(value, &items) != nil {
			items = nil
		}
	}
	if items == nil {
		return nil, wrongItems("/"+member, "must be a list")
	}
	if n := uint64(len(items)); n < list.MinItems || list.MaxItems != nil && n > *list.MaxItems {
		return nil, wrongItems("/"+member, fmt.Sprintf("must have %d to %d items", list.MinItems, *list.MaxItems))
	}
	for i, item := range items {
		if item[0] != '{' {
			return nil, wrongItems(fmt.Sprintf("/%s/%d", member, i), "must be an object")
		}
	}
	return items, nil
}

func wrongItems(pointer, message string) error {
	return fault.ErrValidation.WithDetails(fault.Detail{Pointer: pointer, Message: message})
}
