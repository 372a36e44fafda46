package selftest

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"culvert/sim"
)

// handshakes bring up a tunnel between two engines in this process, on a network and a clock that are simulated, send packets
// both ways, give it new keys, and take it down.
func handshakes() []Test {
	var list []Test
	for _, s := range []struct{ ike, esp string }{
		{"aes256gcm16-prfsha384-x25519", "aes256gcm16-x25519"},
		{"aes128-sha256-prfsha256-modp2048", "aes128-sha256"},
		{"chacha20poly1305-prfsha512-ecp384", "chacha20poly1305-esn"},
		{"aes256gcm16-prfsha384-x25519-ke1_mlkem768", "aes256gcm16-x25519-ke1_mlkem768"},
	} {
		list = append(list, Test{"handshake", s.ike + " with " + s.esp, func() error { return handshake(s.ike, s.esp) }})
	}
	return list
}

// A pair is two gateways and the connection between them.
type pair struct {
	lab        *sim.Lab
	a, b       *sim.Node
	connection string
}

func handshake(ike, esp string) error {
	const seed = 7 // what happens is the same each time but for the keys of KEMs
	l := sim.New(seed)
	p := &pair{lab: l, a: l.NewNode("a", netip.MustParseAddr("192.0.2.1")), b: l.NewNode("b", netip.MustParseAddr("198.51.100.2"))}
	p.connection = l.Marry(p.a, p.b, sim.Terms{IKE: ike, ESP: esp})
	p.a.Start()
	p.b.Start()
	for _, step := range []struct {
		name string
		do   func() error
	}{{"up", p.up}, {"packets", p.packets}, {"rekeying the IKE SA", p.rekey(false)}, {"rekeying the child", p.rekey(true)}, {"packets after it", p.packets}, {"down", p.down}} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if problems := l.Problems(); len(problems) > 0 {
			return fmt.Errorf("%s: %s", step.name, strings.Join(problems, "; "))
		}
	}
	return nil
}

func (p *pair) until(done func() bool) error {
	if !p.lab.RunUntil(time.Minute, done) {
		return errors.New("nothing came of it within a minute of simulated time")
	}
	return nil
}

func (p *pair) up() error {
	if err := p.a.BringUp(p.connection, ""); err != nil {
		return err
	}
	return p.until(func() bool { return len(p.a.Children(p.connection)) == 1 && len(p.b.Children(p.connection)) == 1 })
}

// packets go both ways.
func (p *pair) packets() error {
	first := p.lab.Ledger.Next()
	x, y := p.lab.Host(p.a, 0, false), p.lab.Host(p.b, 0, false)
	for range 20 {
		p.lab.Ledger.Send(p.a, p.b, x, y)
		p.lab.Ledger.Send(p.b, p.a, y, x)
	}
	p.lab.Run(time.Second)
	if s := p.lab.Ledger.Sum(first); s.Sealed != 40 || s.Delivered != 40 {
		return fmt.Errorf("of 40 packets %d were sealed and %d arrived: %q", s.Sealed, s.Delivered, p.lab.Ledger.Refused(first))
	}
	return nil
}

func (p *pair) rekey(child bool) func() error {
	return func() error {
		ike, spi := p.a.SPIOf(p.connection), p.a.Children(p.connection)[0].InSPI
		if err := p.a.Rekey(p.connection, child); err != nil {
			return err
		}
		return p.until(func() bool {
			children := p.a.Children(p.connection)
			if child {
				return len(children) == 1 && children[0].InSPI != spi
			}
			now := p.a.SPIOf(p.connection)
			return now != 0 && now != ike
		})
	}
}

func (p *pair) down() error {
	if err := p.a.TakeDown(p.connection, ""); err != nil {
		return err
	}
	return p.until(func() bool { return p.a.Established(p.connection)+p.b.Established(p.connection) == 0 })
}
