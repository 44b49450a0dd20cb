package eval

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// maxRecording limits the recording of a scenario, in bytes.
const maxRecording = 4 << 20

// recording is the file of one scenario: the answers of the model, by turn.
type recording struct {
	Scenario string     `json:"scenario"` // its ID
	Turns    [][]answer `json:"turns"`
}

// answer is one answer of the model. The request is there as hashes alone.
type answer struct {
	Prompt  string     `json:"prompt"`  // of the prompts, tools and settings
	Request string     `json:"request"` // of everything else that the model read
	Text    string     `json:"text,omitempty"`
	Calls   []toolCall `json:"calls,omitempty"`
	// Withheld says that the text held a part of our prompts, so that it was not written.
	Withheld     bool   `json:"withheld,omitempty"`
	Truncated    bool   `json:"truncated,omitempty"`
	InputTokens  int64  `json:"input_tokens,omitempty"`
	OutputTokens int64  `json:"output_tokens,omitempty"`
	Error        string `json:"error,omitempty"` // code of the fault that came instead
}

type toolCall struct {
	ID        string `json:"id,omitempty"`
	Tool      string `json:"tool"`
	Arguments string `json:"arguments"`
}

// Recorded says what a folder of recordings was made with. A replay needs the same limits.
type Recorded struct {
	Provider        string `json:"provider"`
	Model           string `json:"model"`
	Router          string `json:"router"`
	Routing         bool   `json:"routing,omitempty"` // only the router was asked
	ContextTokens   int    `json:"context_tokens"`
	MaxOutputTokens int    `json:"max_output_tokens"`
}

// recordedFile has the Recorded of its folder.
const recordedFile = "recorded.json"

// Write writes it into the folder, which it makes. It fails if the folder was recorded with anything else.
func (r Recorded) Write(dir string) error {
	if old, err := ReadRecorded(os.DirFS(dir)); err == nil && old != r {
		return fmt.Errorf("%s was recorded with another model, %s of %s, or other limits: choose another folder", dir,
			old.Model, old.Provider)
	}
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the folder for the recording cannot be made: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, recordedFile), append(text, '\n'), 0o600)
}

// ReadRecorded reads what the folder was recorded with.
func ReadRecorded(folder fs.FS) (r Recorded, err error) {
	text, err := fs.ReadFile(folder, recordedFile)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return Recorded{}, fmt.Errorf("this is no folder of `adiuva-api eval --record`: %w", err)
	}
	return r, nil
}

// fileOf returns the name of the recording of a scenario.
func fileOf(id string) string { return id + ".json" }

// readRecording reads the recording of the scenario with that ID. The error satisfies errors.Is(err, fs.ErrNotExist)
// if there is none.
func readRecording(folder fs.FS, id string) (r recording, err error) {
	f, err := folder.Open(fileOf(id))
	if err != nil {
		return recording{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err := io.ReadAll(io.LimitReader(f, maxRecording+1))
	if err == nil && len(text) > maxRecording {
		err = fmt.Errorf("%s is larger than %d MiB", path.Base(fileOf(id)), maxRecording>>20)
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err == nil && r.Scenario != id {
		err = fmt.Errorf("%s is a recording of %q", fileOf(id), r.Scenario)
	}
	return r, err
}

// hashes returns a hash of what is ours in a call, and one of what the conversation brought. IDs of tool calls do not
// count, since models invent them.
func hashes(call agent.ModelCall) (prompt, request string) {
	var ours, theirs []any
	for _, m := range call.Messages {
		parts := []any{m.Role}
		for _, part := range m.Parts {
			switch p := part.(type) {
			case llms.TextContent:
				parts = append(parts, p.Text)
			case llms.ToolCall:
				if p.FunctionCall != nil {
					parts = append(parts, p.FunctionCall.Name, p.FunctionCall.Arguments)
				}
			case llms.ToolCallResponse:
				parts = append(parts, p.Name, p.Content)
			}
		}
		if m.Role == llms.ChatMessageTypeSystem {
			ours = append(ours, parts)
		} else {
			theirs = append(theirs, parts)
		}
	}
	for _, t := range call.Tools {
		if t.Function != nil {
			ours = append(ours, t.Function.Name, t.Function.Description, t.Function.Parameters)
		}
	}
	ours = append(ours, call.TextOnly, call.Temperature, call.Schema)
	return hash(ours), hash([]any{call.Small, theirs})
}

// hash returns the first 16 hexadecimal digits of a hash of plain data.
func hash(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		text = fmt.Append(nil, value)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
