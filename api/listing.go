package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// A Listing hands over IKE SAs, a few at a time, as each is about then. Who is there from the first part to the last is in it, once. It
// is for one goroutine.
type Listing interface {
	// Next calls each with some more IKE SAs, and tells whether there are any left. Few such calls are at work at a time, whoever
	// asks: each must not wait for its reader, nor keep what it is given.
	Next(ctx context.Context, each func(*SA)) (more bool, err error)
}

// all has every IKE SA in a list.
func all(*SA) bool { return true }

// writes describes an operation that writes its answer, which is a T, by itself.
func writes[T any](api huma.API, op huma.Operation) huma.Operation {
	op.Responses["200"] = &huma.Response{
		Description: "OK",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: huma.SchemaFromType(api.OpenAPI().Components.Schemas, typeOf[T]())}},
	}
	return op
}

// withSAs answers with a body that has "sas":null in it, in whose place the IKE SAs come that are wanted.
func (s *Server) withSAs(body any, wanted func(*SA) bool) (*huma.StreamResponse, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	const key = `"sas":`
	before, after, _ := bytes.Cut(text, []byte(key+"null"))
	return s.tellSAs(slices.Concat(before, []byte(key)), after, wanted), nil
}

// tellSAs answers with a list of the IKE SAs that are wanted, between other text. They are asked for as their reader takes those before, so
// that whoever does not read costs a part of the list. An answer that cannot be brought to its end is broken off.
func (s *Server) tellSAs(before, after []byte, wanted func(*SA) bool) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "application/json")
		list, text := s.control.List(), append(before, '[')
		for more, some := true, false; more; {
			var err error
			more, err = list.Next(r.Context(), func(sa *SA) {
				if wanted(sa) {
					text, some = appendSA(text, sa, some), true
				}
			})
			if err == nil {
				_, err = w.Write(text)
			}
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			text = nil
		}
		_, _ = w.Write(append(append([]byte("]"), after...), '\n')) // the client has gone if this fails
	}}
}

// appendSA appends an IKE SA to a list, behind another one or not.
func appendSA(text []byte, sa *SA, another bool) []byte {
	b, err := json.Marshal(sa)
	if err != nil {
		panic(err) // its type can be written
	}
	if another {
		text = append(text, ',')
	}
	return append(text, b...)
}

// eachSA goes through all IKE SAs until it has seen enough.
func (s *Server) eachSA(ctx context.Context, see func(*SA) (enough bool)) error {
	list, enough := s.control.List(), false
	for more := true; more && !enough; {
		var err error
		more, err = list.Next(ctx, func(sa *SA) { enough = enough || see(sa) })
		if err != nil {
			return err
		}
	}
	return nil
}
