// Package eaptest runs the two sides of EAP against each other in tests.
package eaptest

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"culvert/eap"
	"culvert/explain"
)

// Accounts are accounts by identity.
type Accounts map[string]*eap.Account

// Account returns the account, or a Failure with EAP-USER-UNKNOWN.
func (a Accounts) Account(_ context.Context, identity string) (*eap.Account, error) {
	if account, ok := a[identity]; ok {
		return account, nil
	}
	return nil, &eap.Failure{Code: explain.EAPUserUnknown, Cause: "nobody is called " + identity, Action: "add the user"}
}

// Session returns a session as IKE would make it for an identity.
func Session(identity string) eap.Session {
	return eap.Session{Connection: "office", ID: "ike-1", IKEIdentity: identity,
		Local: netip.MustParseAddrPort("192.0.2.1:500"), Remote: netip.MustParseAddrPort("192.0.2.2:500"),
		Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

// An Outcome is how a conversation ended on both sides, and what was sent, in order.
type Outcome struct {
	Client, Server eap.Result
	Packets        [][]byte
}

// Run begins a conversation on both sides and lets them talk.
func Run(t testing.TB, client eap.Client, server eap.Server, s eap.Session) Outcome {
	t.Helper()
	c, err := client.Begin(s)
	if err != nil {
		t.Fatalf("client: %v", err)
	}
	v, err := server.Begin(s)
	if err != nil {
		t.Fatalf("server: %v", err)
	}
	return Converse(t, c, v)
}

// Converse lets two conversations talk until both have ended or one has nothing more to say, and closes them.
func Converse(t testing.TB, client, server eap.Conversation) Outcome {
	t.Helper()
	defer client.Close()
	defer server.Close()
	var out Outcome
	out.Server = server.Step(t.Context(), nil)
	for range 1000 {
		if out.Server.Packet == nil {
			return out
		}
		out.Packets = append(out.Packets, out.Server.Packet)
		out.Client = client.Step(t.Context(), out.Server.Packet)
		if out.Client.Packet == nil {
			return out
		}
		out.Packets = append(out.Packets, out.Client.Packet)
		out.Server = server.Step(t.Context(), out.Client.Packet)
	}
	t.Fatal("the conversation does not end")
	return out
}

// Code returns the code of a result's failure, or "".
func Code(r eap.Result) explain.Code {
	if r.State != eap.Failed {
		return ""
	}
	return eap.AsFailure(0, r.Err).Code
}
