package spd

import "errors"

// Errors of Database.With.
var (
	// ErrSelectors means that a policy has no selectors on one side, or malformed ones.
	ErrSelectors = errors.New("policy without valid selectors")
)

// An Entry is a policy in a database, with the value its owner attached to it.
type Entry[T any] struct {
	Policy
	Value T
}

// A Database is an SPD: policies in order, found by flow. It is immutable; With and Without return changed copies that
// share what did not change, at a cost that does not depend on the number of policies. An owner publishes them through an
// atomic pointer. The zero value, and nil, are empty.
type Database[T any] struct{}

// With returns a database that has p, with value attached, in place of any policy of the same ID.
func (d *Database[T]) With(p Policy, value T) (*Database[T], error) { return d, nil }

// Without returns a database that lacks the policy id.
func (d *Database[T]) Without(id uint32) *Database[T] { return d }

// Get returns the entry of the policy id, or nil.
func (d *Database[T]) Get(id uint32) *Entry[T] { return nil }

// Len returns the number of policies.
func (d *Database[T]) Len() int { return 0 }

// Outbound returns the first policy for a packet of ours, nil when none matches: such packets are discarded (RFC 4301,
// Section 5.1, step 3).
func (d *Database[T]) Outbound(f Flow) *Entry[T] { return nil }

// Inbound returns the first policy for a packet that arrived unprotected. Only Bypass lets it pass (RFC 4301,
// Section 5.2, step 3b).
func (d *Database[T]) Inbound(f Flow) *Entry[T] { return nil }
