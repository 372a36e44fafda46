package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"culvert/config"
	"culvert/explain"
)

// An answer holds the body of a response.
type answer[T any] struct{ Body T }

// A Command is the body of requests that act.
type Command struct {
	Target
	Layer          Layer   `json:"layer,omitempty" enum:"ike,child" doc:"What to rekey; empty: children when one is named, else IKE SAs"`
	TimeoutSeconds float64 `json:"timeout,omitempty" minimum:"0" maximum:"86400" doc:"Seconds to wait for the end; 0: as long as it takes"`
}

type commandInput struct{ Body Command }

// Checked is what a check has found.
type Checked struct {
	Diagnostics config.Diagnostics `json:"diagnostics"`
}

// register describes and connects every operation.
func (s *Server) register(api huma.API) {
	get(api, "connections", "Configured connections", s.connections)
	get(api, "pools", "Address pools and their leases", s.control.Pools)
	serve(api, operation(api, http.MethodGet, "overview", Read, "Everything about this moment but the SAs, of which there are sums"), s.overview)
	s.registerSAs(api)
	post(api, "down", "Close a connection, a child or one IKE SA", s.control.Down)
	post(api, "reauth", "Authenticate anew, make before break", s.control.Reauth)
	do(api, operation(api, http.MethodPost, "rekey", Operate, "Give new keys to IKE SAs or children"), s.rekey)
	serve(api, operation(api, http.MethodPost, "reload", Operate, "Read the configuration and apply the difference"), s.reload)
	serve(api, operation(api, http.MethodPost, "check", Operate, "Read the configuration and change nothing"), s.check)
	huma.Register(api, streaming(operation(api, http.MethodPost, "up", Operate, "Bring up a connection or child, with events until the end")), s.up)
	huma.Register(api, streaming(operation(api, http.MethodGet, "events", Read, "Events as they happen")), s.events)
	huma.Register(api, streaming(operation(api, http.MethodGet, "log", Read, "Log lines as they are written")), s.log)
	s.registerTraces(api)
	s.registerWeb(api)
	s.registerKeys(api)
	s.registerConfiguration(api)
	s.registerCapture(api)
	s.registerScrub(api)
	s.registerInventory(api)
	s.registerCounters(api)
	s.registerLevel(api)
}

// get connects a path to a question that everybody may ask.
func get[T any](api huma.API, path, summary string, ask func(context.Context) (T, error)) {
	share(api, operation(api, http.MethodGet, path, Read, summary), ask)
}

// post connects a path to a command.
func post(api huma.API, path, summary string, act func(context.Context, Target) error) {
	do(api, operation(api, http.MethodPost, path, Operate, summary), func(ctx context.Context, in *commandInput) error {
		return in.Body.run(ctx, path, act)
	})
}

// run carries out a command of some name within its time.
func (c Command) run(ctx context.Context, name string, act func(context.Context, Target) error) error {
	about(ctx, c.String())
	ctx, cancel := c.limit(ctx)
	defer cancel()
	if err := act(ctx, c.Target); err != nil {
		return c.problem(ctx, name, err)
	}
	return nil
}

// problem tells an error of the command from the end of its time.
func (c Command) problem(ctx context.Context, name string, err error) *Problem {
	if context.Cause(ctx) == context.DeadlineExceeded {
		return NewProblem(http.StatusGatewayTimeout, explain.ManageTimeout, "", "%s %s did not end within %g s", name, c.Target, c.TimeoutSeconds)
	}
	return problemOf(err)
}

func (s *Server) connections(ctx context.Context) ([]Connection, error) {
	o, err := s.control.Overview(ctx)
	return o.without().Connections, err
}

func (s *Server) rekey(ctx context.Context, in *commandInput) error {
	layer := in.Body.Layer
	if layer == "" {
		layer = LayerIKE
		if in.Body.Child != "" {
			layer = LayerChild
		}
	}
	return in.Body.run(ctx, "rekey", func(ctx context.Context, t Target) error { return s.control.Rekey(ctx, t, layer) })
}

func (s *Server) reload(ctx context.Context, _ *struct{}) (Reloaded, error) {
	return s.control.Reload(ctx)
}

func (s *Server) check(ctx context.Context, _ *struct{}) (Checked, error) {
	return Checked{s.control.Check(ctx)}, nil
}
