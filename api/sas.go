package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

type sasInput struct {
	Connection string `query:"connection" maxLength:"64" doc:"Only those of this connection"`
	Match      string `query:"match" maxLength:"128" doc:"Only those of which an address, identity, user, SPI or child has this in it; case does not count"`
	Offset     int    `query:"offset" minimum:"0" doc:"Leave out so many"`
	Limit      int    `query:"limit" minimum:"0" doc:"Answer with so many at most; 0: all"`
}

// sasOutput is a part of a list.
type sasOutput struct {
	Total int `header:"X-Total-Count" doc:"How many there are without offset and limit"`
	Body  []SA
}

// registerSAs connects the list of IKE SAs.
func (s *Server) registerSAs(api huma.API) {
	huma.Register(api, operation(api, http.MethodGet, "sas", Read, "IKE SAs with their children"), s.sas)
}

func (s *Server) sas(ctx context.Context, in *sasInput) (*sasOutput, error) {
	status, err := s.control.Status(ctx)
	if err != nil {
		return nil, problemOf(err)
	}
	list := status.SAs
	if in.Connection != "" {
		if _, ok := status.Connection(in.Connection); !ok {
			return nil, noSuch("connection", in.Connection)
		}
		list = status.SAsOf(in.Connection)
	}
	if in.Match != "" {
		part := strings.ToLower(in.Match)
		list = slices.DeleteFunc(slices.Clone(list), func(sa SA) bool { return !sa.mentions(part) })
	}
	out := &sasOutput{Total: len(list), Body: list[min(in.Offset, len(list)):]}
	if in.Limit > 0 {
		out.Body = out.Body[:min(in.Limit, len(out.Body))]
	}
	return out, nil
}

// mentions reports whether something that people look for has the part, which is in lower case, in it.
func (s *SA) mentions(part string) bool {
	names := []string{s.SPI, s.PeerSPI, s.User, s.Local.Address, s.Local.ID, s.Remote.Address, s.Remote.ID, s.Remote.IKEID}
	names = append(append(append(names, s.Groups...), s.Leases...), s.VirtualIPs...)
	for _, c := range s.Children {
		names = append(append(append(names, c.Name, c.InSPI, c.OutSPI), c.Local...), c.Remote...)
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(strings.ToLower(name), part) })
}
