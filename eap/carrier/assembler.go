package carrier

import "fmt"

// An assembler puts the fragments of a message together (RFC 5216, Section 2.1.5). The zero value waits for a first fragment.
// What it holds is bounded by MaxMessage, however the fragments lie about their length.
type assembler struct {
	message []byte
	total   uint32 // of the message, as its first fragment says
	open    bool   // a fragment with more to follow has arrived
}

// add takes a frame and returns the message once it is whole. The message is the caller's.
func (a *assembler) add(f frame) (message []byte, whole bool, err error) {
	if err := a.expect(f); err != nil {
		return nil, false, err
	}
	a.message = append(a.message, f.data...)
	a.open = f.more
	if f.more {
		return nil, false, nil
	}
	if a.total != 0 && len(a.message) != int(a.total) {
		return nil, false, fmt.Errorf("%w: a message of %d octets ends after %d", ErrFraming, a.total, len(a.message))
	}
	message = a.message
	*a = assembler{}
	return message, true, nil
}

// expect checks that a frame fits to what is there, and takes over the length of a first one.
func (a *assembler) expect(f frame) error {
	if !a.open {
		if f.more && !f.hasLength {
			return fmt.Errorf("%w: a first fragment without the length of the message", ErrFraming)
		}
		a.total = f.length
	}
	if f.hasLength && f.length != a.total {
		return fmt.Errorf("%w: a message of %d octets, then of %d", ErrFraming, a.total, f.length)
	}
	have := len(a.message) + len(f.data)
	if a.open && have > int(a.total) || f.more && have >= int(a.total) {
		return fmt.Errorf("%w: %d octets, and more to come, of a message of %d", ErrFraming, have, a.total)
	}
	if have > MaxMessage {
		return fmt.Errorf("%w: a message of %d octets, %d are accepted", ErrFraming, have, MaxMessage)
	}
	return nil
}
