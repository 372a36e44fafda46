package eap

import (
	"bytes"
	"context"

	"culvert/secret"
)

// A Password gives a client's password when a method needs it: from a store, or of a person, who sees the prompt. It may block
// until ctx ends. The octets are the caller's, who clears them.
type Password func(ctx context.Context, prompt string) (secret.Bytes, error)

// Stored returns a password that is always the same. It keeps a copy.
func Stored(password secret.Bytes) Password {
	kept := bytes.Clone(password)
	return func(context.Context, string) (secret.Bytes, error) { return bytes.Clone(kept), nil }
}
