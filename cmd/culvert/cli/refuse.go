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

// refused shows what is wrong with a configuration that was refused, and makes a problem of any other error.
func (a *app) refused(err error) error {
	var p *api.Problem
	var invalid *config.InvalidError
	switch {
	case errors.As(err, &invalid):
		p = api.NewProblem(0, explain.ManageConfigRefused, "", "%v", invalid)
		p.Diagnostics = invalid.Diagnostics
	case !errors.As(err, &p):
		return api.NewProblem(0, explain.ManageInternal, "", "%v", err)
	}
	if !a.json {
		out := a.printer(a.Err)
		for _, d := range p.Diagnostics {
			out.diagnostic(d)
		}
	}
	return p
}
