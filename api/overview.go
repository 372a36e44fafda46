package api

import (
	"context"
	"time"
)

// An Overview is a Status without SAs: it stays small however many there are, for whoever asks every few seconds.
type Overview struct {
	Time            time.Time         `json:"time" doc:"Of this answer"`
	Version         string            `json:"version" doc:"Version of the daemon"`
	Started         time.Time         `json:"started" doc:"When the daemon was started"`
	Loaded          time.Time         `json:"loaded" doc:"When the configuration in use was read"`
	Config          string            `json:"config" doc:"Path of the configuration"`
	Listening       []string          `json:"listening" doc:"Local addresses with ports"`
	Dataplane       string            `json:"dataplane" doc:"What carries the packets"`
	DataplaneReason string            `json:"dataplane_reason,omitempty" doc:"Why it is this one, where the daemon chose"`
	Connections     []ConnectionSum   `json:"connections" doc:"Configured connections, in the order of the configuration"`
	Unknown         int               `json:"unknown_sas" doc:"IKE SAs whose connection is not known yet"`
	Warnings        []Warning         `json:"warnings,omitempty" doc:"What deserves a look"`
	Counters        map[string]uint64 `json:"counters" doc:"Totals since the start, by name"`
	Process         Process           `json:"process" doc:"What the daemon takes of its host"`
}

// A ConnectionSum is a configured connection with sums over its SAs.
type ConnectionSum struct {
	Connection
	SAs       int        `json:"sa_count" doc:"Established IKE SAs"`
	Installed int        `json:"child_count" doc:"Children of theirs"`
	Resistant int        `json:"resistant_count" doc:"IKE SAs of which both messages and children withstand quantum computers"`
	Since     *time.Time `json:"since,omitempty" doc:"Since when the oldest of them is established"`
	In        Traffic    `json:"in" doc:"Of the children that are there now; it falls when one goes"`
	Out       Traffic    `json:"out" doc:"Of the children that are there now; it falls when one goes"`
}

// overview asks for sums.
func (s *Server) overview(ctx context.Context, _ *struct{}) (Overview, error) {
	return s.control.Overview(ctx)
}

// A Summary is an overview to which IKE SAs are added.
type Summary struct {
	Overview
	place map[string]int // of connections
}

// NewSummary begins a summary with all of a status but its SAs.
func NewSummary(s *Status, now time.Time) *Summary {
	sum := &Summary{place: make(map[string]int, len(s.Connections)), Overview: Overview{
		Time: now, Version: s.Version, Started: s.Started, Loaded: s.Loaded, Config: s.Config, Listening: s.Listening,
		Dataplane: s.Dataplane, DataplaneReason: s.DataplaneReason, Warnings: s.Warnings, Counters: s.Counters, Process: s.Process,
		Connections: make([]ConnectionSum, len(s.Connections)),
	}}
	for i, c := range s.Connections {
		sum.Connections[i] = ConnectionSum{Connection: c}
		sum.place[c.Name] = i
	}
	return sum
}

// Add adds an IKE SA, of which connection, state, establishment, quantum resistance and the states and traffic of children matter.
func (s *Summary) Add(sa *SA) {
	if at, ok := s.place[sa.Connection]; ok {
		s.Connections[at].add(sa)
	} else {
		s.Unknown++
	}
}

// without is a status with all of an overview but the sums.
func (o *Overview) without() Status {
	s := Status{
		Version: o.Version, Started: o.Started, Loaded: o.Loaded, Config: o.Config, Listening: o.Listening,
		Dataplane: o.Dataplane, DataplaneReason: o.DataplaneReason, Warnings: o.Warnings, Counters: o.Counters, Process: o.Process,
		Connections: make([]Connection, len(o.Connections)),
	}
	for i := range o.Connections {
		s.Connections[i] = o.Connections[i].Connection
	}
	return s
}

// connection returns the sums of the connection of that name.
func (o *Overview) connection(name string) (ConnectionSum, bool) {
	for i := range o.Connections {
		if o.Connections[i].Name == name {
			return o.Connections[i], true
		}
	}
	return ConnectionSum{}, false
}

// add adds an IKE SA of the connection. One that was rekeyed has given its children to its successor.
func (c *ConnectionSum) add(sa *SA) {
	if sa.State == SAEstablished {
		c.SAs++
		if sa.Established != nil && (c.Since == nil || sa.Established.Before(*c.Since)) {
			c.Since = sa.Established
		}
		if q := sa.Quantum; q != nil && q.IKE && q.Children {
			c.Resistant++
		}
	}
	for i := range sa.Children {
		child := &sa.Children[i]
		if child.State == ChildInstalled || child.State == ChildRekeying {
			c.Installed++
		}
		c.In.Add(child.In)
		c.Out.Add(child.Out)
	}
}

// Add adds what another SA has carried in the same direction, apart from what is inside AGGFRAG payloads.
func (t *Traffic) Add(u Traffic) {
	t.Bytes += u.Bytes
	t.Packets += u.Packets
	if u.LastUse != nil && (t.LastUse == nil || u.LastUse.After(*t.LastUse)) {
		t.LastUse = u.LastUse
	}
}
