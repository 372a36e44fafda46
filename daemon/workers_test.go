package daemon

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"culvert/auth"
	"culvert/auth/revocation"
	"culvert/eap"
	"culvert/ike"
)

// doing is work that is a function.
type doing func(ctx context.Context) any

func (f doing) Run(ctx context.Context) any { return f(ctx) }

// begin starts workers that end with the returned function.
func begin(t *testing.T, n int) (*workers, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := newWorkers(ctx, n)
	return w, func() {
		cancel()
		w.wait()
	}
}

func TestWorkersDoEachJobOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, end := begin(t, 3)
		var sum atomic.Int64
		for i := range 100 {
			w.start(job{work: doing(func(context.Context) any { return i }), done: func(r any) { sum.Add(int64(r.(int))) }})
		}
		synctest.Wait()
		if sum.Load() != 4950 {
			t.Errorf("the sum is %d", sum.Load())
		}
		end()
	})
}

func TestOneWorkerKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, end := begin(t, 1)
		var order []int
		for i := range 10 {
			w.start(job{work: doing(func(context.Context) any { return i }), done: func(r any) { order = append(order, r.(int)) }})
		}
		synctest.Wait()
		if !slices.IsSorted(order) || len(order) != 10 {
			t.Errorf("done in the order %v", order)
		}
		end()
	})
}

// A check of a certificate whose server hangs, and the like, keeps nobody else from being served.
func TestWorkThatWaitsDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, end := begin(t, 1)
		release := make(chan struct{})
		var waited, computed atomic.Int64
		for range maxWaiting / 2 {
			w.startWaiting(job{work: doing(func(ctx context.Context) any {
				select {
				case <-release:
				case <-ctx.Done():
				}
				return nil
			}), done: func(any) { waited.Add(1) }})
		}
		for range 10 {
			w.start(job{work: doing(func(context.Context) any { return nil }), done: func(any) { computed.Add(1) }})
		}
		synctest.Wait()
		if computed.Load() != 10 || waited.Load() != 0 {
			t.Fatalf("%d computed, %d waited", computed.Load(), waited.Load())
		}
		close(release)
		synctest.Wait()
		if waited.Load() != maxWaiting/2 {
			t.Errorf("%d of those that waited have ended", waited.Load())
		}
		end()
	})
}

func TestWorkThatWaitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, end := begin(t, 1)
		var running, most atomic.Int64
		for range maxWaiting + 50 {
			w.startWaiting(job{work: doing(func(ctx context.Context) any {
				most.Store(max(most.Load(), running.Add(1)))
				<-ctx.Done()
				return nil
			}), done: func(any) {}})
		}
		synctest.Wait()
		if got := most.Load(); got != maxWaiting {
			t.Errorf("%d wait at one time", got)
		}
		end()
	})
}

// hanging is an EAP server that never answers.
type hanging struct{}

func (hanging) Begin(eap.Session) (eap.Conversation, error) { return hanging{}, nil }
func (hanging) Close()                                      {}
func (hanging) Step(ctx context.Context, _ []byte) eap.Result {
	<-ctx.Done()
	return eap.Result{State: eap.Failed}
}

// However many strangers have EAP wait, revocation, addresses and the end of their conversations have places.
func TestStepsOfEAPTakeNobodysPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, end := begin(t, 1)
		var stepped, done atomic.Int64
		var all []*auth.EAPConversation
		for range maxConversing + 50 {
			c := auth.NewEAPServer(hanging{}, eap.Session{})
			all = append(all, c)
			w.start(job{work: auth.EAPStep{Conversation: c}, done: func(any) { stepped.Add(1) }})
		}
		synctest.Wait()
		w.startWaiting(job{work: doing(func(context.Context) any { return nil }), done: func(any) { done.Add(1) }})
		synctest.Wait()
		if done.Load() != 1 || stepped.Load() != 0 {
			t.Fatalf("%d done, %d steps", done.Load(), stepped.Load())
		}
		for _, c := range all {
			w.start(job{work: auth.EAPClose{Conversation: c}, done: func(any) { done.Add(1) }})
		}
		synctest.Wait()
		if done.Load() != 1+int64(len(all)) || stepped.Load() != int64(len(all)) {
			t.Errorf("%d done, %d steps have ended", done.Load(), stepped.Load())
		}
		end()
	})
}

// deviceKey is a key that signing waits for.
type deviceKey struct{ crypto.Signer }

func (deviceKey) Elsewhere() {}

// Which work may wait for others.
func TestWhichWorkWaits(t *testing.T) {
	asks := auth.Verify{Remote: &auth.Remote{RevocationInfo: revocation.NewChecker(nil, revocation.Options{})}}
	leasing := &ike.Connection{Pools: []string{"clients"}}
	tests := []struct {
		name string
		work ike.Work
		want bool
	}{
		{"verification with revocation", asks, true},
		{"verification without", auth.Verify{Remote: &auth.Remote{}}, false},
		{"admission with a pool", admit{admission: ike.Admission{Connection: leasing}}, true},
		{"admission of ourselves", admit{admission: ike.Admission{Connection: leasing, Initiator: true}}, false},
		{"admission without a pool", admit{admission: ike.Admission{Connection: &ike.Connection{}}}, false},
		{"giving an address back", giveBack{}, true},
		{"signing with a key in a device", auth.Sign{Local: &auth.Local{Credentials: []auth.Credential{{Key: deviceKey{}}}}}, true},
		{"signing with a key of ours", auth.Sign{Local: &auth.Local{Credentials: []auth.Credential{{Key: ed25519.PrivateKey{}}}}}, false},
		{"anything else", lastInbound{}, false},
	}
	for _, tt := range tests {
		if got := waits(tt.work); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// The end interrupts what waits and forgets what has not begun.
func TestWorkersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, end := begin(t, 1)
		interrupted := false
		w.start(job{work: doing(func(ctx context.Context) any {
			<-ctx.Done()
			return nil
		}), done: func(any) { interrupted = true }})
		w.start(job{work: doing(func(context.Context) any {
			t.Error("began after the end")
			return nil
		}), done: func(any) {}})
		w.start(job{work: doing(func(context.Context) any { return nil }), done: func(any) {}})
		synctest.Wait()
		end()
		if !interrupted {
			t.Error("what was under way was not waited for")
		}
	})
}

// Only what is a few hashes is done where it arises.
func TestWhichWorkIsQuick(t *testing.T) {
	tests := []struct {
		name string
		work ike.Work
		want bool
	}{
		{"proof with a shared key", auth.Sign{Local: &auth.Local{Method: auth.MethodPSK}}, true},
		{"check of a shared key", auth.Verify{Remote: &auth.Remote{Method: auth.MethodPSK}}, true},
		{"signature", auth.Sign{Local: &auth.Local{Method: auth.MethodPublicKey}}, false},
		{"check of a signature", auth.Verify{Remote: &auth.Remote{Method: auth.MethodPublicKey}}, false},
		{"anything else", lastInbound{}, false},
		{"quick by its own word", promptly(true), true},
		{"slow by its own word", promptly(false), false},
	}
	for _, tt := range tests {
		if got := quick(tt.work); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// promptly is work that says whether it is quick.
type promptly bool

func (p promptly) Run(context.Context) any { return nil }
func (p promptly) Quick() bool             { return bool(p) }
