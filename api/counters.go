package api

import "context"

// Counting is a Control that counts messages and events of IKE by connection.
type Counting interface {
	// IKECounters returns the counters of a connection, of everything together if it is "", or of everything and then each
	// connection that has counted anything. A connection that has counted nothing is not found.
	IKECounters(ctx context.Context, connection string, all bool) ([]IKECounters, error)
	// ResetIKECounters has the same ones begin at 0. Totals of Status.Counters go on.
	ResetIKECounters(ctx context.Context, connection string, all bool) error
}

// IKECounters are what was counted for one connection, or "" for everything together.
type IKECounters struct {
	Connection string     `json:"connection"`
	Counts     []IKECount `json:"counts"`
}

// IKECount is one counter. Names and their order are those of strongSwan: "ike-rekey-init" to "info-out-resp".
type IKECount struct {
	Name  string `json:"name"`
	Value uint64 `json:"value"`
}
