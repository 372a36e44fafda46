package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"culvert/config"
	"culvert/explain"
)

// A Problem is a failure as it is shown to people and programs (RFC 9457): one sentence with the cause and both sides'
// values, the next action, and a stable code.
type Problem struct {
	Type        string             `json:"type,omitempty" doc:"URN of the code"`
	Title       string             `json:"title,omitempty" doc:"What the code stands for"`
	Status      int                `json:"status,omitempty" doc:"HTTP status code"`
	Code        explain.Code       `json:"code" doc:"Stable code; culvert explain CODE tells more"`
	Detail      string             `json:"detail" doc:"The cause, with both sides' values"`
	Action      string             `json:"action,omitempty" doc:"What to do next"`
	Diagnostics config.Diagnostics `json:"diagnostics,omitempty" doc:"What is wrong with the configuration"`
}

// NewProblem returns a problem whose title and, unless one is given, action come from the catalogue of codes.
func NewProblem(status int, code explain.Code, action, format string, args ...any) *Problem {
	p := &Problem{Type: "urn:culvert:" + strings.ToLower(string(code)), Status: status, Code: code, Detail: fmt.Sprintf(format, args...), Action: action}
	if entry, ok := explain.Lookup(code); ok {
		p.Title = entry.Title
		if p.Action == "" {
			p.Action = entry.Action
		}
	}
	return p
}

// Error returns cause, action and code in one line.
func (p *Problem) Error() string {
	text := strings.TrimSuffix(p.Detail, ".")
	if p.Action != "" {
		text += ": " + lowered(strings.TrimSuffix(p.Action, "."))
	}
	return fmt.Sprintf("%s [%s]", text, p.Code)
}

// lowered begins a sentence in the middle of a line: "Correct it" becomes "correct it", "PSK" and "`run`" stay.
func lowered(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes JSON a problem document (RFC 9457, Section 6.1).
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// problemOf returns what an error is to a client.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		if p.Status == 0 {
			whole := *p
			whole.Status = http.StatusConflict
			return &whole
		}
		return p
	}
	var invalid *config.InvalidError
	if errors.As(err, &invalid) {
		p = NewProblem(http.StatusUnprocessableEntity, explain.ManageConfigRefused, "", "%v", invalid)
		p.Diagnostics = invalid.Diagnostics
		return p
	}
	return NewProblem(http.StatusInternalServerError, explain.ManageInternal, "", "%v", err)
}
