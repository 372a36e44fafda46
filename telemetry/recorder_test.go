package telemetry

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// stuck is a collector that never answers.
type stuck struct{}

func (stuck) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// Neither news nor the end of the daemon wait for a collector that hangs, and what it was to hear is counted.
func TestACollectorThatHangsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counts := new(Counts)
		r := NewRecorder(Options{Endpoint: Endpoint{URL: "http://192.0.2.1", Client: &http.Client{Transport: stuck{}}}, Share: 1, Counts: counts, Now: time.Now, Told: func(error) {}})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			r.Run(ctx)
			close(ended)
		}()
		begin := time.Now()
		for i := range 3000 {
			p := newPeer(uint64(i + 1))
			p.take = func(n news) { r.News(&n.News, time.Now()) }
			p.handshake()
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		time.Sleep(2 * collectTime)
		if took := time.Since(begin); took != 3*time.Second+2*collectTime {
			t.Errorf("news took %v", took)
		}
		begin = time.Now()
		stop()
		<-ended
		if took := time.Since(begin); took > goodbye {
			t.Errorf("the end took %v", took)
		}
		if got := counts.Dropped.Load(); got != 3*3000 || counts.Exported.Load() != 0 {
			t.Errorf("%d spans were dropped, %d exported", got, counts.Exported.Load())
		}
		time.Sleep(goodbye) // for the timer of the end
	})
}
