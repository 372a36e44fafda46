package api

import "context"

// Trapping is a Control that sets and removes traps at run time. A Target without a connection is the bypass or discard policy that
// its Child names; one without a child all children of its connection.
type Trapping interface {
	// Install has packets bring the target up, and stays until Uninstall, over reloads.
	Install(ctx context.Context, t Target) error
	// Uninstall takes the trap away, also a configured one. What is up stays up.
	Uninstall(ctx context.Context, t Target) error
}
