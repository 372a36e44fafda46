package radius

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	foreign "layeh.com/radius"

	"culvert/eap"
	"culvert/explain"
)

const restTime = time.Minute

func TestSilentServerIsReplacedAndLeftAlone(t *testing.T) {
	dead, alive := newFake(t, silence), newFake(t, accept())
	p := proxyOf(dead.configured("a"), alive.configured("b"))
	during(t, p, func(t *testing.T) {
		began := time.Now()
		if r := authenticate(t, p); r.State != eap.Succeeded {
			t.Fatal(r.Err)
		}
		if took := time.Since(began); took < 6*time.Second || took > 8*time.Second {
			t.Errorf("three tries of 1, 2 and 4 seconds took %v", took)
		}
		tries := dead.requests()
		if len(tries) != 3 || string(dead.raw[0]) != string(dead.raw[2]) {
			t.Errorf("%d tries, or they differ", len(tries))
		}
		began = time.Now()
		if r := authenticate(t, p); r.State != eap.Succeeded || time.Since(began) != 0 {
			t.Errorf("the next user waits %v: %v", time.Since(began), r.Err)
		}
		if trouble := p.Group.Trouble(); len(trouble) != 1 || !errors.Is(trouble[0], errSilent) {
			t.Errorf("trouble %v", trouble)
		}
	})
}

func TestOnlyOneRequestTriesAServerThatWasSilent(t *testing.T) {
	dead, alive := newFake(t, silence), newFake(t, accept())
	p := proxyOf(dead.configured("a"), alive.configured("b"))
	during(t, p, func(t *testing.T) {
		authenticate(t, p)
		time.Sleep(restTime)
		began := time.Now()
		var wg sync.WaitGroup
		var mu sync.Mutex
		slow := 0
		for range 20 {
			wg.Go(func() {
				r := authenticate(t, p)
				mu.Lock()
				defer mu.Unlock()
				if time.Since(began) > 0 {
					slow++
				}
				if r.State != eap.Succeeded {
					t.Error(r.Err)
				}
			})
		}
		wg.Wait()
		if slow != 1 {
			t.Errorf("%d of 20 waited for the silent server", slow)
		}
	})
}

func TestServerThatComesBackIsUsed(t *testing.T) {
	var mu sync.Mutex
	asleep := true
	first := newFake(t, func(p *foreign.Packet) *foreign.Packet {
		mu.Lock()
		defer mu.Unlock()
		if asleep {
			return nil
		}
		return accept()(p)
	})
	second := newFake(t, accept())
	p := proxyOf(first.configured("a"), second.configured("b"))
	during(t, p, func(t *testing.T) {
		authenticate(t, p)
		mu.Lock()
		asleep = false
		mu.Unlock()
		time.Sleep(restTime)
		before := len(second.requests())
		if r := authenticate(t, p); r.State != eap.Succeeded || len(second.requests()) != before || len(p.Group.Trouble()) != 0 {
			t.Errorf("the first server is not used: %v, %v", r.Err, p.Group.Trouble())
		}
	})
}

func TestConversationStaysWithItsServer(t *testing.T) {
	asked := 0
	first := newFake(t, func(p *foreign.Packet) *foreign.Packet {
		if asked++; asked > 1 {
			return nil
		}
		return accept()(p)
	})
	second := newFake(t, accept())
	p := proxyOf(first.configured("a"), second.configured("b"))
	during(t, p, func(t *testing.T) {
		r := authenticate(t, p)
		if f, ok := r.Err.(*eap.Failure); !ok || f.Code != explain.RadiusNoAnswer {
			t.Errorf("got %v", r.Err)
		}
		if len(second.requests()) != 0 {
			t.Error("another server has seen a State that it does not know")
		}
	})
}

// explained runs a user against a server and returns the code of the failure.
func explained(t *testing.T, f *fakeServer) (code explain.Code) {
	t.Helper()
	p := proxyOf(f.configured("a"))
	during(t, p, func(t *testing.T) {
		r := authenticate(t, p)
		if failure, ok := r.Err.(*eap.Failure); ok {
			code = failure.Code
		}
	})
	return code
}

func TestFailuresOfServersAreExplained(t *testing.T) {
	wrong := newFake(t, accept())
	wrong.secret = "another one"
	if code := explained(t, wrong); code != explain.RadiusSecret {
		t.Errorf("another secret: %s", code)
	}
	unsigned := newFake(t, accept())
	unsigned.unsigned = true
	if code := explained(t, unsigned); code != explain.RadiusUnsigned {
		t.Errorf("an answer without Message-Authenticator: %s", code)
	}
	if code := explained(t, newFake(t, silence)); code != explain.RadiusNoAnswer {
		t.Errorf("silence: %s", code)
	}
}

func TestForgedAnswerDoesNotHideTheTrueOne(t *testing.T) {
	f := newFake(t, accept())
	config := f.configured("a")
	config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			buf := make([]byte, maxPacket)
			for {
				n, err := theirs.Read(buf)
				if err != nil {
					return
				}
				forged, _ := (&Packet{Code: AccessReject, Identifier: buf[1]}).encodeResponse([16]byte(buf[4:]), []byte("guessed"))
				theirs.Write(forged)
				theirs.Write([]byte{2, buf[1], 0, 255})
				theirs.Write(f.answer(append([]byte(nil), buf[:n]...)))
			}
		}()
		return ours, nil
	}
	p := proxyOf(config)
	during(t, p, func(t *testing.T) {
		if r := authenticate(t, p); r.State != eap.Succeeded {
			t.Errorf("got %v", r.Err)
		}
	})
}

func TestMoreRequestsThanOneSocketTellsApart(t *testing.T) {
	gate := make(chan struct{})
	f := newFake(t, acknowledge)
	config := f.configured("a")
	links := 0
	config.Dial = func(context.Context, string, string) (net.Conn, error) {
		links++
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			var waiting [][]byte
			for range identifiers {
				buf := make([]byte, maxPacket)
				n, err := theirs.Read(buf)
				if err != nil {
					return
				}
				waiting = append(waiting, f.answer(buf[:n]))
			}
			<-gate
			for _, answer := range waiting {
				theirs.Write(answer)
			}
		}()
		return ours, nil
	}
	synctest.Test(t, func(t *testing.T) {
		gate = make(chan struct{})
		g := NewGroup("corp", restTime, config)
		var wg sync.WaitGroup
		for range 2 * identifiers {
			wg.Go(func() {
				if _, err := g.ask(t.Context(), &Packet{Code: AccountingRequest}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		close(gate)
		wg.Wait()
		if links != 2 {
			t.Errorf("%d sockets for %d requests", links, 2*identifiers)
		}
		g.Retire()
		synctest.Wait()
	})
}

func TestGivingUpStopsTheWait(t *testing.T) {
	p := proxyOf(newFake(t, silence).configured("a"))
	during(t, p, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if _, err := p.Group.ask(ctx, &Packet{Code: AccessRequest}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if len(p.Group.Trouble()) != 0 {
			t.Error("the server is blamed for our impatience")
		}
	})
}
