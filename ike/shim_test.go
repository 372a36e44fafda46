package ike

import (
	"bytes"
	"context"
	"errors"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// runWork stands in for package auth until it computes PSK proofs.
func runWork(w Work) any {
	pad := []byte("Key Pad for IKEv2")
	switch w := w.(type) {
	case auth.Sign:
		s, _ := w.Local.Secrets.Lookup(w.ID, w.PeerID)
		return auth.SignResult{Auth: &wire.Auth{Method: wire.AuthSharedKey, Data: w.PRF.Sum(w.PRF.Sum(s.PSK, pad), w.Octets)}}
	case auth.Verify:
		s, _ := w.Remote.Secrets.Lookup(w.LocalID, w.ID)
		if !bytes.Equal(w.Auth.Data, w.PRF.Sum(w.PRF.Sum(s.PSK, pad), w.Octets)) {
			return auth.VerifyResult{Err: &auth.Failure{Code: explain.AuthPSKWrong, Cause: "wrong", Err: errors.New("x")}}
		}
		if !w.Remote.ID.Matches(w.ID) {
			return auth.VerifyResult{Err: &auth.Failure{Code: explain.AuthIDMismatch, Cause: "wrong id", Err: errors.New("x")}}
		}
		return auth.VerifyResult{ID: w.ID}
	}
	return w.Run(context.Background())
}
