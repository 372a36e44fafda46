package esp

import (
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"culvert/secret"
	"culvert/suite"
)

// headerLen is the length of SPI and sequence number.
const headerLen = 8

// state is what both directions of an SA have: its parameters, and its cipher from the first packet on, because most SAs
// of a large gateway are idle and a cipher takes as much memory as everything else of an SA.
type state struct {
	cipher suite.ESPCipher
	built  atomic.Bool // the cipher is there, for those whom the state does not belong to
	layout Layout
	params Params
}

// build makes the cipher unless it is there.
func (s *state) build(rand io.Reader) error {
	if s.cipher != nil {
		return nil
	}
	c, err := suite.NewESPCipher(s.params.Transforms, s.params.EncrKey, s.params.IntegKey, rand)
	if err != nil {
		return fmt.Errorf("SA %08x: %w: %w", s.params.SPI, ErrCipher, err)
	}
	s.cipher = c
	s.built.Store(true)
	s.layout = Layout{IV: c.IVLen(), Block: c.BlockLen(), ICV: c.ICVLen()}
	return nil
}

// Fetch asks the processor to have the keys in its cache soon. It may be called from any goroutine until Clear is.
func (s *state) Fetch() {
	if s.built.Load() {
		s.cipher.Fetch()
	}
}

// SPI returns the SPI of the SA.
func (s *state) SPI() uint32 { return s.params.SPI }

// Clear overwrites the keys; no packet passes after it.
func (s *state) Clear() {
	s.params.EncrKey.Clear()
	s.params.IntegKey.Clear()
	if s.cipher != nil {
		s.cipher.Clear()
	}
	s.built.Store(false)
	s.params.EncrKey, s.params.IntegKey, s.cipher = nil, nil, nil
}

// Secrets returns copies of the keys, for an analyser of packets. It may be called from any goroutine until Clear is.
func (s *state) Secrets() (encr, integ secret.Bytes) {
	return slices.Clone(s.params.EncrKey), slices.Clone(s.params.IntegKey)
}

// Transforms returns those of the SA.
func (s *state) Transforms() suite.ESP { return s.params.Transforms }
