package cli

import (
	"errors"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
)

// silent is a problem whose details have been shown as the result of the command already.
type silent struct{ *api.Problem }

func (s silent) Unwrap() error { return s.Problem }

// refused shows what is wrong with a configuration that was refused. Other errors pass.
func (a *app) refused(err error) error {
	var p *api.Problem
	var invalid *config.InvalidError
	switch {
	case errors.As(err, &invalid):
		p = api.NewProblem(0, explain.ManageConfigRefused, "", "%v", invalid)
		p.Diagnostics = invalid.Diagnostics
	case !errors.As(err, &p), len(p.Diagnostics) == 0:
		return err
	}
	if a.json {
		return p
	}
	out := a.printer(a.Err)
	for _, d := range p.Diagnostics {
		out.diagnostic(d)
	}
	return a.corrections(p.Diagnostics, "the configuration")
}

// corrections is the problem of a configuration whose diagnostics have been shown.
func (a *app) corrections(found config.Diagnostics, name string) *api.Problem {
	return api.NewProblem(0, explain.ManageConfigRefused, "correct the places above", "%s was refused with %s", name, found.Summary())
}
