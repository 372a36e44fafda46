package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A Role is what a caller may do. Each includes those below it.
type Role int

// The roles.
const (
	Nobody     Role = iota // may not even ask
	Read                   // may ask for everything but secrets
	Operate                // may also bring connections up and down, and the like
	Administer             // may also change the configuration, and whatever else gives power over the host
)

func roleNames() []string { return []string{"nobody", "read", "operate", "administer"} }

// String returns the role as configuration and OpenAPI document write it.
func (r Role) String() string {
	if names := roleNames(); r >= 0 && int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("role %d", int(r))
}

// MarshalText writes the role as String does.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what String writes.
func (r *Role) UnmarshalText(text []byte) error {
	i := slices.Index(roleNames(), string(text))
	if i < 0 {
		return fmt.Errorf("%q is no role; there are %s", text, strings.Join(roleNames()[1:], ", "))
	}
	*r = Role(i)
	return nil
}

// A Caller is who sends a request.
type Caller struct {
	Name string // for the log: "uid 0", "certificate CN=monitor", "page"
	Role Role

	again func() Role // the role at this moment; nil: it never changes
	page  bool        // it uses a session of the web page
}

// now returns the role that the caller has at this moment.
func (c Caller) now() Role {
	if c.again == nil {
		return c.Role
	}
	return c.again()
}

type callerKey struct{}

// As returns a context whose requests are those of a caller. Without one a request is refused.
func As(ctx context.Context, c Caller) context.Context { return context.WithValue(ctx, callerKey{}, c) }

// CallerOf returns who sends the request of a context; nobody if it is not one.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
