package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// A Journal is a Control whose log can be made to say more or less while it runs.
type Journal interface {
	// LogLevel is the least severe level that is logged: debug, info, warn or error.
	LogLevel(ctx context.Context) (string, error)
	// SetLogLevel changes it, until the configuration is read again.
	SetLogLevel(ctx context.Context, level string) error
}

// LogLevel is the least severe level that is logged.
type LogLevel struct {
	Level string `json:"level" enum:"debug,info,warn,error"`
}

type levelInput struct{ Body LogLevel }

// registerLevel connects the operations on the level of the log.
func (s *Server) registerLevel(api huma.API) {
	serve(api, operation(api, http.MethodGet, "log/level", Read, "The least severe level that is logged"),
		asking(s, func(ctx context.Context, j Journal, _ *struct{}) (LogLevel, error) {
			level, err := j.LogLevel(ctx)
			return LogLevel{level}, err
		}))
	do(api, operation(api, http.MethodPut, "log/level", Operate, "Log more or less, until the configuration is read again"), func(ctx context.Context, in *levelInput) error {
		about(ctx, in.Body.Level)
		j, err := capability[Journal](s)
		if err != nil {
			return err
		}
		return j.SetLogLevel(ctx, in.Body.Level)
	})
}
