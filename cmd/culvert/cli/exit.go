package cli

import (
	"context"
	"errors"
	"strings"

	"culvert/api"
	"culvert/explain"
)

// The exit codes, as docs/cli.md has them.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitConnection  = 4
	exitConfig      = 5
	exitNotFound    = 6
	exitTimeout     = 7
	exitInterrupted = 130
)

// exitCode returns the exit code for an error.
func exitCode(err error) int {
	var p *api.Problem
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case !errors.As(err, &p):
		return exitUsage // cobra's own errors are about the way a command is written
	}
	switch p.Code {
	case explain.ManageUsage:
		return exitUsage
	case explain.ManageUnreachable:
		return exitUnreachable
	case explain.ManageConfigRefused:
		return exitConfig
	case explain.ManageNotFound:
		return exitNotFound
	case explain.ManageTimeout:
		return exitTimeout
	}
	if strings.HasPrefix(string(p.Code), "IKE-") || strings.HasPrefix(string(p.Code), "AUTH-") {
		return exitConnection
	}
	return exitFailure
}

// fail tells why a command failed: one sentence with cause, next action and code; as JSON, a problem.
func (a *app) fail(err error) {
	var p *api.Problem
	switch {
	case errors.Is(err, context.Canceled):
		return // who interrupts knows
	case !errors.As(err, &p):
		p = api.NewProblem(0, explain.ManageUsage, "", "%v", err)
	}
	var shown silent
	if a.json {
		if !errors.As(err, &shown) {
			a.printJSON(p)
		}
		return
	}
	out := a.printer(a.Err)
	out.line("%s %s", out.bad("culvert:"), p.Error())
}
