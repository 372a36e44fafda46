package usim

import (
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"culvert/eap/milenage"
	"culvert/secret"
)

// Keys are what a card and its home network share. The text form is K and one of OPc and OP, the operator's constant that OPc is
// made from, each with 32 hexadecimal digits:
//
//	k=465b5ce8b199b49faa5f0a2ee238a6bc opc=cd63cb71954a9f4e48a5994e37a02baf
type Keys struct {
	K, OPc secret.Bytes // 16 octets each
}

var errKeys = errors.New("no keys of a SIM: they are k= and opc= or op=, each with 32 hexadecimal digits")

// NewKeys draws fresh keys.
func NewKeys(random io.Reader) (Keys, error) {
	b := make(secret.Bytes, 2*milenage.Block)
	_, err := io.ReadFull(random, b)
	return Keys{b[:milenage.Block:milenage.Block], b[milenage.Block:]}, err
}

// ParseKeys reads the text form. Its errors do not quote it.
func ParseKeys(text string) (Keys, error) {
	fields := map[string]secret.Bytes{}
	for _, field := range strings.Fields(text) {
		name, digits, _ := strings.Cut(field, "=")
		value, err := hex.DecodeString(digits)
		if err != nil || len(value) != milenage.Block || fields[name] != nil {
			return Keys{}, errKeys
		}
		fields[name] = value
	}
	k, opc, op := fields["k"], fields["opc"], fields["op"]
	switch {
	case len(fields) != 2 || k == nil || (opc == nil) == (op == nil):
		return Keys{}, errKeys
	case opc != nil:
		return Keys{k, opc}, nil
	}
	defer op.Clear()
	opc, err := milenage.OPc(k, op)
	return Keys{k, opc}, err
}

// Text returns the text form with OPc.
func (k Keys) Text() secret.Bytes {
	return secret.Bytes("k=" + hex.EncodeToString(k.K) + " opc=" + hex.EncodeToString(k.OPc))
}

// Clear clears the keys.
func (k Keys) Clear() {
	k.K.Clear()
	k.OPc.Clear()
}
