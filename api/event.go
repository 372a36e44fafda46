package api

import "time"

// EventKind is what an event is about.
type EventKind string

// The kinds of events.
const (
	EventAttempt      EventKind = "attempt"       // an attempt to connect begins
	EventSent         EventKind = "sent"          // an IKE message left
	EventReceived     EventKind = "received"      // an IKE message came
	EventRetransmit   EventKind = "retransmit"    // a request was repeated
	EventDropped      EventKind = "dropped"       // a message was dropped
	EventUp           EventKind = "up"            // an IKE SA is established
	EventDown         EventKind = "down"          // an IKE SA is gone
	EventRekeyed      EventKind = "rekeyed"       // an IKE SA has new keys and a new SPI
	EventChildUp      EventKind = "child-up"      // a child is installed
	EventChildRekeyed EventKind = "child-rekeyed" // a child has new keys
	EventChildDown    EventKind = "child-down"    // a child is gone
	EventFailure      EventKind = "failure"       // an exchange failed, the IKE SA lives on
	EventMoved        EventKind = "moved"         // the peer has another address
	EventRedirected   EventKind = "redirected"    // the gateway sends us to another one
	EventSwitched     EventKind = "switched"      // the peer is for another connection than it looked
	EventWaiting      EventKind = "waiting"       // the next attempt is a while off
	EventReloaded     EventKind = "reloaded"      // another configuration is in use
	EventWarning      EventKind = "warning"       // something needs somebody
)

// An Event is one thing that happened.
type Event struct {
	Seq        uint64    `json:"seq" doc:"Rises by one with each event"`
	Time       time.Time `json:"time"`
	Kind       EventKind `json:"kind"`
	Connection string    `json:"connection,omitempty"`
	Child      string    `json:"child,omitempty"`
	SA         string    `json:"sa,omitempty" doc:"Our SPI of the IKE SA"`
	SAID       uint32    `json:"sa_id,omitempty" doc:"Number of the IKE SA"`
	Peer       string    `json:"peer,omitempty" doc:"Address of the peer, and its identity once authenticated"`
	Text       string    `json:"text" doc:"What happened, in one line"`
	Problem    *Problem  `json:"problem,omitempty" doc:"Why, if it is a failure"`
}

// A LogEntry is one line of the log.
type LogEntry struct {
	Seq   uint64            `json:"seq" doc:"Rises by one with each entry"`
	Time  time.Time         `json:"time"`
	Level string            `json:"level" enum:"DEBUG,INFO,WARN,ERROR"`
	Text  string            `json:"text"`
	Attrs map[string]string `json:"attrs,omitempty"`
}

// Gap stands in a stream for what the reader was too slow to take.
type Gap struct {
	Missed uint64 `json:"missed" doc:"Number of items that are lost to this reader"`
}
