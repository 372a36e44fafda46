package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// A KeyExporter is a Control that hands out session keys to who wants to decrypt captured packets. It writes to log and events who
// has asked, at the beginning and at the end.
type KeyExporter interface {
	// ExportKeys hands out the keys of SAs that are there, and for a while those of SAs that are made. It returns nil when the
	// time is over; each must not wait long, for what it is too slow to take is lost, and counted in the line.
	ExportKeys(ctx context.Context, r KeyRequest, each func(KeyLine) error) error
}

// A KeyRequest says which session keys are wanted.
type KeyRequest struct {
	Connection string  `json:"connection,omitempty" maxLength:"64" doc:"Name of the connection; empty: all. Keys of IKE SAs whose connection is not known yet come in any case"`
	Seconds    float64 `json:"seconds,omitempty" minimum:"0" maximum:"3600" doc:"How long keys of new SAs come; 0: only those of SAs that are there"`
}

// For is the time for which keys come.
func (r KeyRequest) For() time.Duration { return time.Duration(r.Seconds * float64(time.Second)) }

// A KeyLine is one line of a table. It is a secret.
type KeyLine struct {
	Table string `json:"table" enum:"ikev2_decryption_table,esp_sa,culvert_keys" doc:"ikev2_decryption_table and esp_sa are Wireshark's; culvert_keys has all algorithms, for culvert decrypt"`
	Line  string `json:"line" doc:"With the newline at its end"`
}

type keysInput struct{ Body KeyRequest }

// registerKeys describes the export of keys.
func (s *Server) registerKeys(api huma.API) {
	huma.Register(api, streaming(operation(api, http.MethodPost, "keys", Administer, "Session keys, as tables that decrypt captured packets")), s.keys)
}

func (s *Server) keys(ctx context.Context, in *keysInput) (*huma.StreamResponse, error) {
	exporter, err := capability[KeyExporter](s)
	if err != nil {
		return nil, err
	}
	return s.respond(func(ctx context.Context, st *stream) error {
		err := exporter.ExportKeys(ctx, in.Body, func(l KeyLine) error { return st.send(streamItem, l) })
		if err != nil {
			return st.send(streamProblem, problemOf(err))
		}
		return st.send(streamDone, struct{}{})
	}), nil
}

// ExportKeys calls each with the lines of tables until the time of the request is over or the context ends.
func (c *Client) ExportKeys(ctx context.Context, r KeyRequest, each func(KeyLine) error) error {
	return follow(ctx, c, http.MethodPost, "keys", nil, r, each, func(uint64) {})
}
