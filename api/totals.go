package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Counters are totals since the start.
type Counters struct {
	Totals map[string]uint64 `json:"totals" doc:"By name, of everything"`
	IKE    []IKECounters     `json:"ike" doc:"Messages and events of IKE, of everything and then of each connection; they can be reset"`
}

type countersInput struct {
	Connection string `query:"connection" maxLength:"64" doc:"Of this connection only; empty: of everything and all connections"`
}

// registerCounters connects the operations on counters.
func (s *Server) registerCounters(api huma.API) {
	serve(api, operation(api, http.MethodGet, "counters", Read, "Totals since the start"),
		asking(s, func(ctx context.Context, c Counting, in *countersInput) (all Counters, err error) {
			o, err := s.control.Overview(ctx)
			if err != nil {
				return all, err
			}
			all.Totals = o.Counters
			all.IKE, err = c.IKECounters(ctx, in.Connection, in.Connection == "")
			return all, err
		}))
	do(api, operation(api, http.MethodDelete, "counters", Operate, "Have the counters of IKE begin at 0"), func(ctx context.Context, in *countersInput) error {
		about(ctx, in.Connection)
		c, err := capability[Counting](s)
		if err != nil {
			return err
		}
		return c.ResetIKECounters(ctx, in.Connection, in.Connection == "")
	})
}
