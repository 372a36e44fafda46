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
	get(api, "status", "Everything about this moment", s.control.Status)
	get(api, "connections", "Configured connections", s.connections)
	get(api, "pools", "Address pools and their leases", s.control.Pools)
	huma.Register(api, operation(api, http.MethodGet, "sas", "IKE SAs with their children"), s.sas)
	post(api, "down", "Close a connection, a child or one IKE SA", s.control.Down)
	post(api, "reauth", "Authenticate anew, make before break", s.control.Reauth)
	huma.Register(api, operation(api, http.MethodPost, "rekey", "Give new keys to IKE SAs or children"), s.rekey)
	huma.Register(api, operation(api, http.MethodPost, "reload", "Read the configuration and apply the difference"), s.reload)
	huma.Register(api, operation(api, http.MethodPost, "check", "Read the configuration and change nothing"), s.check)
	huma.Register(api, streaming(operation(api, http.MethodPost, "up", "Bring up a connection or child, with events until the end")), s.up)
	huma.Register(api, streaming(operation(api, http.MethodGet, "events", "Events as they happen")), s.events)
	huma.Register(api, streaming(operation(api, http.MethodGet, "log", "Log lines as they are written")), s.log)
	s.registerTraces(api)
}

// operation describes one path. Errors of all of them are problems.
func operation(api huma.API, method, name, summary string) huma.Operation {
	problem := huma.SchemaFromType(api.OpenAPI().Components.Schemas, typeOf[Problem]())
	return huma.Operation{
		OperationID: name, Method: method, Path: "/" + Version + "/" + name, Summary: summary, MaxBodyBytes: 16 << 10,
		Responses: map[string]*huma.Response{"default": {
			Description: "Problem",
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
		}},
	}
}

// get connects a path to a question.
func get[T any](api huma.API, name, summary string, ask func(context.Context) (T, error)) {
	huma.Register(api, operation(api, http.MethodGet, name, summary), func(ctx context.Context, _ *struct{}) (*answer[T], error) {
		body, err := ask(ctx)
		if err != nil {
			return nil, problemOf(err)
		}
		return &answer[T]{body}, nil
	})
}

// post connects a path to a command.
func post(api huma.API, name, summary string, act func(context.Context, Target) error) {
	huma.Register(api, operation(api, http.MethodPost, name, summary), func(ctx context.Context, in *commandInput) (*struct{}, error) {
		return nil, in.Body.run(ctx, name, act)
	})
}

// run carries out a command of some name within its time.
func (c Command) run(ctx context.Context, name string, act func(context.Context, Target) error) error {
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
	status, err := s.control.Status(ctx)
	return status.Connections, err
}

type sasInput struct {
	Connection string `query:"connection" doc:"Only those of this connection"`
}

func (s *Server) sas(ctx context.Context, in *sasInput) (*answer[[]SA], error) {
	status, err := s.control.Status(ctx)
	if err != nil {
		return nil, problemOf(err)
	}
	if in.Connection == "" {
		return &answer[[]SA]{status.SAs}, nil
	}
	if _, ok := status.Connection(in.Connection); !ok {
		return nil, NewProblem(http.StatusNotFound, explain.ManageNotFound, "", "there is no connection %q", in.Connection)
	}
	return &answer[[]SA]{status.SAsOf(in.Connection)}, nil
}

func (s *Server) rekey(ctx context.Context, in *commandInput) (*struct{}, error) {
	layer := in.Body.Layer
	if layer == "" {
		layer = LayerIKE
		if in.Body.Child != "" {
			layer = LayerChild
		}
	}
	return nil, in.Body.run(ctx, "rekey", func(ctx context.Context, t Target) error { return s.control.Rekey(ctx, t, layer) })
}

func (s *Server) reload(ctx context.Context, _ *struct{}) (*answer[Reloaded], error) {
	r, err := s.control.Reload(ctx)
	if err != nil {
		return nil, problemOf(err)
	}
	return &answer[Reloaded]{r}, nil
}

func (s *Server) check(ctx context.Context, _ *struct{}) (*answer[Checked], error) {
	return &answer[Checked]{Checked{s.control.Check(ctx)}}, nil
}
