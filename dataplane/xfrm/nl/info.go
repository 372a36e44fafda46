package nl

import "fmt"

// Attributes of answers about whole databases, which are numbered on their own.
const (
	sadCount   attribute = 1
	spdEntries attribute = 1
)

// databaseFlags begin requests and answers about whole databases.
const databaseFlags = 4

// AppendInfoRequest encodes GetSADInfo and GetSPDInfo.
func AppendInfoRequest(b []byte) []byte {
	w := writer(b)
	w.u32(^uint32(0))
	return w
}

// ParseSADInfo decodes how many states there are in the network namespace, whoever added them.
func ParseSADInfo(b []byte) (states uint32, err error) {
	err = information(b, func(t attribute, r *reader) {
		if t == sadCount {
			states = r.u32()
		}
	})
	return states, err
}

// Policies counts the policies of a network namespace by direction, whoever added them.
type Policies struct{ In, Out, Forward uint32 }

// ParseSPDInfo decodes how many policies there are.
func ParseSPDInfo(b []byte) (p Policies, err error) {
	err = information(b, func(t attribute, r *reader) {
		if t == spdEntries {
			p = Policies{r.u32(), r.u32(), r.u32()}
		}
	})
	return p, err
}

func information(b []byte, f func(attribute, *reader)) error {
	if len(b) < databaseFlags {
		return fmt.Errorf("information: %w", ErrShort)
	}
	if err := attributes(b[databaseFlags:], f); err != nil {
		return fmt.Errorf("information: %w", err)
	}
	return nil
}

// What becomes of packets without a policy (Linux 5.15).
const defaultBlock = 1

// Defaults say in which directions packets without a policy are blocked.
type Defaults struct{ In, Forward, Out bool }

// ParseDefaults decodes the answer to GetDefault.
func ParseDefaults(b []byte) (Defaults, error) {
	if len(b) < 3 {
		return Defaults{}, fmt.Errorf("defaults: %w", ErrShort)
	}
	return Defaults{b[0] == defaultBlock, b[1] == defaultBlock, b[2] == defaultBlock}, nil
}
