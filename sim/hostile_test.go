package sim

import (
	"testing"
	"time"

	"culvert/ike"
)

// A hostile node copies, changes, reflects, forges and floods. The tunnel stays, is rekeyed, and loses nothing. (Whoever
// sees IKE_SA_INIT, which nothing protects, and is faster than the peer, can keep a tunnel from coming up. So it is up before.)
func TestSeedsUnderAttack(t *testing.T) {
	overSeeds(t, seedsOrLess(1000)/20, func(l *Lab) {
		t := drawTrial(l, true)
		if t.nat != nil {
			return // whoever stands between a NAT and its peer can move the peer
		}
		for _, n := range t.nodes {
			n.Up, n.Down = Weather{Delay: 10 * time.Millisecond}, Weather{Delay: 10 * time.Millisecond}
		}
		attacker := l.NewAttacker(t.a.addrs[0], t.b.addrs[0])
		attacker.Floods = true
		t.underAttack(attacker)
	})
}

func (t *trial) underAttack(attacker *Attacker) {
	t.a.Start()
	t.b.Start()
	t.bringUp(t.a)
	t.RunUntil(time.Minute, func() bool { return t.bothUp() && t.quiet() })
	t.Run(10 * time.Second) // double connections of both are sorted out
	end := t.Elapsed() + 30*time.Second
	before := [2]Tally{t.a.Tally(), t.b.Tally()}
	attacker.Attack(5*time.Millisecond, end)
	t.first = t.Ledger.Next()
	t.traffic(end)
	for range 6 {
		d := pick(t, rekeyChildren, rekeyIKE, check)
		t.After(t.upTo(25*time.Second), func() { d(t, pick(t, t.a, t.b)) })
	}
	t.Run(30 * time.Second)
	t.calm = true
	t.Run(5 * time.Second)
	for i, n := range t.nodes {
		if more := n.count(ike.NewsEstablished) - before[i].News[ike.NewsEstablished]; more > 0 || n.Tally().Lost > before[i].Lost {
			t.Problem("%s established %d IKE SAs and lost %d under attack", n.Name, more, n.Tally().Lost-before[i].Lost)
		}
	}
	if refused := t.Ledger.Refused(t.first); len(refused) > 0 {
		t.Problem("%d packets are lost although they arrived: %q", len(refused), refused[:min(len(refused), 3)])
	}
	t.calmDown()
	t.CheckRest()
	t.probes()
	t.goDown()
	if attacker.sent < 1000 {
		t.Problem("the attacker sent %d packets only", attacker.sent)
	}
}
