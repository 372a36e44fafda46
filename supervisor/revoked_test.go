package supervisor

import (
	"errors"
	"slices"
	"testing"

	"culvert/explain"
	"culvert/ike"
)

// Of every connection the IKE SAs of a peer are told that a certificate of it was revoked, and nobody else's; of a refusal that
// proves nothing, none are.
func TestOtherSAsOfARevokedPeerAreTold(t *testing.T) {
	office, branch := connection(), connection()
	branch.Name = "branch"
	b := newBench(t, office, branch)
	var sas []ike.News
	for i, c := range []*ike.Connection{office, branch, office} {
		sa := b.newSA(c, 0)
		if i == 2 {
			sa.Peer = "other.example"
		}
		b.tell(sa, ike.NewsEstablished)
		sas = append(sas, sa)
	}
	take[Command](b)
	attempt := b.newSA(office, 0)
	refused := func(certificate []byte) (told []string) {
		attempt.Failure = &ike.Failure{Code: explain.AuthCertRevoked, Err: errors.New("it was revoked"), Revoked: certificate}
		b.tell(attempt, ike.NewsClosed)
		for _, sa := range sas {
			told = append(told, b.commands(sa.SA)...)
		}
		return told
	}
	if told := refused(nil); len(told) != 0 {
		t.Errorf("without proof %v are told", told)
	}
	if told := refused([]byte("certificate")); !slices.Equal(told, []string{"EndRevoked", "EndRevoked"}) {
		t.Errorf("told are %v", told)
	}
}

// The refusal of a reauthentication that we have begun ends the IKE SA that it was to replace, and what is wanted is tried again.
func TestRevokedAtReauthenticationOfOurs(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	old := b.connect()
	b.tell(old, ike.NewsReauth)
	i := one[Initiate](b)
	attempt := b.newSA(i.Connection, i.Ticket)
	b.tell(attempt, ike.NewsConnecting)
	attempt.Failure = &ike.Failure{Code: explain.AuthCertRevoked, Err: errors.New("it was revoked"), Revoked: []byte("certificate")}
	b.tell(attempt, ike.NewsClosed)
	if told := b.commands(old.SA); !slices.Equal(told, []string{"EndRevoked"}) {
		t.Fatalf("told are %v", told)
	}
	old.Failure = &ike.Failure{Code: explain.AuthCertRevoked, Err: errors.New("it was revoked")}
	b.tell(old, ike.NewsClosed)
	b.elapse(30 * 1e9)
	if again := take[Initiate](b); len(again) == 0 {
		t.Error("a wanted tunnel is not tried any more")
	}
}
