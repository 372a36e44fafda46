// Package secret holds key material so that it cannot reach a log, an error or a JSON document by accident.
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// redacted is all that is ever shown of a secret.
const redacted = "[redacted]"

// Bytes is a secret: a key, a shared secret or a password.
//
// It behaves as a []byte in code, and as "[redacted]" wherever it is formatted, logged or marshalled, alone or as an
// exported field of another value. (Through an unexported field the fmt package calls no method of ours; keep secrets
// out of structures that are printed whole.) Bytes is as safe for concurrent use as a slice: many readers or one Clear.
type Bytes []byte

// String returns "[redacted]".
func (Bytes) String() string { return redacted }

// GoString returns "[redacted]", for %#v.
func (Bytes) GoString() string { return redacted }

// Format writes "[redacted]" for every verb and flag, %x and %d included.
func (Bytes) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue makes slog write "[redacted]".
func (Bytes) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns the JSON string "[redacted]".
func (Bytes) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns "[redacted]", for encoders other than JSON.
func (Bytes) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Equal reports whether b and other are the same octets. The time taken depends on the lengths alone.
func (b Bytes) Equal(other []byte) bool { return subtle.ConstantTimeCompare(b, other) == 1 }

// Clear overwrites the octets of b with zeroes. Copies of the octets are not reached; slices that share them are.
func (b Bytes) Clear() { clear(b) }
