// Package api is the management interface of the daemon: HTTP and JSON over a Unix socket, with streams of events and log
// lines, described by an OpenAPI document that it serves itself. It has both ends: the Server, which drives a Control that
// the daemon implements, and the Client, of which the command line is made.
//
// Paths begin with the version of the interface. Within a version fields and events are only ever added, so a client
// ignores what it does not know. Times are RFC 3339, durations are nanoseconds, SPIs are hexadecimal.
package api

import (
	"context"

	"culvert/config"
)

// Version is that of the interface, the first element of its paths.
const Version = "v1"

// Control is what the server drives. All methods are safe for concurrent use. Their errors are shown to people: a *Problem
// is passed on whole, any other error becomes one without an action.
type Control interface {
	// Status tells everything about this moment.
	Status(ctx context.Context) (Status, error)
	// Overview tells everything about this moment but the SAs, of which it has sums. It is cheap, as pages ask for it all the time.
	Overview(ctx context.Context) (Overview, error)
	// List begins a list of the IKE SAs, which takes no memory however slow its reader is.
	List() Listing
	// Pools tells about address pools and their leases.
	Pools(ctx context.Context) ([]Pool, error)
	// Up brings up a connection with its children, or one child, and returns when it is up or has failed. The end of the
	// context ends the wait, not the attempt. What is up already is left alone.
	Up(ctx context.Context, t Target) error
	// Down closes a connection, one child of it, or one IKE SA, and returns when the peer knows or was given up.
	Down(ctx context.Context, t Target) error
	// Rekey gives new keys to IKE SAs or children, and returns when they are in use.
	Rekey(ctx context.Context, t Target, what Layer) error
	// Reauth authenticates anew, make before break, and returns when the new IKE SA is in use.
	Reauth(ctx context.Context, t Target) error
	// Reload reads the configuration and applies the difference. One with errors is refused whole.
	Reload(ctx context.Context) (Reloaded, error)
	// Check reads the configuration as Reload would, and changes nothing.
	Check(ctx context.Context) config.Diagnostics
	// Events is what happens, Log what is logged.
	Events() *Feed[Event]
	Log() *Feed[LogEntry]
}

// A Target says what a command is about.
type Target struct {
	Connection string `json:"connection" minLength:"1" maxLength:"64" doc:"Name of the connection"`
	Child      string `json:"child,omitempty" maxLength:"64" doc:"Name of a child of it; empty: all"`
	SA         string `json:"sa,omitempty" maxLength:"16" doc:"Our SPI of one IKE SA of it, in hexadecimal; empty: all"`
}

// String returns the target as it is written in commands: "office" or "office/net".
func (t Target) String() string {
	s := t.Connection
	if t.Child != "" {
		s += "/" + t.Child
	}
	if t.SA != "" {
		s += "#" + t.SA
	}
	return s
}

// Layer tells IKE SAs from the Child SAs below them.
type Layer string

// The layers.
const (
	LayerIKE   Layer = "ike"
	LayerChild Layer = "child"
)
