package ttls

import (
	"fmt"
	"slices"

	"culvert/eap/mschapv2"
)

// A chapResponse is the data of MS-CHAP2-Response (RFC 2548, Section 2.3.2):
//
//	| identifier | flags | peer challenge (16) | reserved (8) | NT response (24) |
type chapResponse struct {
	identifier byte
	peer, nt   []byte
}

const (
	chapPeerAt = 2
	chapNTAt   = chapPeerAt + mschapv2.ChallengeLen + 8
	chapLen    = chapNTAt + mschapv2.NTResponseLen
)

func (c chapResponse) encode() []byte {
	return slices.Concat([]byte{c.identifier, 0}, c.peer, make([]byte, 8), c.nt)
}

func parseChapResponse(b []byte) (chapResponse, error) {
	if len(b) != chapLen {
		return chapResponse{}, fmt.Errorf("%w: MS-CHAP2-Response of %d octets", errAVP, len(b))
	}
	return chapResponse{b[0], b[chapPeerAt : chapPeerAt+mschapv2.ChallengeLen], b[chapNTAt:]}, nil
}
