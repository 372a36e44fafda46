package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

type sasInput struct {
	Connection string `query:"connection" maxLength:"64" doc:"Only those of this connection"`
	Match      string `query:"match" maxLength:"128" doc:"Only those of which an address, identity, user, SPI or child has this in it; case does not count"`
	Offset     int    `query:"offset" minimum:"0" doc:"Leave out so many"`
	Limit      int    `query:"limit" minimum:"0" maximum:"1000" doc:"Answer with so many at most; 0: all"`
}

// registerSAs connects the list of IKE SAs.
func (s *Server) registerSAs(api huma.API) {
	list := writes[[]SA](api, operation(api, http.MethodGet, "sas", Read, "IKE SAs with their children"))
	list.Responses["200"].Headers = map[string]*huma.Param{totalHeader: {
		Description: "How many there are without offset and limit; if there is a limit", Schema: &huma.Schema{Type: huma.TypeInteger},
	}}
	huma.Register(api, list, s.sas)
	huma.Register(api, writes[Status](api, operation(api, http.MethodGet, "status", Read, "Everything about this moment")), s.status)
}

// status is an overview with all IKE SAs in the place of sums.
func (s *Server) status(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	o, err := s.control.Overview(ctx)
	if err != nil {
		return nil, noted(ctx, err)
	}
	return s.withSAs(o.without(), all)
}

// sas answers with all IKE SAs that are wanted, or with a part of them.
func (s *Server) sas(ctx context.Context, in *sasInput) (*huma.StreamResponse, error) {
	if in.Connection != "" {
		o, err := s.control.Overview(ctx)
		if err != nil {
			return nil, noted(ctx, err)
		}
		if _, ok := o.connection(in.Connection); !ok {
			return nil, noted(ctx, noSuch("connection", in.Connection))
		}
	}
	part := strings.ToLower(in.Match)
	wanted := func(sa *SA) bool {
		return (in.Connection == "" || in.Connection == sa.Connection) && (part == "" || sa.mentions(part))
	}
	if in.Limit > 0 {
		return s.someSAs(ctx, in, wanted)
	}
	skip := in.Offset
	return s.tellSAs(nil, nil, func(sa *SA) bool {
		if !wanted(sa) {
			return false
		}
		skip--
		return skip < 0
	}), nil
}

// totalHeader tells how long a list is of which a part is the answer.
const totalHeader = "X-Total-Count"

// someSAs answers with the part of the list between offset and limit.
func (s *Server) someSAs(ctx context.Context, in *sasInput, wanted func(*SA) bool) (*huma.StreamResponse, error) {
	total, list := 0, []SA{}
	err := s.eachSA(ctx, func(sa *SA) bool {
		if wanted(sa) {
			if total >= in.Offset && len(list) < in.Limit {
				list = append(list, *sa)
			}
			total++
		}
		return false
	})
	if err != nil {
		return nil, noted(ctx, err)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, noted(ctx, err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		hc.SetHeader(totalHeader, strconv.Itoa(total))
		_, _ = hc.BodyWriter().Write(append(text, '\n')) // the client has gone if this fails
	}}, nil
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
