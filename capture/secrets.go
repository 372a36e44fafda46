package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"culvert/keylog"
)

// maxSecrets bounds the octets of keys in a file.
const maxSecrets = 64 << 20

// ReadSecrets takes the keys that a pcapng file has in itself into a ring (draft-ietf-opsawg-pcapng, Section 4.7). A file of
// another kind has none, nor has what is behind damage: whoever reads the packets tells of it.
func ReadSecrets(file io.Reader, ring *keylog.Ring) error {
	r := &blockReader{tape: newTape(file)}
	total := 0
	wanted := func(kind uint32) int64 {
		if kind == blockSecrets {
			return maxSecrets
		}
		return 0
	}
	for {
		b, err := r.next(wanted)
		if err != nil {
			return nil
		}
		if total += len(b.body); total > maxSecrets || b.body == nil {
			return fmt.Errorf("the block at offset %d: %w", b.offset, keylog.ErrTooMany)
		}
		if err := r.secrets(b.body, ring); err != nil {
			return fmt.Errorf("the block at offset %d: %w", b.offset, err)
		}
	}
}

// secrets reads a block of keys: | type (4) | length (4) | keys |. It passes over those of others.
func (r *blockReader) secrets(b []byte, ring *keylog.Ring) error {
	switch {
	case len(b) < 4 || r.order.Uint32(b) != secretsType:
		return nil
	case len(b) < 8 || int64(r.order.Uint32(b[4:])) > int64(len(b)-8):
		return errors.New("it has fewer keys than it says")
	}
	return ring.Read(keylog.TableAll, bytes.NewReader(b[8:][:r.order.Uint32(b[4:])]))
}
