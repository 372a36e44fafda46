package vici

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"culvert/swanctl/settings"
)

// ask has a client send a request, and read nothing.
func (b *bench) ask(c *Client, command string) {
	b.Helper()
	segment, err := packet{kind: packetRequest, name: command}.segment()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := c.conn.Write(segment); err != nil {
		b.Fatal(err)
	}
}

// held is how many octets wait for all clients.
func (b *bench) held() (all int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.clients {
		c.out.mu.Lock()
		all += c.out.size
		c.out.mu.Unlock()
	}
	return all
}

// A list goes on only when its reader has taken what was there before: clients that read nothing hold two parts of it.
func TestHangingClientsHoldPartsOfLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients, part, parts = 100, 4096, 1000
		made := make(chan int, clients*parts)
		b := newBench(t, map[string]Command{"list": func(_ context.Context, c *Call) *settings.Section {
			for range parts {
				made <- 1
				batch := c.Batch("number")
				batch.Add(new(settings.Section).Add("v", strings.Repeat("v", part)))
				if batch.Send() != nil {
					return nil
				}
			}
			return nil
		}})
		for range clients {
			c := b.client()
			if err := c.Register(t.Context(), "number"); err != nil {
				t.Fatal(err)
			}
			b.ask(c, "list")
		}
		synctest.Wait()
		if n := b.held(); n > clients*answerLimit {
			t.Errorf("%d octets wait for %d clients", n, clients)
		}
		if n := len(made); n > clients*3 {
			t.Errorf("%d parts of lists are made for %d clients that read nothing", n, clients)
		}
		quick, heard := b.client(), 0
		if _, err := quick.Stream(t.Context(), "list", "number", nil, func(*settings.Section) { heard++ }); err != nil || heard != parts {
			t.Errorf("another one hears %d of %d, %v", heard, parts, err)
		}
	})
}

// Clients that read nothing give their places to others, after a while and one by one.
func TestStalledClientsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		for i := range MaxClients {
			c := b.client()
			if i < 2 {
				b.ask(c, "echo")
				time.Sleep(time.Second)
			}
		}
		if _, err := b.client().Call(t.Context(), "echo", nil); err == nil {
			t.Error("another one comes in at once")
		}
		time.Sleep(grace)
		for i := range 4 {
			if _, err := b.client().Call(t.Context(), "echo", nil); (err == nil) != (i < 2) {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}

// A large answer is written piece by piece, each of which has its time.
func TestSlowReadersOfLargeAnswersAreNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		large := new(settings.Section)
		for i := range 6 {
			large.Add(fmt.Sprint("k", i), strings.Repeat("v", 60000))
		}
		b := newBench(t, map[string]Command{"large": func(context.Context, *Call) *settings.Section { return large }})
		c := b.client()
		b.ask(c, "large")
		got, octet := 0, make([]byte, pieceSize)
		for got < 6*60000 {
			time.Sleep(patience - time.Second)
			n, err := c.conn.Read(octet)
			if got += n; err != nil {
				t.Fatalf("%v after %d octets", err, got)
			}
		}
	})
}
