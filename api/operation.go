package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"culvert/explain"
)

// roleExtension is the member of an operation in the OpenAPI document that names the least role that may use it.
const roleExtension = "x-role"

// operation describes one operation, which callers of a role and above may use. path stands below the version: "sas",
// "connections/{name}". Errors of all operations are problems.
func operation(api huma.API, method, path string, role Role, summary string) huma.Operation {
	problem := huma.SchemaFromType(api.OpenAPI().Components.Schemas, typeOf[Problem]())
	return huma.Operation{
		OperationID: operationID(method, path), Method: method, Path: "/" + Version + "/" + path, Summary: summary, MaxBodyBytes: 16 << 10, BodyReadTimeout: -1, // guarded has one

		Extensions: map[string]any{roleExtension: role.String()},
		Responses: map[string]*huma.Response{"default": {
			Description: "Problem",
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
		}},
	}
}

// operationID names an operation: "sas" for GET /v1/sas, "sas-spi" for GET /v1/sas/{spi}, "delete-sas-spi" for its DELETE.
func operationID(method, path string) string {
	id := strings.NewReplacer("/", "-", "{", "", "}", "").Replace(path)
	if method != http.MethodGet && method != http.MethodPost {
		id = strings.ToLower(method) + "-" + id
	}
	return id
}

// serve connects an operation to a function that takes the parameters I and returns what becomes the body of the answer.
func serve[I, O any](api huma.API, op huma.Operation, f func(context.Context, *I) (O, error)) {
	huma.Register(api, op, func(ctx context.Context, in *I) (*answer[O], error) {
		body, err := f(ctx, in)
		if err != nil {
			return nil, noted(ctx, err)
		}
		return &answer[O]{body}, nil
	})
}

// share is serve for operations without parameters whose answer may be long: all who ask at the same time get the same text, which is in
// memory once however slowly they read.
func share[T any](api huma.API, op huma.Operation, f func(context.Context) (T, error)) {
	texts := new(Shared[[]byte])
	encoded := func(ctx context.Context) ([]byte, error) {
		v, err := f(ctx)
		if err != nil {
			return nil, err
		}
		return json.Marshal(v)
	}
	huma.Register(api, writes[T](api, op), func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
		text, err := texts.Ask(ctx, encoded)
		if err != nil {
			return nil, noted(ctx, err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			hc.SetHeader("Content-Type", "application/json")
			for piece := range slices.Chunk(text, pieceSize) {
				if _, err := hc.BodyWriter().Write(piece); err != nil {
					return // the client has gone
				}
			}
		}}, nil
	})
}

// pieceSize is how much of a long answer is written at a time, for which a client has its patience.
const pieceSize = 64 << 10

// do is serve for operations whose answer has no body.
func do[I any](api huma.API, op huma.Operation, f func(context.Context, *I) error) {
	huma.Register(api, op, func(ctx context.Context, in *I) (*struct{}, error) {
		if err := f(ctx, in); err != nil {
			return nil, noted(ctx, err)
		}
		return nil, nil
	})
}

// noted returns what an error is to a client, and notes it for the log.
func noted(ctx context.Context, err error) *Problem {
	p := problemOf(err)
	failed(ctx, p)
	return p
}

// capability returns what the control can do beyond Control, a small interface T of its own, or the problem that it cannot.
func capability[T any](s *Server) (T, error) {
	c, ok := s.control.(T)
	if !ok {
		return c, NewProblem(http.StatusNotImplemented, explain.ManageUnsupported, "", "this daemon has nothing to answer that with")
	}
	return c, nil
}

// asking makes a function for serve of one that needs a capability. The operation is described whether the control has it or
// not, so that the document is always the same.
func asking[T, I, O any](s *Server, f func(context.Context, T, *I) (O, error)) func(context.Context, *I) (O, error) {
	return func(ctx context.Context, in *I) (answer O, err error) {
		able, err := capability[T](s)
		if err != nil {
			return answer, err
		}
		return f(ctx, able, in)
	}
}

// authorize is the middleware that refuses callers below the role of an operation.
func authorize(ctx huma.Context, next func(huma.Context)) {
	if p := refuse(CallerOf(ctx.Context()), roleOf(ctx.Operation())); p != nil {
		_, w := humago.Unwrap(ctx)
		failed(ctx.Context(), p)
		writeProblem(w, p)
		return
	}
	next(ctx)
}

// roleOf returns the role that an operation needs. One that names none needs the highest.
func roleOf(op *huma.Operation) Role {
	var needed Role
	name, _ := op.Extensions[roleExtension].(string)
	if needed.UnmarshalText([]byte(name)) != nil {
		return Administer
	}
	return needed
}

// refuse returns why a caller may not do what a role is needed for.
func refuse(c Caller, needed Role) *Problem {
	switch {
	case c.Role >= needed:
		return nil
	case c.Role == Nobody:
		return NewProblem(http.StatusUnauthorized, explain.ManageUnauthenticated, "", "nobody knows who you are")
	}
	return NewProblem(http.StatusForbidden, explain.ManageForbidden, "", "%s may %s, and this needs somebody who may %s", c.Name, c.Role, needed)
}
